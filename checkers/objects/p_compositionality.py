"""P-compositionality: parts of a history that can be judged alone, and the one order they add up to.

After Horn and Kroening, "Faster linearizability checking via P-compositionality", FORTE 2015.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from heapq import merge
from operator import itemgetter

from counterpoint.checkers.history import (
    OPEN,
    PLAIN,
    UNKNOWN,
    History,
    MalformedHistory,
    Operation,
    exact,
    exact_history,
    left_open,
)
from counterpoint.checkers.objects.sequential import Role, Specification, hints_of, is_determined

DOUBTFUL = "a call without an answer may have taken what others did not find"
"""Why what is broken only by answers that rest on such a call is not decided."""


def exactly(history: History, specification: Specification) -> tuple[History, Specification]:
    """Return a history and its object with exact values, where the object does but keep them.

    Of an object that calculates, the specification compares answers itself, by `agrees`; the keys
    are exact even so.
    """
    if keeps_any_values(specification):
        return exact_history(history), exact_specification(specification)
    if all(type(op.key) in PLAIN for op in history):
        return history, specification
    return tuple(replace(op, key=exact(op.key)) for op in history), specification


def keeps_any_values(specification: Specification) -> bool:
    """Tell whether an object only keeps values and compares them, so that it can take exact ones."""
    return bool(getattr(specification, "keeps_any_values", False))


def exact_specification(specification: Specification) -> Specification:
    """Return an object with exact values, where it does but keep them."""
    if not keeps_any_values(specification):
        return specification
    assert is_dataclass(specification), f"{specification} keeps values, and has no fields"
    assert not isinstance(specification, type), f"{specification} is no object"
    values = {one.name: exact(getattr(specification, one.name)) for one in fields(specification)}
    return replace(specification, **values)


def judged(operations: Iterable[Operation], specification: Specification) -> History:
    """The operations that a judgement depends on, those of unknown outcome open.

    A failed operation surely had no effect. One of status "info" may take effect at any time after
    its call. One that changes nothing says nothing if its answer is unknown.
    """
    role = hints_of(specification).role
    kept = []
    for op in operations:
        if op.status == "fail":
            continue
        op = left_open(op)
        if op.result is UNKNOWN and role(op.f, op.argument, UNKNOWN) is Role.READS:
            continue
        kept.append(op)
    return tuple(kept)


def answered_of(operations: Iterable[Operation]) -> list[Operation]:
    """The operations that were answered, in the order of the answers."""
    answered = [op for op in operations if op.is_answered]
    return sorted(answered, key=lambda op: op.returned)


def known_by(
    operations: Iterable[Operation], answered: Sequence[Operation], specification: Specification
) -> History:
    """What was known when the last of these had been answered: of all others not even the answers.

    Of an object that may answer in several ways nobody can follow a call without its answer: there
    the others keep theirs, should they have taken effect.
    The operations are in call order; that a failed one had no effect is always known.
    """
    role = hints_of(specification).role
    names = {op.id for op in answered}
    known = []
    for op in operations:
        if op.called > answered[-1].returned:
            break
        if op.id in names or op.status == "fail":
            known.append(op)
            continue
        result = UNKNOWN if is_determined(specification) else op.result
        if role(op.f, op.argument, result) is not Role.READS:
            known.append(replace(op, returned=OPEN, result=result))
    return tuple(known)


def with_names(history: Sequence[Operation]) -> None:
    """Check that reports can name the operations.

    Raises:
        MalformedHistory: if two have one name.
    """
    names: set[str] = set()
    for op in history:
        if op.id in names:
            raise MalformedHistory(f"two operations are named {op.id}")
        names.add(op.id)


def whole(history: Sequence[Operation]) -> dict[object, History]:
    """One part: for an object that has no parts, whatever the keys of its operations."""
    return {None: tuple(history)}


def one_order(
    orders: Iterable[Sequence[str]], operations: Mapping[str, Operation]
) -> tuple[str, ...]:
    """Merge the orders of independent objects into one that real time allows.

    Each operation takes effect at the latest call before it in its own order, which lies between
    its call and its return; the merge goes by these instants.
    """
    several = list(orders)
    if len(several) == 1:
        return tuple(several[0])
    timed = [_instants(order, operations) for order in several]
    return tuple(name for _, name in merge(*timed, key=itemgetter(0)))


def _instants(order: Sequence[str], operations: Mapping[str, Operation]) -> list[tuple[float, str]]:
    latest = -math.inf
    instants = []
    for name in order:
        latest = max(latest, operations[name].called)
        instants.append((latest, name))
    return instants


def unanswered(order: Sequence[Operation]) -> str:
    """Say which operations of an order were never answered, and by which rule they are in it.

    >>> unanswered([Operation("o1", "c1", "write", "x", 5, UNKNOWN, 0)])
    'o1 was never answered; here it took effect after its call, as it may'
    """
    names = [op.id for op in order if op.is_open]
    match names:
        case []:
            return ""
        case [name]:
            return f"{name} was never answered; here it took effect after its call, as it may"
        case _:
            return (
                f"{len(names)} operations were never answered; here they took effect after their "
                "calls, as they may"
            )
