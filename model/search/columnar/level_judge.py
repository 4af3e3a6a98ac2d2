"""Which states of a level break a property: by what observers remember, or by an invariant."""

from __future__ import annotations

import numpy as np

from counterpoint.model.search.columnar.columns import SlotView
from counterpoint.model.search.columnar.established import Established
from counterpoint.model.search.columnar.expander import Expander
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.sets import rows_of, unique
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
        judged = self._slots.compiled.judged
        while True:
            read = judged.nodes_read
            found = self._broken_by_what_is_read(read, states, layout)
            if judged.nodes_read == read:
                return found

    def _broken_by_what_is_read(
        self, read: tuple[int, ...], states: Words, layout: FieldLayout
    ) -> tuple[str, int] | None:
        """Return the name of an invariant that is broken, and the first row that does.

        Each combination of the node states that invariants read is judged once. Of the other nodes it
        has those of the first row; should an invariant read one of them, the answer means nothing.
        """
        judged = self._slots.compiled.judged
        downs, down_of = self._downs()
        columns = [self._looks.node_states(node, layout.field(states, node)) for node in read]
        if judged.reads_down or not read:
            columns.append(down_of.take(layout.field(states, self._expander.environment)))
        combined = FieldLayout((1,) * len(columns)).holding([int(c.max()) + 1 for c in columns])
        rows = combined.pack(columns)
        present = unique(rows)
        fields = (combined.field(present, n).tolist() for n in range(len(columns)))
        combination = self._node_states_of(rows_of(states, 0, 1), layout)
        first: tuple[str, int] | None = None
        for index, values in enumerate(zip(*fields, strict=True)):
            node_states, down = values[: len(read)], downs[values[-1] if judged.reads_down else 0]
            if judged.holds(node_states, down):
                continue
            for node, node_state in zip(read, node_states, strict=True):
                combination[node] = node_state
            name = judged.violated(combination, down)
            if name is None:
                continue
            alike = [row == word[index] for row, word in zip(rows, present, strict=True)]
            row = int(np.flatnonzero(np.logical_and.reduce(alike))[0])
            first = (name, row) if first is None or row < first[1] else first
        return first

    def _downs(self) -> tuple[list[Down], Ids]:
        """Return who may be down, if an invariant asks, and which of these holds in all conditions."""
        environments = self._slots.environments
        if not self._slots.compiled.judged.reads_down:
            return [()], np.zeros(len(environments), np.int64)
        downs = list(dict.fromkeys(c.down for c in environments))
        return downs, np.array([downs.index(c.down) for c in environments])

    def _node_states_of(self, state: Words, layout: FieldLayout) -> list[int]:
        """Return the node state of each node in one state."""
        slots = [layout.field(state, node) for node in self._nodes]
        return [int(self._looks.node_states(node, slot)[0]) for node, slot in enumerate(slots)]
