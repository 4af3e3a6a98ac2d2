"""Frozen values that are made in half the time: what a search makes by the million.

A frozen dataclass sets each field by a call of `object.__setattr__`, which looks the field up by its
name. Its slots can be set directly. Nothing else is changed: the class is as frozen as before.
And `dataclasses.replace` asks of each field what may be asked once of the class.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

QuickT = TypeVar("QuickT")


def quick_init(cls: type[QuickT]) -> type[QuickT]:
    """Give a frozen dataclass with slots an `__init__` that does the same, sooner.

    For classes whose fields are all given in order, with plain defaults: `assert` tells of any other.

    >>> from dataclasses import dataclass
    >>> @quick_init
    ... @dataclass(frozen=True, slots=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(y=2, x=1) == Point(1, 2)
    (Point(x=1, y=0), True)
    """
    anything: Any = cls
    own = fields(anything)
    assert anything.__dataclass_params__.frozen, f"{cls.__name__} is not frozen"
    assert all(map(_is_plain, own)), f"{cls.__name__} has fields with conditions"
    names: dict[str, Any] = {f"set_{field.name}": _setter(cls, field.name) for field in own}
    names |= {f"default_{field.name}": field.default for field in own}
    lines = [f"    set_{field.name}(self, {field.name})" for field in own]
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    parameters = ", ".join(("self", *map(_parameter, own)))
    before: Any = anything.__init__
    exec(
        "\n".join((f"def __init__({parameters}):", *(lines or ["    pass"]))), names
    )  # as `dataclass` itself does
    made: Any = names["__init__"]
    made.__qualname__, made.__annotations__ = before.__qualname__, before.__annotations__
    anything.__init__ = made
    return cls


def replace(value: QuickT, /, **changes: Any) -> QuickT:
    """Return a value of a class made by `quick_init` with other fields, as `dataclasses.replace` does.

    >>> from dataclasses import dataclass
    >>> @quick_init
    ... @dataclass(frozen=True, slots=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> replace(Point(1, 2), y=3)
    Point(x=1, y=3)
    """
    cls: Any = type(value)
    changed: QuickT = _replacer(cls, *changes)(value, **changes)
    return changed


@functools.cache
def _replacer(cls: type, *changed: str) -> Callable[..., Any]:
    """Return what makes a value of a class from another and these fields."""
    anything: Any = cls
    names = [field.name for field in fields(anything)]
    assert all(map(_is_plain, fields(anything))), f"{cls.__name__} has fields with conditions"
    unknown = sorted(set(changed) - set(names))
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {unknown[0]!r}; its fields: {names}")
    parts = ", ".join(name if name in changed else f"_old.{name}" for name in names)
    made: Callable[..., Any] = eval(
        f"lambda _old, {', '.join(changed)}: cls({parts})", {"cls": cls}
    )
    return made


def _is_plain(field: Field[Any]) -> bool:
    return field.init and not field.kw_only and field.default_factory is MISSING


def _parameter(field: Field[Any]) -> str:
    return field.name if field.default is MISSING else f"{field.name}=default_{field.name}"


def _setter(cls: type, name: str) -> Callable[[object, object], None]:
    """Return what sets a slot, be it of the class or of one that it extends."""
    holder = next(base for base in cls.__mro__ if name in vars(base))
    setter: Callable[[object, object], None] = vars(holder)[name].__set__
    return setter
