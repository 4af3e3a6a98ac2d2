"""A level under way: what the chunks of the level above have brought so far."""

from __future__ import annotations

from dataclasses import replace

from counterpoint.model.search.columnar.established import Established
from counterpoint.model.search.columnar.expander import Expanded, Expander
from counterpoint.model.search.columnar.level_judge import LevelJudge
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import fresh, size

PENDING_ROWS_MAX = 1 << 25
"""So many successors, 256 MB a word, are kept apart before they are united."""


class LevelBuilder:
    """Collects the successors of all chunks of the deepest level; `finished` makes them the next."""

    def __init__(self, established: Established, expander: Expander, judge: LevelJudge) -> None:
        self._before = established
        self._expander, self._judge = expander, judge
        self._parts: list[tuple[FieldLayout, Words]] = []
        self._generated = self._terminal = self._terminal_pending = 0
        self._open_end: tuple[int, list[Ids]] | None = established.open_end

    def add(self, expanded: Expanded) -> None:
        """Add the successors of some states."""
        self._generated += expanded.generated
        if size(expanded.words):
            self._parts.append((expanded.layout, expanded.words))

    def add_ends(self, states: Words, rows: Ids) -> None:
        """Count the states at these rows of a chunk as ends of runs; chunks come in their order."""
        if not len(rows):
            return
        fields = self._expander.fields(states, self._before.layout)
        pending = self._judge.is_pending(fields, rows)
        self._terminal += len(rows)
        self._terminal_pending += len(pending)
        if self._open_end is None and len(pending):
            end = [column[pending[:1]] for column in fields]
            self._open_end = (len(self._before.levels) - 1, end)

    def unite(self, crew: Crew) -> None:
        """Unite what was found so far, if it takes much memory."""
        if len(self._parts) > 1 and sum(size(p) for _, p in self._parts) > PENDING_ROWS_MAX:
            layout = self._layout
            self._parts = [(layout, fresh(self._in(layout), (), crew))]

    def finished(self, crew: Crew) -> Established:
        """Return what is established now; its deepest level is empty if nothing was new."""
        before = self._before.in_layout(self._layout)
        before = replace(
            before,
            generated=before.generated + self._generated,
            terminal=before.terminal + self._terminal,
            terminal_pending=before.terminal_pending + self._terminal_pending,
            open_end=self._open_end,
        )
        if not self._parts:
            return before
        found = fresh(self._in(before.layout), before.runs, crew)
        self._parts = []
        return before.with_level(found, crew) if size(found) else before

    @property
    def _layout(self) -> FieldLayout:
        """The layout of the level above, wide enough for everything that was numbered since."""
        return self._before.layout.holding(self._expander.sizes)

    def _in(self, layout: FieldLayout) -> list[Words]:
        return [former.convert(words, layout) for former, words in self._parts]
