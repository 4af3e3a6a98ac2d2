"""What tests of explorations share: to run one to its end, and to compare what was counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from counterpoint.model.search.exploration.explore import Explored


class Exploring(Protocol):
    """An exploration on either engine."""

    @property
    def progress(self) -> Explored:
        """What was established so far."""

    def explore(self) -> Iterator[Explored]:
        """Explore, and report now and then."""


def finished(explorer: Exploring) -> Explored:
    """Run an exploration to its end, and return what it established."""
    for _ in explorer.explore():
        pass
    return explorer.progress


def counts(explored: Explored) -> tuple[int, ...]:
    """Return what must be equal whoever explores, and however."""
    return (
        explored.states,
        explored.generated,
        explored.depth,
        explored.terminal,
        explored.terminal_pending,
        *explored.levels,
    )
