"""What whole levels of an exploration established. It is replaced as one, and never found half done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.parallel import Crew

RUN_RATIO = 3
"""A run of known states is kept apart from the next smaller one when it is so many times larger."""


class KnownStates(Protocol):
    """The levels so far, each a sorted set without the states of those before; in memory or on disk.

    A state that is given or handed out is packed in `layout`.
    """

    @property
    def layout(self) -> FieldLayout:
        """How states are packed."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many states each level has."""

    @property
    def stored_bytes(self) -> int | None:
        """How much is on disk; None: nothing ever is."""

    def rows(self, level: int, start: int, stop: int) -> Words:
        """Return some states of a level, in its order."""

    def pending(self) -> PendingStates:
        """Return what collects the next level."""


class PendingStates(Protocol):
    """The states of a level under way, with doubles and with those that are known."""

    def add(self, layout: FieldLayout, words: Words) -> None:
        """Add a set of states."""

    def unite(self, layout: FieldLayout, crew: Crew) -> bool:
        """Make what was added smaller, if it takes much memory; tell whether all of it is on disk."""

    def finished(self, layout: FieldLayout, crew: Crew) -> KnownStates:
        """Return what is known with one more level, or with none if nothing was new."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of the states that were expanded.

    `open_end` is the fields of the first end in which a call is open, and its level.
    """

    generated: int
    terminal: int = 0
    terminal_pending: int = 0
    open_end: tuple[int, list[Ids]] | None = None


@dataclass(frozen=True, slots=True)
class Established:
    """The levels so far, and what was counted in those above the deepest."""

    known: KnownStates
    counts: Counts

    @property
    def layout(self) -> FieldLayout:
        """How states are packed."""
        return self.known.layout

    @property
    def states(self) -> int:
        """How many states were found."""
        return sum(self.known.sizes)

    @property
    def level_count(self) -> int:
        """How many levels were found."""
        return len(self.known.sizes)

    @property
    def frontier(self) -> int:
        """How many states were not expanded yet: those of the deepest level."""
        return self.known.sizes[-1]

    def rows(self, start: int, stop: int) -> Words:
        """Return some states of the deepest level."""
        return self.known.rows(self.level_count - 1, start, stop)

    def pieces(self, rows: int, level: int = -1) -> Iterator[tuple[int, Words]]:
        """Yield a level, the deepest if none is named, piece by piece: the first row, the states."""
        level %= self.level_count
        for start in range(0, self.known.sizes[level], rows):
            yield start, self.known.rows(level, start, start + rows)


def joining(sizes: Sequence[int], fresh: int) -> int:
    """Return how many of the last runs are to be merged with some more states.

    Each run stays much larger than the next, so that they are few, and a state is seldom copied.

    >>> joining([1000, 200, 20], 10), joining([1000, 200], 10)
    (1, 0)
    """
    count, together = 0, fresh
    for size in reversed(sizes):
        if size >= RUN_RATIO * together:
            break
        count, together = count + 1, together + size
    return count
