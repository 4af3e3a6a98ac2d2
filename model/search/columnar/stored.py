"""Levels and known states on disk: breadth-first search beyond memory.

The successors of a level are collected in memory and written as a sorted set whenever there are many:
a spill. When the level above is expanded, its spills are merged, range by range, and what earlier
levels have is subtracted on the way: duplicates are detected late, and every file is read and written
from its beginning to its end (Stern and Dill, CAV 1998; Korf, AAAI 2004). Nothing is ever changed in
place, so that what `ExplorationFolder` has noted stays whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from counterpoint.model.search.columnar.established import joining
from counterpoint.model.search.columnar.folder import ExplorationFolder
from counterpoint.model.search.columnar.held import in_one_layout
from counterpoint.model.search.columnar.packing import FieldLayout, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import fresh, joined, rows_of, size, unique
from counterpoint.model.search.columnar.stored_set import StoredSet, splitters_of


@dataclass(frozen=True, slots=True)
class StoredStates:
    """Levels on disk. `runs` holds the same states as `levels`, in few sets of growing size."""

    folder: ExplorationFolder
    layout: FieldLayout
    levels: tuple[StoredSet, ...] = ()
    runs: tuple[StoredSet, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many states each level has."""
        return tuple(level.rows for level in self.levels)

    @property
    def stored_bytes(self) -> int | None:
        """How much the states take on disk."""
        return sum({each.name: each.stored_bytes for each in (*self.levels, *self.runs)}.values())

    def rows(self, level: int, start: int, stop: int) -> Words:
        """Return some states of a level, in its order."""
        with self.folder.told():
            return self.levels[level].read(start, stop, self.layout)

    def pending(self, spilled: tuple[StoredSet, ...] = ()) -> PendingOnDisk:
        """Return what collects the next level, or goes on to."""
        return PendingOnDisk(self, spilled)

    def without_known(self, words: Words) -> Words:
        """Return those states of a set that are not known."""
        for run in self.runs:
            words = run.missing(words, self.layout, self.folder.portions.piece_blocks)
        return words

    def with_level(self, ranges: Iterator[Words], crew: Crew) -> StoredStates:
        """Return the same with one more level, given in its order; with none if it is empty."""
        name = f"level-{len(self.levels):04}"
        found = self.folder.written(name, self.layout, ranges)
        if not found.rows:
            return self
        kept = len(self.runs) - joining([run.rows for run in self.runs], found.rows)
        run = self._merged((*self.runs[kept:], found), crew)
        return replace(self, levels=(*self.levels, found), runs=(*self.runs[:kept], run))

    def _merged(self, sets: Sequence[StoredSet], crew: Crew) -> StoredSet:
        if len(sets) == 1:
            return sets[0]
        ranges = crew.results(_union, self.cut(sets))
        return self.folder.written(f"run-{len(self.levels):04}", self.layout, ranges)

    def cut(self, sets: Sequence[StoredSet]) -> Iterator[tuple[Words, ...]]:
        """Yield what each of some sets has in a range of values, range after range."""
        splitters = splitters_of(sets, self.layout, self.folder.portions.range_rows)
        return zip(*(each.in_ranges(splitters, self.layout) for each in sets), strict=True)


class PendingOnDisk:
    """The states of a level under way: the last ones in memory, those before in spills."""

    def __init__(self, known: StoredStates, spilled: tuple[StoredSet, ...]) -> None:
        self._known = known
        self._parts: list[tuple[FieldLayout, Words]] = []
        self.spilled = spilled

    def add(self, layout: FieldLayout, words: Words) -> None:
        """Add a set of states."""
        self._parts.append((layout, words))

    def unite(self, layout: FieldLayout, crew: Crew) -> bool:
        """Write what was added, if it is much; tell whether it was."""
        in_memory = sum(word.nbytes for _, words in self._parts for word in words)
        if in_memory < self._known.folder.portions.pending_bytes:
            return False
        self._spill(layout, crew)
        return True

    def _spill(self, layout: FieldLayout, crew: Crew) -> None:
        found = self._united(layout, crew)
        number = f"{len(self._known.levels):04}-{len(self.spilled):04}"
        spill = self._known.folder.written(f"spill-{number}", layout, iter([found]))
        self.spilled = (*self.spilled, spill)

    def _united(self, layout: FieldLayout, crew: Crew) -> Words:
        parts = in_one_layout(self._parts, layout)
        self._parts = []
        return fresh(parts, (), crew)

    def finished(self, layout: FieldLayout, crew: Crew) -> StoredStates:
        """Return what is known with one more level, or with none if nothing was new."""
        known = replace(self._known, layout=layout)
        with known.folder.told():
            if self.spilled and self._parts:
                self._spill(layout, crew)
            ranges = known.cut(self.spilled) if self.spilled else self._in_memory(known, crew)
            return known.with_level(crew.results(partial(_new, known), ranges), crew)

    def _in_memory(self, known: StoredStates, crew: Crew) -> Iterator[tuple[Words, ...]]:
        if not self._parts:
            return
        found = self._united(known.layout, crew)
        for start in range(0, size(found), known.folder.portions.range_rows):
            yield (rows_of(found, start, start + known.folder.portions.range_rows),)


def _new(known: StoredStates, parts: tuple[Words, ...]) -> Words:
    return known.without_known(_union(parts))


def _union(parts: tuple[Words, ...]) -> Words:
    return parts[0] if len(parts) == 1 else unique(joined(parts))
