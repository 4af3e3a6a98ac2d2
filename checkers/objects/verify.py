"""Small judges of certificates, and the plainest searches for a legal order.

Exhaustive search for a legal order: obviously right, and exponential.

The clever checkers are compared with it on small histories, and small cores are re-checked by it
before they are reported.

The plainest complete check of a history: all configurations, answer by answer.

After each answer it keeps every (state, pending operations that have taken effect) that some order
can have led to. No reductions, so it is easy to trust and exponential in how much is pending; it
re-checks what the fast search says of a few operations.

Small judges of certificates: they share no code with the searches whose results they check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence

from counterpoint.checkers.history import Operation, exact
from counterpoint.checkers.objects.sequential import ILLEGAL, Specification


def legal_order(
    operations: Sequence[Operation], specification: Specification
) -> tuple[str, ...] | None:
    """Return some order of the operations that real time and the specification allow, or None.

    Every operation that returned is in the order; an open one may be in it or not. Failed
    operations must have been removed. Exponential in the number of operations: for a dozen or two.
    """
    must = frozenset(i for i, op in enumerate(operations) if not op.is_open)
    before = [
        frozenset(j for j, other in enumerate(operations) if other.precedes(op))
        for op in operations
    ]
    dead: set[tuple[frozenset[int], Hashable]] = set()

    def extend(done: frozenset[int], state: Hashable) -> tuple[str, ...] | None:
        if must <= done:
            return ()
        if (done, exact(state)) in dead:
            return None
        for i, op in enumerate(operations):
            if i in done or not before[i] <= done:
                continue
            after = specification.step(state, op.f, op.argument, op.result)
            if after is ILLEGAL:
                continue
            rest = extend(done | {i}, after)
            if rest is not None:
                return (op.id, *rest)
        dead.add((done, exact(state)))
        return None

    return extend(frozenset(), specification.initial)


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


def witness_fault(
    history: Sequence[Operation], witness: Sequence[str], specification: Specification
) -> str:
    """Say why an order does not explain a history, or return "" when it does.

    The order must hold every operation that returned, none that failed, each once; nothing in it
    may have returned before something earlier in it was called; and the specification must allow
    each step. Linear in the history.
    """
    operations = {op.id: op for op in history}
    if len(operations) != len(history):
        return "two operations have one name"
    ordered = set(witness)
    if len(ordered) != len(witness):
        return "an operation is in the order twice"
    for op in history:
        if op.id not in ordered and op.is_answered:
            return f"{op.id} returned but is not in the order"
    state = specification.initial
    for name in witness:
        happened = operations.get(name)
        if happened is None or happened.status == "fail":
            return f"{name} did not happen"
        result = specification.step(state, happened.f, happened.argument, happened.result)
        if result is ILLEGAL:
            return f"{name} cannot have had its result in state {state!r}"
        state = result
    return real_time_fault(witness, operations)


def real_time_fault(order: Iterable[str], operations: Mapping[str, Operation]) -> str:
    """Say which operation of an order returned before something earlier in it was called, or ""."""
    latest_call = -math.inf
    for name in order:
        op = operations[name]
        if op.returned < latest_call and op.status == "ok":
            return f"{name} returned before something earlier in the order was called"
        if op.called > latest_call:
            latest_call = op.called
    return ""


def core_fault(
    core: Sequence[Operation],
    specification: Specification,
    *,
    without: Callable[[Sequence[Operation], Operation], Sequence[Operation]],
) -> str:
    """Say why a core proves nothing or is not small, or return "" when it is as promised.

    The operations of a core must have no legal order, and must get one whichever of them is taken
    out. `without(core, op)` takes `op` out together with what makes no sense without it (a write
    with the reads of its value).
    """
    if legal_order(core, specification) is not None:
        return "the operations can be ordered"
    for op in core:
        if legal_order(without(core, op), specification) is None:
            return f"{op.id} is not needed"
    return ""


def weak_core_fault(
    operations: Sequence[Operation],
    core: Collection[str],
    specification: Specification,
    *,
    deciding: str = "",
    configurations_max: int = CONFIGURATIONS_MAX,
) -> str:
    """Say why the operations named in `core` prove nothing or are too many, or return "".

    They must have no order even if all others are bystanders, and must get one if any of them is a
    bystander, too; but for the `deciding` one, without whose answer nothing was wrong yet.
    Exponential in what is pending at one time.

    Raises:
        TooMuch: if that is more than can be looked at.
    """
    others = {op.id for op in operations if op.id not in core}
    most = configurations_max
    if can_be_ordered(operations, specification, bystanders=others, configurations_max=most):
        return "the operations can be ordered"
    for name in sorted(set(core) - {deciding}):
        fewer = others | {name}
        if not can_be_ordered(operations, specification, bystanders=fewer, configurations_max=most):
            return f"{name} is not needed"
    return ""
