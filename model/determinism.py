"""Whether a handler is a function of its arguments: asked again now and then, it must answer alike.

All searches rest on it: a reaction is computed once and used wherever it is met again, and a run is
its choices. A handler that reads a clock, draws a random number, keeps something elsewhere, goes
through a set in its order, or changes its state in place is found out by asking it the same again,
with copies of equal value.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NoReturn

from counterpoint.model.exact import is_same
from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    BadScenario,
    brief,
    definition_of,
    handler_of,
    told,
)
from counterpoint.model.node import Input, Step, System
from counterpoint.model.values import ATOMS, NodeId, NotAValue, Value, require_value, show

OFTEN = 32
"""So many of the first reactions are asked for `TIMES` times more: a mistake shows early or never."""

TIMES = 3

EVERY = 64
"""Of later reactions each so-manieth is asked for once more, which costs next to nothing.

A system whose reactions are dear says otherwise: `asked_again = (4, 1024)` for the first four, and then
each 1024th.
"""

KEPT_MAX = 1_024
"""Of so many reactions the arguments are kept, to be asked for again when the search has gone on."""


class NotDeterministic(BadScenario):
    """A handler that answered the same question in two ways, or changed what it was given."""

    def __init__(self, what: str, right: str, step: int | None = None) -> None:
        self.what, self.right, self.step = what, right, step
        where = "" if step is None else "at the start, " if step < 0 else f"at step {step}, "
        super().__init__(f"not deterministic: {where}{what}; {right}")

    def at(self, step: int) -> NotDeterministic:
        """Return the same, with the step at which it was noticed, if that is not known yet."""
        return NotDeterministic(self.what, self.right, step) if self.step is None else self


NotDeterministic.__module__ = "counterpoint"  # where users import it from


class AskedAgain:
    """A system whose handler is asked again now and then. In all else it is the system itself."""

    def __init__(self, system: System[Any], *, often: int | None = None) -> None:
        usual = (OFTEN, EVERY)
        first, every = getattr(system, "asked_again", usual)
        self._system = system
        self.nodes = system.nodes  # what every answer is checked against
        self._often: int = first if often is None else often
        self._every: int = every
        self._count = 0
        self._kept: list[tuple[NodeId, Value, Input, object]] = []
        self._next = 0
        self.__wrapped__: Callable[..., object] = system.handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def handle(self, node: NodeId, state: Any, given: Input) -> Step[Any]:
        """Return what the handler answers.

        Raises:
            NotDeterministic: asked again, it answers otherwise.
        """
        self._count += 1
        times = TIMES if self._count <= self._often else self._count % self._every == 0
        if not times:
            return self._system.handle(node, state, given)
        return self._asked(node, state, given, times)

    @property
    def count(self) -> int:
        """How often the handler was asked something new."""
        return self._count

    def ask_again(self) -> None:
        """Ask one of the kept questions again, the next in turn.

        Raises:
            NotDeterministic: the handler answers otherwise now.
        """
        if self._kept:
            self._next = (self._next + 1) % len(self._kept)
            self._compare(*self._kept[self._next])

    def ask_everything_again(self) -> None:
        """Ask every kept question again.

        Raises:
            NotDeterministic: the handler answers otherwise now.
        """
        for kept in self._kept:
            self._compare(*kept)

    def _asked(self, node: NodeId, state: Any, given: Input, times: int) -> Step[Any]:
        before, asked = copied(state), copied(given)
        first = _answer(self._system, node, state, given)
        if state != before:
            self._refuse_change(node, before, state, given)
        for _ in range(times):
            self._compare(node, before, asked, first)
        if len(self._kept) < KEPT_MAX:
            self._kept.append((node, before, asked, first))
        if isinstance(first, _Raised):
            raise first.error
        answer: Step[Any] = first
        return answer

    def _compare(self, node: NodeId, state: Value, given: Input, first: object) -> None:
        again = _answer(self._system, node, state, given)
        if not is_same(_said(again), _said(first)) and _is_made_of_values(first):
            self._refuse(node, given, first, again)

    def _refuse(self, node: NodeId, given: Input, first: object, again: object) -> NoReturn:
        where = definition_of(handler_of(self._system, node))
        raise NotDeterministic(
            f"{node} on {show(given)} answered {brief(first, length=200)} and, asked again, "
            f"{brief(again, length=200)} ({where})",
            "an answer depends on the arguments alone, and on no clock, no chance, nothing that is kept "
            "elsewhere, and not on the order of a set",
        )

    def _refuse_change(self, node: NodeId, before: Value, after: Value, given: Input) -> NoReturn:
        where = definition_of(handler_of(self._system, node))
        raise NotDeterministic(
            f"{node} on {show(given)} changed its state in place, from {brief(before)} to "
            f"{brief(after)} ({where})",
            "return a new state",
        )


@dataclasses.dataclass(frozen=True)
class _Raised:
    """An exception as an answer."""

    text: str
    error: BaseException

    def __repr__(self) -> str:
        return f"an exception, {self.text}"


def _said(answer: object) -> object:
    """Return what of an answer must be the same again: of an exception, its text."""
    return (_Raised, answer.text) if isinstance(answer, _Raised) else answer


def _answer(system: System[Any], node: NodeId, state: Any, given: Input) -> Any:
    try:
        return system.handle(node, state, given)
    except AUTHORS_ERRORS as error:
        return _Raised(told(error), error)


def _is_made_of_values(answer: object) -> bool:
    """Tell whether an answer can be compared at all; what is no value is refused where it is used."""
    if not isinstance(answer, Step) or not isinstance(answer.effects, tuple):
        return True
    try:
        require_value((answer.state, *answer.effects))
    except NotAValue:
        return False
    return True


def copied(value: Any) -> Any:
    """Return a value that is equal and made anew, its sets in another order where that can be seen.

    >>> copied((1, ("a",))) == (1, ("a",))
    True
    """
    kind: Any = type(value)  # a class, which is hashable
    if kind in ATOMS:
        return value
    if kind is tuple:
        return tuple(map(copied, value))
    if kind is frozenset:
        return frozenset([copied(item) for item in value][::-1])
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(copied, value))
    names = _names_of(kind)
    return value if names is None else _dataclass_copied(value, names)


@functools.cache
def _names_of(kind: type) -> tuple[str, ...] | None:
    """Return the names of the fields of a dataclass; None of any other class, and of classes."""
    if issubclass(kind, type) or not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


_set: Callable[[object, str, object], None] = object.__setattr__


def _dataclass_copied(value: Any, names: tuple[str, ...]) -> Any:
    """Copy field by field, past `__init__`, which may convert; keep what cannot be made that way."""
    try:
        copy = object.__new__(type(value))
        for name, own in getattr(value, "__dict__", {}).items():
            _set(copy, name, own)
        for name in names:
            _set(copy, name, copied(getattr(value, name)))
    except (AttributeError, TypeError):
        return value
    return copy
