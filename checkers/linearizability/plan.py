"""A history prepared for the just-in-time search: one step per answer, with what was pending then.

Operations that were pending at the same time have different *slots*, each a bit of a mask; a slot
is used again once its operation has returned, so masks stay as narrow as the history is concurrent.
Operations that ask the same and were told the same form a *class*; the effect of a class on a state
is computed once. States are numbered in the order in which they are met.

Looking ahead: what the answers still to come say about the state of now.

A history is checked after the fact, so the next answers are known. Where the specification says
which states may lead to which answers, two reductions follow:

- *No way out*: if the state cannot lead to the next answer that is due, and nothing that overwrites
  it can take effect before, the configuration is dropped.
- *Lost*: if the state must be overwritten before that answer and nobody can observe it until then,
  what it is does not matter, and all such states become one.

What the answers to come say about the elements of a queue or a stack.

Where every element is put in once, the operation that took it out again is known beforehand, and
with it when the element can leave and when it must have left. A queue in which `x` stands before
`y` has no future if `y` must have left before `x` can; a stack in which `y` lies on `x` has none if
`x` must have left before `y` can. These are the forbidden patterns of Henzinger, Sezgin and
Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013, applied to states.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from counterpoint.checkers.history import Operation, exact
from counterpoint.checkers.objects.sequential import (
    ILLEGAL,
    Prospect,
    Role,
    Specification,
    hints_of,
)

NOWHERE = -1
"""The number of no state: the step is not allowed."""

LOST = 0
"""The number of every state that nobody will ever be able to observe."""

REMEMBERED_MAX = 500_000
"""How many effects of classes on states are remembered before all are forgotten."""

Pending = tuple[int, int, int]
"""A pending operation: its bit, its class, its index among the operations."""


@dataclass(slots=True)
class Table:
    """The classes of operations, and what each does to each state met so far."""

    specification: Specification
    calls: list[tuple[str, Hashable, Hashable]] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    overwriting: list[bool] = field(default_factory=list)
    is_read: list[bool] = field(default_factory=list)
    after: list[dict[int, int]] = field(default_factory=list)
    states: list[Hashable] = field(default_factory=lambda: [None])
    number_of: dict[Hashable, int] = field(default_factory=dict)
    class_of: dict[Hashable, int] = field(default_factory=dict)
    remembered: int = 0

    def informed(self, specification: Specification) -> Table:
        """The same classes for another specification of the same object, with no states met yet."""
        return Table(
            specification,
            self.calls,
            self.roles,
            self.overwriting,
            self.is_read,
            after=[{} for _ in self.calls],
            class_of=self.class_of,
        )

    def state(self, state: Hashable) -> int:
        """The number of a state."""
        form = exact(state)
        number = self.number_of.get(form)
        if number is None:
            number = self.number_of[form] = len(self.states)
            self.states.append(state)
        return number

    def add_class(self, call: tuple[str, Hashable, Hashable]) -> int:
        """The number of a new class."""
        number = self.class_of[exact(call)] = len(self.calls)
        self.calls.append(call)
        role = hints_of(self.specification).role(*call)
        self.roles.append(role)
        self.overwriting.append(role is Role.OVERWRITES)
        self.is_read.append(role is Role.READS)
        self.after.append({})
        return number

    def step(self, class_: int, state: int) -> int:
        """The state after an operation of the class, or `NOWHERE`; remembered in `after`."""
        if state == LOST:
            result = self._step_from_lost(class_)
        else:
            after = self.specification.step(self.states[state], *self.calls[class_])
            result = NOWHERE if after is ILLEGAL else self.state(after)
        self.after[class_][state] = result
        self.remembered += 1
        if self.remembered > REMEMBERED_MAX:
            self._forget()
        return result

    def _forget(self) -> None:
        """Forget all effects; where states hardly ever recur, remembering them only costs memory."""
        for effects in self.after:
            effects.clear()
        self.remembered = 0

    def _step_from_lost(self, class_: int) -> int:
        match self.roles[class_]:
            case Role.OVERWRITES:
                return self.state(
                    self.specification.step(self.specification.initial, *self.calls[class_])
                )
            case Role.UPDATES:
                return LOST
            case Role.READS | Role.CONDITIONAL:
                return NOWHERE


@dataclass(slots=True)
class Plan:
    """One list per fact, each with one entry per step; a step is the return of an operation.

    `effects` and `reads` are the pending operations that can change the state and that cannot, the
    returning one included, the former in the order of their returns. `open_classes` are the
    pending operations that never return, by class. `overwrites` is the mask of pending operations
    that overwrite and return some time. `class_of[i]` is the class of operation `i`,
    `first_step[i]` the first step at which it is pending; both end with the last operation called
    before the last answer.
    """

    operations: Sequence[Operation]
    table: Table
    bit: list[int] = field(default_factory=list)
    class_: list[int] = field(default_factory=list)
    index: list[int] = field(default_factory=list)
    effects: list[tuple[Pending, ...]] = field(default_factory=list)
    reads: list[tuple[Pending, ...]] = field(default_factory=list)
    open_classes: list[tuple[tuple[Pending, ...], ...]] = field(default_factory=list)
    overwrites: list[int] = field(default_factory=list)
    class_of: list[int] = field(default_factory=list)
    first_step: list[int] = field(default_factory=list)
    open_bits: int = 0

    @property
    def length(self) -> int:
        """How many steps there are."""
        return len(self.bit)


def plan_of(operations: Sequence[Operation], table: Table) -> Plan:
    """Prepare operations, given in call order.

    Operations that failed, or that cannot change anything and were not answered, must have been
    left out.
    """
    builder = _Builder(Plan(operations, table), table)
    returning = [i for i, op in enumerate(operations) if not op.is_open]
    returning.sort(key=lambda i: operations[i].returned)
    called = 0
    for i in returning:
        returned = operations[i].returned
        while called < len(operations) and operations[called].called <= returned:
            builder.call(called)
            called += 1
        builder.answer(i)
    return builder.plan


class _Builder:
    """Walks through calls and answers in time order and notes what is pending at each answer."""

    def __init__(self, plan: Plan, table: Table) -> None:
        """Start with nothing pending."""
        self.plan = plan
        self._table = table
        self._free: list[int] = []
        self._slots = 0
        self._pending: dict[int, Pending] = {}
        self._effects: dict[int, Pending] = {}
        self._reads: dict[int, Pending] = {}
        self._open: dict[int, list[Pending]] = {}
        self._overwrites = 0
        self._effects_now: tuple[Pending, ...] | None = ()
        self._reads_now: tuple[Pending, ...] | None = ()
        self._open_now: tuple[tuple[Pending, ...], ...] = ()

    def call(self, index: int) -> None:
        """Note that an operation is pending from now on."""
        op, table = self.plan.operations[index], self._table
        call = (op.f, op.argument, op.result)
        class_ = table.class_of.get(exact(call))
        if class_ is None:
            class_ = table.add_class(call)
        # An operation that never returns gets a slot that nobody had before: `open_bits` tells
        # such operations from all others, at every step.
        if self._free and not op.is_open:
            bit = self._free.pop()
        else:
            bit = 1 << self._slots
            self._slots += 1
        pending = self._pending[index] = (bit, class_, index)
        self.plan.class_of.append(class_)
        self.plan.first_step.append(len(self.plan.bit))
        if op.is_open:
            self._open.setdefault(class_, []).append(pending)
            self._open_now = tuple(map(tuple, self._open.values()))
            self.plan.open_bits |= bit
            return
        role = table.roles[class_]
        if role is Role.READS:
            self._reads[index] = pending
            self._reads_now = None
            return
        self._effects[index] = pending
        self._effects_now = None
        if role is Role.OVERWRITES:
            self._overwrites |= bit

    def _returned(self, index: int) -> float:
        return self.plan.operations[index].returned

    def answer(self, index: int) -> None:
        """Add a step: an operation returns."""
        plan = self.plan
        if self._effects_now is None:
            by_return = sorted(self._effects, key=self._returned)
            self._effects_now = tuple([self._effects[i] for i in by_return])
        if self._reads_now is None:
            self._reads_now = tuple(self._reads.values())
        bit, class_, _ = self._pending.pop(index)
        plan.bit.append(bit)
        plan.class_.append(class_)
        plan.index.append(index)
        plan.effects.append(self._effects_now)
        plan.reads.append(self._reads_now)
        plan.open_classes.append(self._open_now)
        plan.overwrites.append(self._overwrites)
        self._free.append(bit)
        if index in self._effects:
            del self._effects[index]
            self._effects_now = None
            self._overwrites &= ~bit
        else:
            del self._reads[index]
            self._reads_now = None


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


def informed(plan: Plan, is_due: Sequence[bool]) -> Plan:
    """The plan with a specification that foresees the answers, if it can."""
    foresee = hints_of(plan.table.specification).foresee
    if foresee is None:
        return plan
    answered = [plan.operations[index] for index in plan.index]
    names = {op.id for op in answered}
    prospect = Prospect(
        due=[op for op, due in zip(answered, is_due, strict=True) if due],
        optional=[op for op, due in zip(answered, is_due, strict=True) if not due],
        pending=[op for op in plan.operations if op.id not in names],
    )
    return replace(plan, table=plan.table.informed(foresee(prospect)))
