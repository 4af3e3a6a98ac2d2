"""Former names of fields: they keep working for one version, and a warning says what to write."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar
from warnings import warn

FormerT = TypeVar("FormerT")


def former_names(**names: str) -> Callable[[type[FormerT]], type[FormerT]]:
    """Let a class take and show fields by the names that they had, each with a DeprecationWarning.

    >>> from dataclasses import dataclass
    >>> @former_names(size="length")
    ... @dataclass
    ... class Rope:
    ...     length: int
    >>> Rope(size=3)
    Traceback (most recent call last):
    DeprecationWarning: Rope.size is Rope.length now
    """

    def decorate(made: type[FormerT]) -> type[FormerT]:
        anything: Any = made
        init = anything.__init__

        @wraps(init)
        def renaming(self: FormerT, *values: Any, **fields: Any) -> None:
            for old in names.keys() & fields.keys():
                new = names[old]
                if new in fields:
                    raise TypeError(f"{made.__name__} got {old} and {new}, which are one field")
                _warn(made, old, new)
                fields[new] = fields.pop(old)
            init(self, *values, **fields)

        anything.__init__ = renaming
        for old, new in names.items():
            setattr(made, old, property(_reader(made, old, new)))
        return made

    return decorate


def _reader(made: type, old: str, new: str) -> Callable[[object], Any]:
    def read(self: object) -> Any:
        _warn(made, old, new)
        return getattr(self, new)

    read.__doc__ = f"The former name of `{new}`."
    return read


def _warn(made: type, old: str, new: str) -> None:
    text = f"{made.__name__}.{old} is {made.__name__}.{new} now"
    warn(text, DeprecationWarning, stacklevel=3)


def formerly(module: str, **names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module in which some names are others now.

    >>> find = formerly("counterpoint.model.reaction", Core="NodeState")
    >>> find("nothing")
    Traceback (most recent call last):
    AttributeError: module 'counterpoint.model.reaction' has no attribute 'nothing'
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn(f"{module}.{name} is {names[name]} now", DeprecationWarning, stacklevel=2)
        return getattr(import_module(module), names[name])

    return find
