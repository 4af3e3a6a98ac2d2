"""Just-in-time linearization: an operation takes effect only when an answer forces it.

The search walks through the answers of a history. A *configuration* is a step (the answer that is
due next), a state, and the pending operations that have already taken effect. When the returning
operation has not, the search tries the pending operations one after the other until it has.

Sources: Wing and Gong, "Testing and verifying concurrent objects", J. Parallel and Distributed
Computing 17, 1993; Lowe, "Testing for linearizability", Concurrency and Computation 29(4), 2017.
Four reductions keep the configurations few; each keeps some legal order if there is one.

- *Reads early*: a pending operation that can change nothing takes effect as soon as it is legal.
- *Equal ones in turn*: of pending operations that ask the same and are told the same, the one
  that returns first, of those that never return, the first. An order that takes another one can
  exchange the two. (Not one that need not take effect for one that must.)
- *Overwritten for free*: an operation that overwrites may count as having taken effect just before
  another that does. So when one takes effect, all pending ones become *spare*: when such a one
  returns it is done with. And two do not take effect in a row, for the first would be spare.
- *Dominance*: a configuration is dropped if one was seen at its step and state that had used no
  more of the operations that never return and had no fewer spare ones.

Specifications that can tell more have more reductions, in `outlook` and `foresight` beside this file."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.checkers.linearizability.plan import NOWHERE, Pending, Plan, informed, outlook_of
from counterpoint.model.mistakes import OwnDefect

Trail = tuple["Trail | None", int, bool]
"""What took effect so far, latest first: (earlier, index of the operation, for free?)."""

SearchState = tuple[int, int, int, int, int, "Trail | None"]
"""Step, state, mask of effects, mask of spare ones, mode, trail."""

KEPT_MAX = 1_000_000
"""How many configurations a search keeps, and how many states; some hundreds of megabytes."""

OVERWROTE = 1
"""Mode: the latest effect overwrote, and nobody has read since."""

BOUND = 2
"""Mode: something took effect for the sake of the returning operation, which must now follow."""


class JustInTime:
    """A search that can be interrupted and continued.

    Where `is_due` is given, an operation whose step is not due may have taken effect before its
    return or not at all. `is_legal` is None while nothing is decided; `deepest` is the furthest
    step that some order has reached.
    """

    def __init__(self, plan: Plan, *, is_due: Sequence[bool] | None = None) -> None:
        """Start at the first answer, in the initial state."""
        self.plan = plan
        self.is_legal: bool | None = None
        self.steps_taken = 0
        self._kept = 0
        self._is_due = is_due if is_due is not None else [True] * plan.length
        self._optional = {
            plan.index[step] for step, is_due in enumerate(self._is_due) if not is_due
        }
        self._plan = informed(plan, self._is_due)
        self._outlook = outlook_of(plan, self._is_due)
        table = self._plan.table
        initial = table.state(table.specification.initial)
        self._stack: list[SearchState] = [(0, initial, 0, 0, 0, None)]
        self._seen: list[dict[tuple[int, int, int], list[tuple[int, int]]]] = [
            {} for _ in range(plan.length)
        ]
        self._deepest: tuple[int, Trail | None] = (-1, None)

    @property
    def deepest(self) -> int:
        """The furthest step that was reached."""
        return self._deepest[0]

    @property
    def is_full(self) -> bool:
        """Tell whether as much is kept as may be kept: then the search goes on no more."""
        return self._kept > KEPT_MAX or len(self._plan.table.states) > KEPT_MAX

    def order(self) -> tuple[str, ...]:
        """The order that explains everything before the deepest step, by names of operations."""
        return _order_of(self._deepest[1], self._plan)

    def run(self, steps_max: int) -> bool | None:
        """Search on for about so many steps; True or False when it is decided."""
        stop = self.steps_taken + steps_max
        while self.is_legal is None and self.steps_taken < stop and not self.is_full:
            if self._stack:
                self.steps_taken += self._advance(self._stack.pop())
            else:
                self.is_legal = False
        return self.is_legal

    def _advance(self, configuration: SearchState) -> int:
        """Follow a configuration until an operation must be chosen; returns the steps taken."""
        step, state, mask, spare, mode, trail = configuration
        plan, started = self._plan, configuration[0]
        after, bits, end = plan.table.after, plan.bit, plan.length
        while step < end:
            for bit, class_, index in plan.reads[step]:
                if not mask & bit:
                    result = after[class_].get(state)
                    if result is None:
                        result = plan.table.step(class_, state)
                    if result != NOWHERE:
                        mask |= bit
                        trail = (trail, index, False)
                        mode &= ~OVERWROTE
            bit = bits[step]
            if mask & bit:
                mask ^= bit
            elif self._is_due[step] or not plan.table.is_read[plan.class_[step]]:
                break
            mode = 0
            step += 1
        if step > self._deepest[0]:
            self._deepest = (step, trail)
        if step == end:
            self.is_legal = True
        else:
            if self._outlook is not None:
                state = self._outlook.state(step, state, mask)
            if state != NOWHERE and self._is_new(step, state, mask, spare, mode):
                self._expand(step, state, mask, spare, mode, trail)
        return step - started + 1

    def _is_new(self, step: int, state: int, mask: int, spare: int, mode: int) -> bool:
        """Tell whether no configuration as good was seen at this step; if so, note this one."""
        used = mask & self._plan.open_bits
        key = (state, mask ^ used, mode)
        seen = self._seen[step].get(key)
        if seen is None:
            self._seen[step][key] = [(used, spare)]
            self._kept += 1
            return True
        for other_used, other_spare in seen:
            if not (other_used & ~used or spare & ~other_spare):
                return False
        seen[:] = [
            (other_used, other_spare)
            for other_used, other_spare in seen
            if used & ~other_used or other_spare & ~spare
        ]
        seen.append((used, spare))
        return True

    def _expand(
        self, step: int, state: int, mask: int, spare: int, mode: int, trail: Trail | None
    ) -> None:
        """Push every configuration in which one more operation has taken effect.

        The returning one first of all, but where it need not take effect any more, it is let go
        before that: what is pushed last is tried first.
        """
        plan, push = self._plan, self._stack.append
        after, overwriting = plan.table.after, plan.table.overwriting
        returning, overwritten = plan.bit[step], plan.overwrites[step]
        is_spare = spare & returning
        bound = BOUND if is_spare or not self._is_due[step] else 0
        finish: SearchState | None = None
        tried = set()
        for bit, class_, index in plan.effects[step]:
            if mask & bit or class_ in tried:
                continue
            if index not in self._optional:
                tried.add(class_)
            overwrites = overwriting[class_]
            if overwrites and mode & OVERWROTE:
                continue
            result = after[class_].get(state)
            if result is None:
                result = plan.table.step(class_, state)
            if result == NOWHERE:
                continue
            used = mask | bit
            left = (overwritten if overwrites else spare) & ~used
            if bit == returning:
                finish = (step + 1, result, mask, left, 0, (trail, index, False))
            else:
                push((step, result, used, left, bound | overwrites, (trail, index, False)))
        for group in plan.open_classes[step]:
            self._expand_open(group, (step, state, mask, spare, mode, trail), bound)
        if finish is not None:
            push(finish)
        if bound and not mode & BOUND:
            if is_spare:
                trail = (trail, plan.index[step], True)
            push((step + 1, state, mask, spare & ~returning, 0, trail))

    def _expand_open(
        self, group: tuple[Pending, ...], configuration: SearchState, bound: int
    ) -> None:
        """Push the configuration in which the first unused operation of a class took effect.

        One that leaves the state as it is can help only by making more operations spare.
        """
        step, state, mask, spare, mode, trail = configuration
        unused = next((pending for pending in group if not mask & pending[0]), None)
        if unused is None:
            return
        bit, class_, index = unused
        table = self._plan.table
        overwrites = table.overwriting[class_]
        left = self._plan.overwrites[step] & ~mask if overwrites else spare
        result = table.after[class_].get(state)
        if result is None:
            result = table.step(class_, state)
        helps = result != state or left & ~spare
        if result != NOWHERE and helps and not (overwrites and mode & OVERWROTE):
            self._stack.append(
                (step, result, mask | bit, left, bound | overwrites, (trail, index, False))
            )


def _order_of(trail: Trail | None, plan: Plan) -> tuple[str, ...]:
    """Unwind a trail; what was overwritten for free goes before the operation that overwrote it."""
    overwriting, class_of = plan.table.overwriting, plan.class_of
    order: list[str] = []
    free: list[str] = []
    while trail is not None:
        trail, index, was_free = trail
        op = plan.operations[index]
        if was_free:
            free.append(op.id)
            continue
        order.append(op.id)
        if overwriting[class_of[index]]:
            order += free
            free.clear()
    if free:
        raise OwnDefect(f"nothing overwrote {free}")
    return tuple(reversed(order))
