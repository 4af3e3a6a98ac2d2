"""Glances: of which properties a history is surely right, told in one pass before any check is asked.

A check looks for what is wrong and explains it. That nothing is wrong can often be seen at once, and
of several properties together; what a glance cannot tell is for the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from counterpoint.model.observer import Observation

Look: TypeAlias = Callable[[Sequence[int]], frozenset[str]]
"""Names the properties that hold of a history, which is given as numbers of observations.

One that has `follow`, too, begins a history with it that is looked at again and again while it grows:
what comes back is asked of what was seen so far, and names the properties that are not broken by it.
"""


Telling: TypeAlias = tuple[Callable[..., object], tuple[object, ...]]
"""What an observation tells a history that is followed: a function of it, with further arguments."""


class Unusual(Exception):
    """A history has something in it of which a glance says nothing."""


class Glance(Protocol):
    """Tells in one pass of which properties the checks are bound to say that they hold.

    It may name too few of them, and never too many.
    """

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search, whose histories are told by the numbers of these observations.

        More are added in the course of it, and none is changed.
        """
        ...


class ToldHistory(Protocol):
    """What a glance knows of a history so far."""

    def holding(self) -> frozenset[str]:
        """Return the names of properties that hold of it."""
        ...

    def unbroken(self) -> frozenset[str]:
        """Return those that are not broken: they hold, or too little was seen to decide them."""
        ...


class LookByTelling:
    """A look that works out once what each observation tells a history.

    A history of which something unusual is told is left to the checks, and so is one that knows
    nothing of a key that it is told of.
    """

    def __init__(
        self,
        observations: Sequence[Observation],
        telling: Callable[[Observation], Telling],
        begin: Callable[[], ToldHistory],
    ) -> None:
        self._observations, self._telling, self._begin = observations, telling, begin
        self._tellings: list[Telling] = []

    def __call__(self, seen: Sequence[int]) -> frozenset[str]:
        """Return the names of the properties that hold of a history."""
        history = self._begin()
        return history.holding() if self._tell(history, seen) else frozenset()

    def follow(self) -> Look:
        """Begin a history that grows; what comes back takes in what is new in it each time."""
        history, taken = self._begin(), 0

        def unbroken(seen: Sequence[int]) -> frozenset[str]:
            nonlocal taken
            if taken < 0:
                return frozenset()
            is_usual = self._tell(history, seen[taken:])
            taken = len(seen) if is_usual else -1
            return history.unbroken() if is_usual else frozenset()

        return unbroken

    def _tell(self, history: Any, seen: Sequence[int]) -> bool:
        """Tell a history what was seen, and return whether all of that is usual."""
        tellings = self._tellings
        tellings.extend(map(self._telling, self._observations[len(tellings) :]))
        try:
            for take, told in map(tellings.__getitem__, seen):
                take(history, *told)
        except (KeyError, Unusual):
            return False
        return True
