"""Histories as the specifications take them: functions renamed, owners named, drains taken apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

from counterpoint.checkers.events import OBSERVING, meaning
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.harness.checking.forms import CannotCheck
from counterpoint.model.inert import quoted

Prepare = Callable[[History], History]


def as_it_is(history: History) -> History:
    """Return the history: most models take it as it was recorded."""
    return history


def renamed(history: History, names: Mapping[str, str]) -> History:
    """Call functions by other names: what a user calls "set" may be a "write".

    Raises:
        CannotCheck: a function that the history does not have.
    """
    missing = sorted(names.keys() - {op.f for op in history})
    if missing:
        known = ", ".join(sorted({op.f for op in history}))
        raise CannotCheck(
            f"there is no function {quoted(missing[0])} to rename; there are: {known}"
        )
    return tuple(_renamed(op, names[op.f]) if op.f in names else op for op in history)


def _renamed(op: Operation, f: str) -> Operation:
    """Give a call another function, and its values what they mean under that."""
    argument, result = op.argument, op.result
    if op.status == "ok" and result is not UNKNOWN:
        argument, result = meaning(f, argument, result) or (argument, result)
    return replace(op, f=f, argument=None if f in OBSERVING else argument, result=result)


def with_owners(history: History) -> History:
    """Let the argument of each call on a lock be its owner: its client."""
    return tuple(replace(op, argument=op.client) for op in history)


def with_additions(history: History) -> History:
    """Take what is broadcast for what is added to a set."""
    return tuple(replace(op, f="add") if op.f == "broadcast" else op for op in history)


def with_elements(history: History) -> History:
    """Take drains apart, and each element of an unordered queue for an object of its own if it is.

    A drain is so many dequeues within its time, in any order. Elements depend on each other only
    where a dequeue found none of them, or nobody knows which one it took.
    """
    expanded = tuple(one for op in history for one in drained(op))
    if any(op.f == "dequeue" and op.status == "ok" and op.result is None for op in expanded):
        return expanded
    # A dequeue of which nobody knows what it took forbids nothing here: it is left out.
    known = [op for op in expanded if not (op.f == "dequeue" and op.result is UNKNOWN)]
    if all(op.key is None for op in known):
        return tuple(replace(op, key=_element(op)) for op in known)
    return tuple(replace(op, key=(op.key, _element(op))) for op in known)


def _element(op: Operation) -> Hashable:
    return op.argument if op.f == "enqueue" else op.result


def drained(op: Operation) -> tuple[Operation, ...]:
    """Return the dequeues that a drain is; any other operation as it is.

    Raises:
        CannotCheck: what was drained is no collection.
    """
    if op.f != "drain":
        return (op,)
    if op.status != "ok" or op.result is UNKNOWN or op.result is None:
        return ()
    if not isinstance(op.result, tuple | frozenset):
        raise CannotCheck(f"the drain {op.id} has {quoted(op.result)}; it must be a collection")
    return tuple(
        replace(
            op,
            id=f"{op.id}.{number}",
            client=f"{op.client}, {op.id}.{number}",
            f="dequeue",
            argument=None,
            result=element,
        )
        for number, element in enumerate(op.result, 1)
    )


def one_by_one(history: History) -> History:
    """Take transactions of registers apart into reads and writes, in their clients' order."""
    return tuple(one for op in history for one in _steps(op))


def _steps(op: Operation) -> tuple[Operation, ...]:
    done = op.argument if op.result is UNKNOWN else op.result
    if op.f != "txn" or not are_micro_operations(done):
        return (op,)
    ends = op.called + 1 if op.is_open else op.returned
    width = (ends - op.called) / (2 * len(done) + 1)
    return tuple(
        replace(
            op,
            id=f"{op.id}.{number + 1}",
            f="read" if kind == "r" else "write",
            key=key,
            argument=None if kind == "r" else value,
            result=_shown(op, kind, value),
            called=op.called + 2 * number * width,
            returned=OPEN if op.is_open else op.called + (2 * number + 1) * width,
        )
        for number, (kind, key, value) in enumerate(done)
    )


def _shown(op: Operation, kind: str, value: Hashable) -> Hashable:
    if op.result is UNKNOWN:
        return UNKNOWN
    return value if kind == "r" else None
