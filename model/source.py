"""Values as Python source: what a person may paste into a program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from keyword import iskeyword
from textwrap import shorten


class NoSource(ValueError):
    """A value that cannot be written in Python."""


def source_of(value: object, named: Callable[[type], str] = lambda cls: cls.__name__) -> str:
    """Return an expression that evaluates to an equal value, given what classes are called.

    Raises:
        NoSource: there is none; what `named` raises.

    >>> from counterpoint.model.node import Send
    >>> source_of((Send("a", frozenset({2, 1})), None))
    "(Send(to='a', body=frozenset({1, 2})), None)"
    """

    def each(values: Iterable[object]) -> str:
        return ", ".join(source_of(one, named) for one in values)

    match value:
        case Enum():
            return f"{named(type(value))}.{value.name}"
        case None | bool() | int() | str() | bytes():
            return repr(value)
        case frozenset():
            return f"frozenset({{{each(sorted(value, key=repr))}}})" if value else "frozenset()"
        case tuple() if hasattr(value, "_fields"):
            return f"{named(type(value))}({each(value)})"
        case tuple():
            return f"({each(value)},)" if len(value) == 1 else f"({each(value)})"
        case Mapping():
            pairs = ", ".join(f"{each([k])}: {each([v])}" for k, v in value.items())
            return f"{{{pairs}}}" if type(value) is dict else f"{named(type(value))}({{{pairs}}})"
    if dataclasses.is_dataclass(value):
        fields = (field.name for field in dataclasses.fields(value) if field.init)
        parts = (f"{name}={each([getattr(value, name)])}" for name in fields)
        return f"{named(type(value))}({', '.join(parts)})"
    raise NoSource(f"{shorten(repr(value), 80)} cannot be written as Python source")


def class_name_of(text: str) -> str:
    """Return a text as the name of a class.

    >>> [class_name_of(text) for text in ("lock", "2 phase: commit²", "", "no new/old inversion")]
    ['Lock', 'Scenario2PhaseCommit', 'Scenario', 'NoNewOldInversion']
    """
    words = "".join(c if f"_{c}".isidentifier() and c.isalnum() else " " for c in text).split()
    title = "".join(word[0].upper() + word[1:] for word in words)
    is_name = title.isidentifier() and not iskeyword(title)
    return title if is_name else f"Scenario{title}"
