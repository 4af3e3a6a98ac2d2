"""Which states of a level break a property: by what observers remember, or by an invariant."""

from __future__ import annotations

import numpy as np

from counterpoint.model.search.columnar.columns import SlotView
from counterpoint.model.search.columnar.established import Established
from counterpoint.model.search.columnar.expander import Expander
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.sets import unique
from counterpoint.model.search.invariants import Down

JUDGED_ROWS = 1 << 22
"""So many states are judged at once, 32 MB a word: a level on disk is not read as a whole."""


class LevelJudge:
    """The judge of an exploration. Each combination of node states is judged once."""

    def __init__(self, expander: Expander) -> None:
        self._expander = expander
        self._slots, self._memories = expander.slots, expander.memories
        self._nodes = range(len(self._slots.compiled.nodes))
        self._looks = SlotView(self._slots)

    def broken(self, established: Established) -> tuple[str, int] | None:
        """Return the name of a property that the deepest level breaks, and the first row that does."""
        looks = []
        if any(self._memories.broken):
            looks.append(self._broken_by_memory)
        if self._slots.scenario.invariants:
            looks.append(self._broken_invariant)
        for look in looks:
            for start, states in established.pieces(JUDGED_ROWS):
                found = look(states, established.layout)
                if found is not None:
                    return found[0], start + found[1]
        return None

    def is_pending(self, fields: list[Ids], rows: Ids) -> Ids:
        """Return those of the rows at which a call is open at any node."""
        pending = [self._looks.is_pending(node, fields[node].take(rows)) for node in self._nodes]
        return rows[np.logical_or.reduce(pending)]

    def _broken_by_memory(self, states: Words, layout: FieldLayout) -> tuple[str, int] | None:
        broken = self._memories.broken
        is_broken = np.array([name is not None for name in broken])
        memories = layout.field(states, self._expander.memory)
        rows = np.flatnonzero(is_broken.take(memories))
        if not len(rows):
            return None
        name = broken[int(memories[rows[0]])]
        assert name is not None
        return name, int(rows[0])

    def _broken_invariant(self, states: Words, layout: FieldLayout) -> tuple[str, int] | None:
        columns = [self._looks.node_states(n, layout.field(states, n)) for n in self._nodes]
        downs: list[Down] = [()]
        if self._slots.compiled.invariants.reads_down:
            environments = layout.field(states, self._expander.environment)
            downs = list(dict.fromkeys(c.down for c in self._slots.environments))
            number = np.array([downs.index(c.down) for c in self._slots.environments])
            columns.append(number.take(environments))
        combined = FieldLayout((1,) * len(columns)).holding([int(c.max()) + 1 for c in columns])
        rows = combined.pack(columns)
        present = unique(rows)
        fields = range(len(columns))
        combinations = zip(*(combined.field(present, n).tolist() for n in fields), strict=True)
        first: tuple[str, int] | None = None
        for index, combination in enumerate(combinations):
            name = self._violated(combination, downs)
            if name is None:
                continue
            alike = [row == word[index] for row, word in zip(rows, present, strict=True)]
            row = int(np.flatnonzero(np.logical_and.reduce(alike))[0])
            first = (name, row) if first is None or row < first[1] else first
        return first

    def _violated(self, combination: tuple[int, ...], downs: list[Down]) -> str | None:
        """Return the invariant that these node states break; last is who is down, if one asks."""
        compiled = self._slots.compiled
        count = len(self._nodes)
        down = downs[combination[count]] if len(combination) > count else ()
        return compiled.violated(combination[:count], down)
