"""The plainest complete check of a history: all configurations, answer by answer.

After each answer it keeps every (state, pending operations that have taken effect) that some order
can have led to. No reductions, so it is easy to trust and exponential in how much is pending; it
re-checks what the fast search says of a few operations.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

from counterpoint.checkers.exact import exact
from counterpoint.checkers.history import Operation
from counterpoint.checkers.objects.sequential import ILLEGAL, Specification

CONFIGURATIONS_MAX = 5_000
"""How many configurations a re-check may make: some hundredths of a second."""

Reached = set[tuple[Hashable, Hashable, frozenset[str]]]
"""States, their exact forms, and the names of the pending operations that have taken effect."""


class TooMuch(Exception):
    """More configurations than allowed; nothing was found out."""


def can_be_ordered(
    operations: Sequence[Operation],
    specification: Specification,
    *,
    bystanders: Collection[str] = (),
    configurations_max: int = CONFIGURATIONS_MAX,
) -> bool:
    """Tell whether some order explains all answers but those of the operations named `bystanders`.

    A bystander may have taken effect within its time, or not. Failed operations must have been
    removed.

    Raises:
        TooMuch: when more than `configurations_max` configurations were made in all.
    """
    initial = specification.initial
    reached: Reached = {(initial, exact(initial), frozenset())}
    pending: dict[str, Operation] = {}
    made = 0
    for _, is_return, op in _events(operations):
        if not is_return:
            pending[op.id] = op
            continue
        closed = _closure(reached, pending, specification, configurations_max - made)
        made += len(closed)
        del pending[op.id]
        reached = {
            (state, form, done - {op.id})
            for state, form, done in closed
            if op.id in done or op.id in bystanders
        }
        if not reached:
            return False
    return True


def _events(operations: Sequence[Operation]) -> list[tuple[float, bool, Operation]]:
    """Calls and returns in time order, calls first at equal times."""
    events = [(op.called, False, op) for op in operations]
    events += [(op.returned, True, op) for op in operations if not op.is_open]
    return sorted(events, key=lambda event: event[:2])


def _closure(
    reached: Reached, pending: dict[str, Operation], specification: Specification, most: int
) -> Reached:
    """Everything that pending operations can make of what was reached."""
    closed = set(reached)
    todo = list(reached)
    while todo:
        state, _, done = todo.pop()
        for name, op in pending.items():
            if name in done:
                continue
            after = specification.step(state, op.f, op.argument, op.result)
            made = (after, exact(after), done | {name})
            if after is not ILLEGAL and made not in closed:
                closed.add(made)
                todo.append(made)
                if len(closed) > most:
                    raise TooMuch
    return closed
