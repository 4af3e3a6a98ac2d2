"""What an operation of any known model says of values: which it put where, and which it saw there."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from counterpoint.checkers.history import UNKNOWN, Operation, exact
from counterpoint.checkers.transactions.history import are_micro_operations

Place = tuple[Hashable, Hashable]
"""A key with a value, both in exact form."""

PUTTING = frozenset({"write", "put", "add", "append", "enqueue", "push", "broadcast"})
SEEING = frozenset({"read", "get", "dequeue", "pop"})


def values_written(op: Operation) -> Iterator[Place]:
    """Walk what an operation asks to put somewhere.

    >>> list(values_written(Operation("o1", "a", "cas", "x", (1, 2), True, 0, 1)))
    [('x', 2)]
    """
    match op.f, op.argument:
        case "txn", tuple() as micros if are_micro_operations(micros):
            yield from ((exact(key), exact(value)) for kind, key, value in micros if kind != "r")
        case "cas", (_, new):
            yield exact(op.key), exact(new)
        case f, value if f in PUTTING:
            yield exact(op.key), exact(value)


def values_read(op: Operation) -> Iterator[Place]:
    """Walk what an answer shows; of a list or a set also each element."""
    if op.status != "ok" or op.result is UNKNOWN or op.result is None:
        return
    if op.f == "txn" and are_micro_operations(op.result):
        for kind, key, value in op.result:
            if kind == "r":
                yield from ((exact(key), one) for one in _with_elements(value))
    elif op.f in SEEING:
        yield from ((exact(op.key), one) for one in _with_elements(op.result))


def _with_elements(value: Hashable) -> Iterator[Hashable]:
    yield exact(value)
    if isinstance(value, tuple):
        yield from map(exact, value)
