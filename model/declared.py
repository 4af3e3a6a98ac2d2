"""What a class declares of its objects: their fields, what it compares, and what else they may carry.

A world is copied, compared and written down by what is declared. What an object carries besides, an
attribute set past its fields or on a text, would be lost on the way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from functools import cache, cached_property
from typing import Any

BUILT_IN: tuple[type, ...] = (str, int, bytes, tuple, frozenset)
"""Classes whose objects have other parts than fields, or none, even where they are dataclasses."""


@cache
def field_names(kind: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass; none of a class that is something else besides."""
    if issubclass(kind, (*BUILT_IN, Mapping, Enum)) or not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def compares_all(kind: Any) -> bool:
    """Tell whether equality of a class sees all that its objects declare.

    That of built-in classes does, and that which `dataclass` makes, if no field is left out of it.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Login:
    ...     name: str
    ...     number: int = dataclasses.field(default=0, compare=False)
    >>> compares_all(tuple), compares_all(Login)
    (True, False)
    """
    for base in BUILT_IN:
        if issubclass(kind, base):
            return bool(kind.__eq__ == base.__eq__)
    owner: Any = next(base for base in kind.__mro__ if "__eq__" in vars(base))
    if not dataclasses.is_dataclass(kind) or not dataclasses.is_dataclass(owner):
        return False
    fields = dataclasses.fields(owner)
    code = getattr(vars(owner)["__eq__"], "__code__", None)
    is_made = (
        getattr(code, "co_filename", "") == "<string>"
    )  # by `dataclass`, which compiles a text
    return (
        is_made and all(f.compare for f in fields) and len(fields) == len(dataclasses.fields(kind))
    )


@cache
def undeclared_in(kind: Any) -> Callable[[Any], Collection[str]] | None:
    """Return what names the attributes that an object carries undeclared; None: it can have none.

    What `cached_property` keeps is worked out from the rest, and may be there. A class of ours whose
    equality sees all that counts, and whose objects are made by us alone, says so by `__sees_all__`.
    """
    if issubclass(kind, (Mapping, Enum)) or getattr(kind, "__sees_all__", False):
        return None  # mappings keep their content, and members of enums are made once
    declared = {*field_names(kind), *_kept_in(kind)}
    slots = [name for name in _slots_of(kind) if name not in declared]
    if not slots and not kind.__dictoffset__:
        return None

    def undeclared(value: Any) -> Collection[str]:
        held: Mapping[str, object] = getattr(value, "__dict__", {})
        if not slots and held.keys() <= declared:  # nearly always, and quickly told
            return ()
        carried = [*held, *(name for name in slots if hasattr(value, name))]
        return [name for name in carried if name not in declared]

    return undeclared


def _kept_in(kind: type) -> list[str]:
    """Return the names of properties that are worked out once and kept in the object."""
    return [
        name
        for base in kind.__mro__
        for name, found in vars(base).items()
        if isinstance(found, cached_property)
    ]


def _slots_of(kind: type) -> list[str]:
    found: list[str] = []
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        found += [slots] if isinstance(slots, str) else slots
    return [name for name in found if name not in ("__dict__", "__weakref__")]
