"""Levels and known states in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from counterpoint.model.search.columnar.established import joining
from counterpoint.model.search.columnar.packing import FieldLayout, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import fresh, merged, rows_of, size

PENDING_ROWS_MAX = 1 << 25
"""So many successors, 256 MB a word, are kept apart before they are united."""


@dataclass(frozen=True, slots=True)
class HeldStates:
    """Levels in memory, all in one layout.

    `runs` holds the same states as `levels`, in few sets of growing size, to look new ones up in.
    """

    layout: FieldLayout
    levels: tuple[Words, ...]
    runs: tuple[Words, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many states each level has."""
        return tuple(map(size, self.levels))

    @property
    def stored_bytes(self) -> int | None:
        """Nothing is on disk."""
        return None

    def rows(self, level: int, start: int, stop: int) -> Words:
        """Return some states of a level, in its order."""
        return rows_of(self.levels[level], start, stop)

    def pending(self) -> PendingInMemory:
        """Return what collects the next level."""
        return PendingInMemory(self)

    def in_layout(self, layout: FieldLayout) -> HeldStates:
        """Return the same with wider fields."""
        if layout == self.layout:
            return self
        shared: dict[int, Words] = {}

        def converted(words: Words) -> Words:
            # A run may be a level: then it stays the same object.
            if id(words) not in shared:
                shared[id(words)] = self.layout.convert(words, layout)
            return shared[id(words)]

        levels, runs = map(converted, self.levels), map(converted, self.runs)
        return HeldStates(layout, tuple(levels), tuple(runs))

    def with_level(self, found: Words, crew: Crew) -> HeldStates:
        """Return the same with one more level."""
        kept = len(self.runs) - joining([size(run) for run in self.runs], size(found))
        parts = (found, *reversed(self.runs[kept:]))
        run = found if len(parts) == 1 else merged(parts, crew)
        return replace(self, levels=(*self.levels, found), runs=(*self.runs[:kept], run))


class PendingInMemory:
    """The states of a level under way, in memory."""

    def __init__(self, known: HeldStates) -> None:
        self._known = known
        self._parts: list[tuple[FieldLayout, Words]] = []

    def add(self, layout: FieldLayout, words: Words) -> None:
        """Add a set of states."""
        self._parts.append((layout, words))

    def unite(self, layout: FieldLayout, crew: Crew) -> bool:
        """Drop doubles, if much was added."""
        if len(self._parts) > 1 and sum(size(p) for _, p in self._parts) > PENDING_ROWS_MAX:
            self._parts = [(layout, fresh(in_one_layout(self._parts, layout), (), crew))]
        return False

    def finished(self, layout: FieldLayout, crew: Crew) -> HeldStates:
        """Return what is known with one more level, or with none if nothing was new."""
        known = self._known.in_layout(layout)
        if not self._parts:
            return known
        found = fresh(in_one_layout(self._parts, layout), known.runs, crew)
        self._parts = []
        return known.with_level(found, crew) if size(found) else known


def in_one_layout(parts: list[tuple[FieldLayout, Words]], layout: FieldLayout) -> list[Words]:
    """Return sets of states in one layout."""
    return [former.convert(words, layout) for former, words in parts]
