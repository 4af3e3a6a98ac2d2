"""The way back: a shortest run to a state, found level by level, though no state knows its parent.

The state before lies in the level above: that level is expanded again until one of its successors is
the state that is looked for. It costs time once, at the end, and saves a column in all states.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from counterpoint.model.search.columnar.established import Established
from counterpoint.model.search.columnar.expander import Expander, Successors
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import rows_of, size
from counterpoint.model.world import Action


@dataclass(frozen=True, slots=True)
class WayBack:
    """Finds runs to states of whole levels; nothing that it asks is new to the tables."""

    expander: Expander
    established: Established
    chunk_states: int
    crew: Crew

    def choices(self, level: int, fields: list[Ids]) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state of a level."""
        found: list[Action] = []
        for above in range(level - 1, -1, -1):
            action, fields = self._step(above, fields)
            found.append(action)
        return tuple(reversed(found))

    def _step(self, level: int, fields: list[Ids]) -> tuple[Action, list[Ids]]:
        """Return the first action of a level that leads to the given state, and the state before."""
        starts = range(0, self.established.known.sizes[level], self.chunk_states)
        look = partial(self._in_chunk, level, fields)
        for found in self.crew.results(look, starts):
            if found is not None:
                return found
        raise AssertionError("a state is not a successor of any state of the level before it")

    def _in_chunk(
        self, level: int, fields: list[Ids], start: int
    ) -> tuple[Action, list[Ids]] | None:
        layout = self.established.layout
        states = self.established.known.rows(level, start, start + self.chunk_states)
        strange = np.zeros(size(states), np.bool_)
        for successors in self.expander.successors(states, layout, strange):
            hits = _equal(successors, fields)
            hits = hits[~strange.take(successors.rows.take(hits))]
            if len(hits):
                row = int(successors.rows[hits[0]])
                action = self.expander.action(
                    successors.place, int(successors.transitions[hits[0]])
                )
                return action, self.expander.fields(rows_of(states, row, row + 1), layout)
        return None


def _equal(successors: Successors, fields: list[Ids]) -> Ids:
    """Return which successors are the state with these fields."""
    target = successors.layout.pack(fields)
    hits = [word == wanted[0] for word, wanted in zip(successors.words, target, strict=True)]
    return np.flatnonzero(np.logical_and.reduce(hits))
