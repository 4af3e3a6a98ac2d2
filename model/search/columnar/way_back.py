"""The way back: a shortest run to a state, found level by level, though no state knows its parent.

The state before lies in the level above: that level is expanded again until one of its successors is
the state that is looked for. It costs time once, at the end, and saves a column in all states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from counterpoint.model.search.columnar.established import Established
from counterpoint.model.search.columnar.expander import Expander, Successors
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import rows_of, size
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.exploration.symmetry import (
    FieldValues,
    NotInterchangeable,
    refuted,
)
from counterpoint.model.world import Action


@dataclass(frozen=True, slots=True)
class WayBack:
    """Finds runs to states of whole levels; nothing that it asks is new to the tables."""

    expander: Expander
    established: Established
    chunk_states: int
    crew: Crew

    def choices(self, level: int, fields: list[Ids]) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state of a level (or to one it stands for)."""
        return self.run(level, fields)[0]

    def from_first_level(
        self, level: int, fields: list[Ids]
    ) -> tuple[tuple[Action, ...], list[Ids]]:
        """Return the choices of a shortest run from some state of the first level, and that state."""
        choices, states = self._chain(level, fields)
        return choices, states[-1]

    def choices_to_failure(
        self, level: int, fields: list[Ids], broke: HandlerBroke
    ) -> tuple[Action, ...]:
        """Return the choices of a shortest run that ends with an action in which a handler fails."""
        choices, real = self.run(level, fields)
        if self.expander.orbits is None:
            return (*choices, broke.action)
        # The failing action has other names in the run that leads there.
        failing = self._failing(real)
        if failing is None:
            raise self._refuted(fields, self._failing, step=level + 1)
        return (*choices, failing)

    def _failing(self, state: list[Ids]) -> Action | None:
        """Return an action of a state in which a handler fails."""
        try:
            for _ in self._successors(state):
                pass
        except HandlerBroke as broke:
            return broke.action
        return None

    def run(self, level: int, fields: list[Ids]) -> tuple[tuple[Action, ...], list[Ids]]:
        """Return the choices of a shortest run, and the state that it really ends in."""
        choices, states = self._chain(level, fields)
        if self.expander.orbits is None:
            return choices, fields
        return self._with_real_names(states[::-1])

    def _chain(self, level: int, fields: list[Ids]) -> tuple[tuple[Action, ...], list[list[Ids]]]:
        """Return the choices between the states of a shortest run, and these from the last one back."""
        found: list[Action] = []
        states = [fields]
        for above in range(level - 1, -1, -1):
            action, before = self._step(above, states[-1])
            found.append(action)
            states.append(before)
        return tuple(reversed(found)), states

    def _with_real_names(self, states: list[list[Ids]]) -> tuple[tuple[Action, ...], list[Ids]]:
        """Return a run from the first state whose states are these, names of alike nodes aside.

        Raises:
            NotInterchangeable: there is none, as nodes are not alike.
        """
        found: list[Action] = []
        here = self.expander.start
        for before, state in pairwise(states):
            step = self._step_to(here, state)
            if step is None:
                counterpart = partial(self._action_to, state)
                raise self._refuted(before, counterpart, step=len(found) + 1)
            action, here = step
            found.append(action)
        return tuple(found), here

    def _refuted(
        self, state: list[Ids], counterpart: Callable[[list[Ids]], Action | None], *, step: int
    ) -> NotInterchangeable:
        """Return which nodes are not alike: `counterpart` is missing once their names are exchanged."""

        def of_values(values: FieldValues) -> Action | None:
            return counterpart([np.array([value], np.int64) for value in values])

        values = tuple(int(column[0]) for column in state)
        return refuted(self.expander.slots, self.expander.memories, values, of_values, step=step)

    def _action_to(self, state: list[Ids], here: list[Ids]) -> Action | None:
        step = self._step_to(here, state)
        return None if step is None else step[0]

    def _step_to(self, here: list[Ids], state: list[Ids]) -> tuple[Action, list[Ids]] | None:
        """Return an action that leads to a state or one of its orbit, and where; None if none does.

        Where a handler fails nothing leads on: states with successors were all expanded.
        """
        with suppress(HandlerBroke):
            return next(self._steps_to(here, state), None)
        return None

    def _steps_to(self, here: list[Ids], state: list[Ids]) -> Iterator[tuple[Action, list[Ids]]]:
        for successors in self._successors(here):
            for hit in self._equal(successors, state)[:1].tolist():
                action = self.expander.action(successors.place, int(successors.transitions[hit]))
                reached = rows_of(successors.words, hit, hit + 1)
                yield action, self.expander.fields(reached, successors.layout)

    def _successors(self, state: list[Ids]) -> Iterator[Successors]:
        layout = self.established.layout.holding(self.expander.sizes)
        return self.expander.successors(layout.pack(state), layout, None)

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
            hits = self._equal(successors, fields)
            hits = hits[~strange.take(successors.rows.take(hits))]
            if len(hits):
                row = int(successors.rows[hits[0]])
                action = self.expander.action(
                    successors.place, int(successors.transitions[hits[0]])
                )
                return action, self.expander.fields(rows_of(states, row, row + 1), layout)
        return None

    def _equal(self, successors: Successors, fields: list[Ids]) -> Ids:
        """Return which successors are the state with these fields, or are represented by it."""
        if not len(successors.rows):
            return successors.rows
        words, layout = self.expander.representatives(successors.words, successors.layout)
        target = layout.pack(fields)
        hits = [word == wanted[0] for word, wanted in zip(words, target, strict=True)]
        return np.flatnonzero(np.logical_and.reduce(hits))
