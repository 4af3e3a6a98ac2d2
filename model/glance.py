"""Glances: of which properties a history is surely right, told in one pass before any check is asked.

A check looks for what is wrong and explains it. That nothing is wrong can often be seen at once, and
of several properties together; what a glance cannot tell is for the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from counterpoint.model.observer import Observation

Look: TypeAlias = Callable[[Sequence[int]], frozenset[str]]
"""Names the properties that hold of a history, which is given as numbers of observations."""


class Glance(Protocol):
    """Tells in one pass of which properties the checks are bound to say that they hold.

    It may name too few of them, and never too many.
    """

    def look(self, observations: Sequence[Observation]) -> Look:
        """Begin a search, whose histories are told by the numbers of these observations.

        More are added in the course of it, and none is changed.
        """
        ...
