"""Make what a notation parsed hashable, so that it can be a value in a history."""

from __future__ import annotations

from collections.abc import Hashable

ATOMS: frozenset[type] = frozenset({str, int, float, bool, type(None)})
"""Nearly all values of a history, known by one look-up."""


def frozen(value: object) -> Hashable:
    """Return an immutable twin: lists become tuples, maps tuples of pairs sorted by how they show.

    The parsers bound nesting, so this recursion is bounded.

    >>> frozen({"b": [1, 2], "a": {"c": None}})
    (('a', (('c', None),)), ('b', (1, 2)))
    """
    if type(value) in ATOMS:
        return value
    if isinstance(value, dict):
        pairs = [(frozen(key), frozen(inner)) for key, inner in value.items()]
        return tuple(sorted(pairs, key=lambda pair: repr(pair[0])))
    if isinstance(value, list | tuple):
        return tuple(map(frozen, value))
    if isinstance(value, set | frozenset):
        return frozenset(map(frozen, value))
    assert isinstance(value, Hashable), f"no parser makes a {type(value).__name__}"
    return value
