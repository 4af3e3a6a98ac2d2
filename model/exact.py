"""Equality that tells 1 from True, and two named tuples of different classes from each other.

Python calls values equal whose classes differ: 1 and True, a member of an IntEnum and its number, two
named tuples of equal fields. A handler may tell them apart, so that two states or messages are the
same here only if they are equal and made of the same classes all through. Classes may also say that
objects are equal which are not: by an equality of their own, or by fields that are not compared. A
handler can read these, so all fields of such objects count here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar, cast

from counterpoint.model.declared import compares_all, field_names
from counterpoint.model.values import ATOMS

T = TypeVar("T", bound=Hashable)


def is_same(one: object, other: object) -> bool:
    """Tell whether two values are equal, and made of the same classes.

    >>> is_same((1, "a"), (1, "a")), is_same((1,), (True,)), is_same(frozenset({1}), frozenset({True}))
    (True, False, False)
    """
    return one is other or (one == other and alike(one, other))


def has_same_fields(one: object, other: object) -> bool:
    """Tell whether two objects of one dataclass have the same in each field."""
    return one is other or _have_same_parts(one, other)


def alike(one: Any, other: Any) -> bool:
    """Tell of two equal values whether they are made of the same classes."""
    if one is other:
        return True
    kind: type = type(one)
    return kind is type(other) and (kind in ATOMS or _comparison_of(kind)(one, other))


_Comparison: TypeAlias = Callable[[Any, Any], bool]

_COMPARISONS: dict[type, _Comparison] = {}


def _comparison_of(kind: type) -> _Comparison:
    """Return what compares the classes of the parts of two equal objects of a class."""
    found = _COMPARISONS.get(kind)
    if found is None:
        found = _COMPARISONS[kind] = _made_comparison(kind)
    return found


def _made_comparison(kind: Any) -> _Comparison:
    if issubclass(kind, Enum):
        return _are_one
    if not compares_all(kind):
        return _have_same_parts
    if issubclass(kind, frozenset):
        return _are_alike_as_sets
    if issubclass(kind, tuple):
        return _are_alike_in_order
    parts, names = _parts_of(kind), field_names(kind)
    if not names:
        return lambda one, other: _are_alike_in_order(parts(one), parts(other))
    # All fields are looked at in one function: it is asked of most that a handler makes.
    lines = [
        line
        for name in names
        for line in (
            f"    a, b = one.{name}, other.{name}",
            "    if a is not b:",
            "        kind = type(a)",
            "        if kind is not type(b): return False",
            "        if kind not in ATOMS:",
            "            if not (known.get(kind) or comparison_of(kind))(a, b): return False",
        )
    ]
    made: dict[str, Any] = {
        "ATOMS": ATOMS,
        "known": _COMPARISONS,
        "comparison_of": _comparison_of,
    }
    exec("\n".join(("def compare(one, other):", *lines, "    return True")), made)
    return cast("_Comparison", made["compare"])


def _are_one(one: object, other: object) -> bool:
    """Members of an enum are made once."""
    return one is other


def _have_same_parts(one: Any, other: Any) -> bool:
    parts = _parts_of(type(one))
    return all(map(is_same, parts(one), parts(other)))


def _are_alike_in_order(one: Iterable[Any], other: Iterable[Any]) -> bool:
    for a, b in zip(one, other, strict=False):  # one loop without calls, for most parts are atoms
        if a is not b:
            kind = type(a)
            if kind is not type(b):
                return False
            if kind in ATOMS:
                continue
            compare = _COMPARISONS.get(kind) or _comparison_of(kind)
            if not compare(a, b):
                return False
    return True


def _are_alike_as_sets(one: Any, other: Any) -> bool:
    of_other = {part: part for part in other}
    return all(alike(part, of_other.get(part, part)) for part in one)


_PARTS: dict[type, Callable[[Any], Iterable[Any]]] = {}


def _parts_of(kind: type) -> Callable[[Any], Iterable[Any]]:
    """Return what gives those parts of an object that its equality compares, in a fixed order."""
    found = _PARTS.get(kind)
    if found is None:
        found = _PARTS[kind] = _what_gives_parts(kind)
    return found


def _what_gives_parts(kind: Any) -> Callable[[Any], Iterable[Any]]:
    if issubclass(kind, tuple):
        return tuple
    if issubclass(kind, Mapping):
        return _parts_of_mapping
    names = field_names(kind)
    if not names:
        return _no_parts
    parts = attrgetter(*names)
    return parts if len(names) > 1 else lambda value: (parts(value),)


def _no_parts(_: object) -> Iterable[Any]:
    return ()


def _parts_of_mapping(mapping: Mapping[Any, Any]) -> Iterable[Any]:
    """Return keys and values in their order, which equality leaves out, and a handler can read."""
    return tuple(mapping.items())


def made_of(value: Any) -> Hashable:
    """Return what of a value its equality leaves out: the classes that it is made of, and more where
    a class does not compare all of its objects.

    Of equal values it is equal just where they are the same.
    """
    kind: Any = type(value)
    parts: Hashable = ()
    if isinstance(value, frozenset):
        parts = frozenset((part, made_of(part)) for part in value)
    elif kind not in ATOMS:
        found = tuple(_parts_of(kind)(value))
        made = tuple(map(made_of, found))
        parts = made if compares_all(kind) else (found, made)
    return kind, parts


def distinct(values: Iterable[T]) -> list[T]:
    """Return each value once, in the order in which they come.

    >>> distinct([1, True, 1, False])
    [1, True, False]
    """
    numbers = ExactNumbers[T]()
    for value in values:
        numbers.number(value)
    return numbers.values


def first_place(values: Iterable[object], value: object) -> int | None:
    """Return where a value comes first among others, None if it does not.

    >>> first_place([True, 1, 1], 1), first_place([True], 1)
    (1, None)
    """
    return next((place for place, other in enumerate(values) if is_same(other, value)), None)


def without(values: tuple[T, ...], value: T) -> tuple[T, ...]:
    """Return values without the first of them that is this one.

    Raises:
        LookupError: it is not among them.
    """
    place = first_place(values, value)
    if place is None:
        raise LookupError(f"{value!r} is not among {values!r}")
    return values[:place] + values[place + 1 :]


class ExactNumbers(Generic[T]):
    """A number for each value, from 0 on in the order in which they come; `values` has them."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[T, int] = {}
        self._others: dict[int, list[int]] = {}

    def number(self, value: T) -> int:
        """Return the number of a value; one that is new gets the next."""
        found = self._numbers.setdefault(value, len(self.values))
        if found == len(self.values):
            self.values.append(value)
            return found
        same = self.values[found]
        if same is value or alike(same, value):
            return found
        known = self._among_others(found, value)
        if known is None:
            known = len(self.values)
            self.values.append(value)
            self._others.setdefault(found, []).append(known)
        return known

    def known(self, value: T) -> int | None:
        """Return the number of a value, None if it has none."""
        found = self._numbers.get(value)
        if found is None or alike(self.values[found], value):
            return found
        return self._among_others(found, value)

    def _among_others(self, first: int, value: T) -> int | None:
        """Return which of the values that are equal to the first of them is made as this one is."""
        others = self._others.get(first, ())
        return next((n for n in others if alike(self.values[n], value)), None)
