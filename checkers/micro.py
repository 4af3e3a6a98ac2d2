"""Micro-operations: what one transaction of a Jepsen history did, as (kind, key, value) triples.

The kinds are "r", "w" and "append". The value of an "r" is what was read: `None` for nothing, a
tuple where keys hold lists. In the argument of an operation, reads have the value `None`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeGuard

Micro = tuple[str, Hashable, Hashable]

KINDS = {
    "r": "r",
    ":r": "r",
    "read": "r",
    ":read": "r",
    "w": "w",
    ":w": "w",
    "write": "w",
    ":write": "w",
    "append": "append",
    ":append": "append",
}
"""Every spelling of a kind, by notation."""


def micro_operations(value: Hashable) -> tuple[Micro, ...] | None:
    """Return a value's micro-operations with their kinds in one spelling; None if it has others.

    >>> micro_operations(((":r", "x", None), (":w", "y", 2)))
    (('r', 'x', None), ('w', 'y', 2))
    >>> micro_operations((3, 4))
    """
    if not isinstance(value, tuple):
        return None
    micros: list[Micro] = []
    for item in value:
        if not (isinstance(item, tuple) and len(item) in (2, 3) and isinstance(item[0], str)):
            return None
        kind = KINDS.get(item[0])
        if kind is None or (len(item) == 2 and kind != "r"):
            return None
        micros.append((kind, item[1], item[2] if len(item) == 3 else None))
    return tuple(micros)


def are_micro_operations(value: Hashable) -> TypeGuard[tuple[Micro, ...]]:
    """Tell whether a value is micro-operations in our spelling.

    >>> are_micro_operations((("r", "x", 1),)), are_micro_operations(None)
    (True, False)
    """
    return value is not None and micro_operations(value) == value


def shape(value: Hashable) -> Hashable:
    """Return what a transaction's completion must have in common with its call.

    >>> shape((("r", "x", 5), ("w", "y", 2)))
    (('r', 'x', None), ('w', 'y', 2))
    """
    micros = micro_operations(value)
    if micros is None:
        return value
    return tuple((kind, key, None if kind == "r" else seen) for kind, key, seen in micros)
