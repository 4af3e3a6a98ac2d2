"""A level under way: what the chunks of the level above have brought so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from counterpoint.model.search.columnar.established import Counts, Established, PendingStates
from counterpoint.model.search.columnar.expander import Expanded, Expander
from counterpoint.model.search.columnar.level_judge import LevelJudge
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import size


@dataclass(slots=True)
class UnderWay:
    """How far a level is: the rows of the level above before `row` are expanded and counted."""

    row: int
    counts: Counts
    pending: PendingStates


class LevelBuilder:
    """Collects the successors of all chunks of the deepest level; `finished` makes them the next."""

    def __init__(
        self,
        established: Established,
        expander: Expander,
        judge: LevelJudge,
        begun: UnderWay | None,
    ) -> None:
        self._before = established
        self._expander, self._judge = expander, judge
        self.so_far = begun or UnderWay(0, established.counts, established.known.pending())

    def add(self, expanded: Expanded) -> None:
        """Add the successors of some states."""
        so_far = self.so_far
        so_far.counts = replace(
            so_far.counts, generated=so_far.counts.generated + expanded.generated
        )
        if size(expanded.words):
            so_far.pending.add(expanded.layout, expanded.words)

    def add_ends(self, states: Words, rows: Ids) -> None:
        """Count the states at these rows of a chunk as ends of runs; chunks come in their order."""
        if not len(rows):
            return
        fields = self._expander.fields(states, self._before.layout)
        pending = self._judge.is_pending(fields, rows)
        counts = self.so_far.counts
        open_end = counts.open_end
        if open_end is None and len(pending):
            end = [column[pending[:1]] for column in fields]
            open_end = (self._before.level_count - 1, end)
        self.so_far.counts = replace(
            counts,
            terminal=counts.terminal + len(rows),
            terminal_pending=counts.terminal_pending + len(pending),
            open_end=open_end,
        )

    def chunk_added(self, row: int, crew: Crew) -> bool:
        """Note that all before a row is added; tell whether it is on disk."""
        self.so_far.row = row
        return self.so_far.pending.unite(self._layout, crew)

    def finished(self, crew: Crew) -> Established:
        """Return what is established now; it has one level more unless nothing was new."""
        return Established(self.so_far.pending.finished(self._layout, crew), self.so_far.counts)

    @property
    def _layout(self) -> FieldLayout:
        """The layout of the level above, wide enough for everything that was numbered since."""
        return self._before.layout.holding(self._expander.sizes)
