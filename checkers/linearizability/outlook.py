"""Looking ahead: what the answers still to come say about the state of now.

A history is checked after the fact, so the next answers are known. Where the specification says
which states may lead to which answers, two reductions follow:

- *No way out*: if the state cannot lead to the next answer that is due, and nothing that overwrites
  it can take effect before, the configuration is dropped.
- *Lost*: if the state must be overwritten before that answer and nobody can observe it until then,
  what it is does not matter, and all such states become one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence

from counterpoint.checkers.linearizability.plan import LOST, NOWHERE, Plan
from counterpoint.checkers.objects.sequential import Role, hints_of

WINDOW_MAX = 256
"""How many steps ahead the search looks; beyond that it goes on without."""


MayLeadTo = Callable[[Hashable, str, Hashable, Hashable], bool]


def outlook_of(plan: Plan, is_due: Sequence[bool]) -> Outlook | None:
    """The outlook on a plan, if its specification can look ahead."""
    may_lead_to = hints_of(plan.table.specification).may_lead_to
    return None if may_lead_to is None else Outlook(plan, is_due, may_lead_to)


class Outlook:
    """Tells of a configuration whether it has a future, and whether its state matters."""

    def __init__(self, plan: Plan, is_due: Sequence[bool], may_lead_to: MayLeadTo) -> None:
        """Note where the answers are that are due and tell something of the state."""
        self._plan = plan
        self._table = plan.table
        self._may_lead_to = may_lead_to
        self._leads: dict[tuple[int, int], bool] = {}
        self._next_observer = self._observers(is_due)

    def _observers(self, is_due: Sequence[bool]) -> list[int]:
        """For each step, the first one from it on whose answer is due and depends on the state."""
        roles, class_ = self._table.roles, self._plan.class_
        length = self._plan.length
        following = [length] * (length + 1)
        for step in range(length - 1, -1, -1):
            observes = roles[class_[step]] in (Role.READS, Role.CONDITIONAL)
            following[step] = step if observes and is_due[step] else following[step + 1]
        return following

    def state(self, step: int, state: int, mask: int) -> int:
        """The state, or `LOST` if it does not matter, or `NOWHERE` if no order can go on."""
        plan = self._plan
        target = self._next_observer[step]
        while (
            target < plan.length
            and plan.first_step[plan.index[target]] <= step
            and mask & plan.bit[target]
        ):
            target = self._next_observer[target + 1]
        if target == plan.length:
            return LOST
        if self._leads_to(state, plan.class_[target]) or target - step > WINDOW_MAX:
            return state
        matters = has_way_out = False
        for class_ in self._able_before(target, step, mask):
            match self._table.roles[class_]:
                case Role.OVERWRITES:
                    has_way_out = has_way_out or self._supplies(class_, plan.class_[target])
                case Role.READS | Role.CONDITIONAL:
                    matters = matters or self._leads_to(state, class_)
                case Role.UPDATES:
                    pass
            if matters and has_way_out:
                return state
        return LOST if has_way_out else NOWHERE

    def _able_before(self, target: int, step: int, mask: int) -> Iterator[int]:
        """The classes of the operations that can still take effect before the target returns."""
        plan = self._plan
        for pending in (plan.effects[step], plan.reads[step], *plan.open_classes[step]):
            for bit, class_, _ in pending:
                if not mask & bit:
                    yield class_
        first = bisect_right(plan.first_step, step)
        yield from plan.class_of[first : bisect_right(plan.first_step, target)]

    def _supplies(self, class_: int, observer: int) -> bool:
        after = self._table.after[class_].get(LOST)
        if after is None:
            after = self._table.step(class_, LOST)
        return self._leads_to(after, observer)

    def _leads_to(self, state: int, observer: int) -> bool:
        if state == LOST:
            return False
        leads = self._leads.get((state, observer))
        if leads is None:
            table = self._table
            leads = self._may_lead_to(table.states[state], *table.calls[observer])
            self._leads[state, observer] = leads
        return leads
