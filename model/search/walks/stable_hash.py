"""Hashes of values that are the same in every process, fast enough for each state of a search.

Python's own hash of a text is another in each process. Here only texts go through a digest, each once;
what is made of other values is Python's hash of the tuple of their hashes, which are numbers. Most of
a state is what was in the one before, the very same object, and is looked up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from hashlib import blake2b

HASH_BITS = 64
_MASK = (1 << HASH_BITS) - 1
_DIRECT = frozenset({int, bool})
_NONE, _OF_CLASS, _SET, _MAP, _ENUM, _OTHER = (0x9E3779B9 + kind for kind in range(6))
"""What comes first in the hash of what is no tuple, so that it is that of no tuple."""


class StableHasher:
    """Hashes values that somebody else keeps alive: they are known again by their identity."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._known: dict[int, int] = {}
        self._fields: dict[type, tuple[int, tuple[str, ...]] | None] = {}

    def of(self, value: object) -> int:
        """Return the hash of a value, from 0 up to 2**64.

        >>> StableHasher().of(("a", frozenset({1, 2}))) == StableHasher().of(("a", frozenset({2, 1})))
        True
        """
        return spread(self._hash(value))

    def _hash(self, value: object) -> int:
        kind = type(value)
        if kind is str:
            return self._text(value)  # type: ignore[arg-type]
        if kind in _DIRECT:
            return hash((kind is bool, value, value == -1))  # whose hash is that of -2
        identity = id(value)
        found = self._known.get(identity)
        if found is None:
            found = self._known[identity] = self._composed(value, kind)
        return found

    def _composed(self, value: object, kind: type) -> int:
        if kind is tuple:
            return hash(tuple(map(self._hash, value)))  # type: ignore[call-overload]
        if (known := self._fields_of(kind)) is not None:
            name, fields = known
            return hash((_OF_CLASS, name, *[self._hash(getattr(value, f)) for f in fields]))
        match value:
            case None:
                return hash((_NONE,))
            case Enum():
                return hash((_ENUM, self._text(f"{kind.__name__}.{value.name}")))
            case tuple():  # with names
                return hash((_OF_CLASS, self._text(kind.__name__), *map(self._hash, value)))
            case frozenset():
                return hash((_SET, *sorted(map(self._hash, value))))
            case Mapping():
                pairs = sorted((self._hash(k), self._hash(v)) for k, v in value.items())
                return hash((_MAP, *pairs))
        return hash(
            (_OTHER, self._text(repr(value)))
        )  # bytes, and numbers and texts of other classes

    def _fields_of(self, kind: type) -> tuple[int, tuple[str, ...]] | None:
        """Return the hash of a class's name and the fields of its values; None if it has none."""
        if kind not in self._fields:
            is_ours = dataclasses.is_dataclass(kind)
            names = tuple(f.name for f in dataclasses.fields(kind)) if is_ours else ()
            self._fields[kind] = (self._text(kind.__name__), names) if is_ours else None
        return self._fields[kind]

    def _text(self, text: str) -> int:
        found = self._texts.get(text)
        if found is None:
            digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            found = self._texts[text] = int.from_bytes(digest, "big")
        return found


def spread(number: int) -> int:
    """Return a number from 0 up to 2**64 that depends on every bit of another: a step of SplitMix64.

    >>> spread(1) != spread(2), 0 <= spread(-1) < 2**64
    (True, True)
    """
    mixed = (number + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)
