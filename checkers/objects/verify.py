"""Small judges of certificates: they share no code with the searches whose results they check."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from counterpoint.checkers.history import Operation
from counterpoint.checkers.objects.exhaustive import legal_order
from counterpoint.checkers.objects.frontier import CONFIGURATIONS_MAX, can_be_ordered
from counterpoint.checkers.objects.sequential import ILLEGAL, Specification


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
        if op.id not in ordered and is_answered(op):
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


def is_answered(op: Operation) -> bool:
    """Tell whether the client got a definite answer, so that the operation surely happened."""
    return op.status == "ok" and not op.is_open
