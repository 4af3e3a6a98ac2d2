"""Values by decoration: a class whose objects are frozen, compared by content, and made of values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast, dataclass_transform, overload

from counterpoint.model.declared import undeclared_in
from counterpoint.model.mistakes import brief
from counterpoint.model.values import ATOMS, NotAValue, require_value

C = TypeVar("C")

_SEEN_THROUGH: set[type] = {*ATOMS}
"""Classes of which every object is a value: atoms, and those made here, looked at when it is made."""


@overload
def value(cls: type[C], /) -> type[C]: ...


@overload
def value(*, is_ordered: bool = False) -> Callable[[type[C]], type[C]]: ...


@dataclass_transform(frozen_default=True)
def value(
    cls: type[Any] | None = None, /, *, is_ordered: bool = False
) -> type[Any] | Callable[[type[Any]], type[Any]]:
    """Make a class a value: a frozen dataclass with slots, as states and messages must be.

        @cp.value
        class Ask:
            number: int

    Its objects are hashable and equal if their fields are; with `is_ordered` they compare as tuples
    do. What has no canonical form (a list, a dict, a float) is refused when an object is made, with
    the name of the field.

    Raises:
        NotAValue: (when an object is made) a field was given something that is no value.
    """
    if cls is None:
        return lambda made: _value(made, is_ordered=is_ordered)
    return _value(cls, is_ordered=is_ordered)


def _value(cls: type[Any], *, is_ordered: bool) -> type[Any]:
    own: Callable[[Any], None] | None = cls.__dict__.get("__post_init__")

    def check(self: Any) -> None:
        if own is not None:
            own(self)
        for name in names:
            found = getattr(self, name)
            kind = type(found)
            if kind in _SEEN_THROUGH:
                continue
            if kind is tuple and _SEEN_THROUGH.issuperset(map(type, found)):
                continue
            try:
                require_value(found)
            except NotAValue as error:
                what = f"{cls.__name__}.{name} is {brief(found)}, in which {error}"
                raise NotAValue(what) from None

    cls.__post_init__ = check
    made: Any = dataclass(frozen=True, slots=True, order=is_ordered)(cls)
    names = tuple(field.name for field in fields(made))
    if made.__hash__ is not None and undeclared_in(made) is None:
        _SEEN_THROUGH.add(made)
    return cast("type[Any]", made)
