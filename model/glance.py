"""Glances: of which properties a history is surely right, told in one pass before any check is asked.

A check looks for what is wrong and explains it. That nothing is wrong can often be seen at once, and
of several properties together; what a glance cannot tell is for the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from counterpoint.model.observer import Observation

Look: TypeAlias = Callable[[Sequence[int]], frozenset[str]]
"""Names the properties that hold of a history, which is given as numbers of observations."""


Telling: TypeAlias = tuple[Callable[..., object], tuple[object, ...]]
"""What an observation tells a history that is followed: a function of it, with further arguments."""


class Glance(Protocol):
    """Tells in one pass of which properties the checks are bound to say that they hold.

    It may name too few of them, and never too many.
    """

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search, whose histories are told by the numbers of these observations.

        More are added in the course of it, and none is changed.
        """
        ...


def look_by(
    observations: Sequence[Observation],
    telling: Callable[[Observation], Telling],
    holding: Callable[[Iterable[Telling]], frozenset[str]],
) -> Look:
    """Return a look that works out once what each observation tells."""
    tellings: list[Telling] = []

    def look(seen: Sequence[int]) -> frozenset[str]:
        tellings.extend(map(telling, observations[len(tellings) :]))
        return holding(map(tellings.__getitem__, seen))

    return look
