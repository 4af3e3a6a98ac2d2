"""What can happen in many states at once: their successors, looked up place by place.

A chunk of states is expanded with the tables as they are, by any thread. States for which a table has
no answer are strangers; the one thread that may let the tables grow expands them afterwards, in the
order of the chunks. Numbers are then given in the same order whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.columns import Expansions, MessageBatches
from counterpoint.model.search.columnar.growing import Column
from counterpoint.model.search.columnar.orbits import Orbits
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.pairs import PairTable, one_by_one
from counterpoint.model.search.columnar.sets import joined, nothing, size, taken, unique
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.world import Action


@dataclass(frozen=True, slots=True)
class Successors:
    """The successors that one place makes: `words[k]` comes from state `rows[k]`, by its transition.

    `counts` says how many each state has; `layout` is that of the words.
    """

    place: int
    rows: Ids
    transitions: Ids
    counts: Ids
    words: Words
    layout: FieldLayout


@dataclass(frozen=True, slots=True)
class Expanded:
    """The successors of a chunk of states as a set, and how many they were.

    `strangers` are the rows of states that are not among those expanded, `ends` the rows of states
    without successor.
    """

    words: Words
    layout: FieldLayout
    generated: int
    strangers: Ids
    ends: Ids


class Expander:
    """The tables of an exploration, and the successors that they tell."""

    def __init__(
        self,
        slots: Slots,
        memories: Memories,
        journal: Journal,
        *,
        symmetry: bool = False,
        may_happen: Callable[[int | None, int, Action], bool] | None = None,
    ) -> None:
        """`may_happen` says of a node (None: the network), conditions and an action whether it is taken
        into account; where it is missing, every legal action is.
        """
        self.slots, self.memories = slots, memories
        self._nodes = len(slots.compiled.nodes)
        self.environment, self.memory = self._nodes, self._nodes + 1
        self._batches = MessageBatches(slots, journal)
        self._expansions = [
            Expansions(
                slots,
                place,
                self._batches,
                partial(journal.note, place),
                may_happen and partial(may_happen, place if place < self._nodes else None),
            )
            for place in range(self._nodes + 1)
        ]
        self._observed = PairTable(
            one_by_one(memories.observe), partial(journal.note, 2 * self._nodes + 1)
        )
        first = 2 * self._nodes + 2
        self.orbits = Orbits(slots, memories, journal, first) if symmetry else None

    @property
    def tables(self) -> list[PairTable]:
        """The tables, in the order in which the journal numbers them."""
        others = [] if self.orbits is None else self.orbits.tables
        return [
            *(e.index for e in self._expansions),
            *self._batches.pushed,
            self._observed,
            *others,
        ]

    @property
    def sizes(self) -> list[int]:
        """How many values each field of a state has so far."""
        slots = [len(of_node) for of_node in self.slots.slots]
        return [*slots, len(self.slots.environments), len(self.memories)]

    @property
    def start(self) -> list[Ids]:
        """The fields of the initial state."""
        slots = self.slots
        fields = (*slots.start_slots, slots.start_environment, self.memories.start)
        return [np.array([value], np.int64) for value in fields]

    def action(self, place: int, transition: int) -> Action:
        """Return the action of a transition."""
        return self._expansions[place].action(transition)

    def seen(self, place: int, transitions: Ids) -> Column:
        """Return what is seen of transitions, as numbers of sightings."""
        return self._expansions[place].seen(transitions)

    def fields(self, states: Words, layout: FieldLayout) -> list[Ids]:
        """Return the columns that a state is made of."""
        return [layout.field(states, index) for index in range(self._nodes + 2)]

    def representatives(self, states: Words, layout: FieldLayout) -> tuple[Words, FieldLayout]:
        """Return the states that stand for these, row for row: under symmetry one for each orbit."""
        if self.orbits is None:
            return states, layout
        fields = self.orbits.representatives(self.fields(states, layout))
        wider = layout.holding(self.sizes)
        return wider.pack(fields), wider

    def expand(self, states: Words, layout: FieldLayout, *, may_grow: bool) -> Expanded:
        """Return the successors of some states; without growth, of those that are no strangers.

        One thread at a time may grow the tables, while any number does without.

        Raises:
            HandlerBroke: a handler failed; only where tables may grow.
        """
        count = size(states)
        strange = None if may_grow else np.zeros(count, np.bool_)
        counts = np.zeros(count, np.int64)
        found: list[Successors] = []
        for successors in self.successors(states, layout, strange):
            counts += successors.counts
            if len(successors.rows):
                found.append(successors)
        if strange is not None and strange.any():
            counts[strange] = 0
            ends = np.flatnonzero((counts == 0) & ~strange)
            strangers = np.flatnonzero(strange)
            found = [_without(successors, strange) for successors in found]
        else:
            ends, strangers = np.flatnonzero(counts == 0), np.zeros(0, np.int64)
        words, layout = _as_set(found, layout)
        return Expanded(words, layout, int(counts.sum()), strangers, ends)

    def successors(
        self, states: Words, layout: FieldLayout, strange: npt.NDArray[np.bool_] | None
    ) -> Iterator[Successors]:
        """Yield what each place can do in these states, one place after the other.

        With `strange` no table grows: states without an answer are marked there, and what is yielded
        of them means nothing.
        """
        fields = self.fields(states, layout)
        environments = fields[self.environment]
        everyone = np.arange(size(states))
        for place, expansions in enumerate(self._expansions):
            slots = fields[place] if place < self._nodes else np.zeros_like(environments)
            found = _asked(expansions.index, slots, environments, everyone, strange)
            rows, transitions, counts = expansions.of(found)
            changes = list(self._changes(place, fields, rows, transitions, strange))
            wider = layout.holding(self.sizes)
            if wider != layout:
                states, layout = layout.convert(states, wider), wider
            words = list(taken(states, rows))
            for index, where, change in changes:
                layout.add(words, index, change, where)
            yield Successors(place, rows, transitions, counts, tuple(words), layout)

    def _changes(
        self,
        place: int,
        fields: list[Ids],
        rows: Ids,
        transitions: Ids,
        strange: npt.NDArray[np.bool_] | None,
    ) -> Iterator[tuple[int, Ids | None, Ids | Column]]:
        """Yield (field, which successors or None for all, what is added to it)."""
        if not len(rows):
            return
        expansions = self._expansions[place]
        if place < self._nodes:
            yield place, None, expansions.slot_change(transitions)
        if len(self.slots.environments) > 1:
            yield self.environment, None, expansions.environment_change(transitions)
        asked: list[tuple[int, PairTable, Column]] = [
            (node, self._batches.pushed[node], batches)
            for node, batches in expansions.sent(transitions)
        ]
        asked.append((self.memory, self._observed, expansions.seen(transitions)))
        for index, table, given in asked:
            where = np.flatnonzero(given)
            if len(where):
                here = rows.take(where)
                before = fields[index].take(here)
                after = _asked(table, before, given.take(where).astype(np.int64), here, strange)
                yield index, where, after - before


def _asked(
    table: PairTable, first: Ids, second: Ids, rows: Ids, strange: npt.NDArray[np.bool_] | None
) -> Ids:
    """Ask a table; where it may not grow, mark the states that it has no answer for."""
    if strange is None:
        return table.look_up(first, second)
    found = table.recall(first, second)
    missing = np.flatnonzero(found < 0)
    if len(missing):
        strange[rows.take(missing)] = True
        found[missing] = 0
    return found


def _without(successors: Successors, strange: npt.NDArray[np.bool_]) -> Successors:
    """Return the successors of states that are no strangers; their counts are not adapted."""
    known = np.flatnonzero(~strange.take(successors.rows))
    return Successors(
        successors.place,
        successors.rows.take(known),
        successors.transitions.take(known),
        successors.counts,
        taken(successors.words, known),
        successors.layout,
    )


def _as_set(found: Sequence[Successors], layout: FieldLayout) -> tuple[Words, FieldLayout]:
    """Return all successors as one set, in the widest of their layouts."""
    if not found:
        return nothing(layout.word_count), layout
    last = found[-1].layout
    parts = [each.layout.convert(each.words, last) for each in found]
    return unique(joined(parts)), last
