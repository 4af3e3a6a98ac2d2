"""Liveness in columns: the graph of what can happen after the faults have stopped, a level at a time.

The faults stop in all states of a level at once, by tables; what can happen then is explored as ever,
with every way to stop in its first level. The graph itself is never kept: where circles are looked for,
the states of a part are expanded once more, and a state without successors or predecessors in the part
is left out again and again. What remains has all circles, is mostly small, and is judged by
`exploration.lasso`, edge by edge.

Under symmetry the faults stop in one state of each orbit, for every group of nodes that may stay
silent; from then on names count again, since fairness is a matter of single nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from time import monotonic

import numpy as np

from counterpoint.model.actions import Settle
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.established import Counts, Established
from counterpoint.model.search.columnar.expander import Expander, Successors
from counterpoint.model.search.columnar.explorer import CHUNK_STATES, VectorExplorer
from counterpoint.model.search.columnar.held import HeldStates
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Marks, Words
from counterpoint.model.search.columnar.pairs import PairTable, one_by_one
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import (
    fresh,
    is_in,
    places,
    rows_of,
    size,
    taken,
    unique,
)
from counterpoint.model.search.columnar.way_back import WayBack
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.exploration.explore import Limits, StateViolation, Stop
from counterpoint.model.search.exploration.lasso import Endings, endings_after
from counterpoint.model.search.exploration.settled_graph import (
    Edges,
    SettledEdge,
    SettledSteps,
    StateFields,
    limit_reached,
)
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action


def explore_endings(
    scenario: Scenario, limits: Limits | None = None, *, symmetry: bool = False, workers: int = 1
) -> Endings:
    """Explore, let the faults stop everywhere, and judge every way in which a run can go on for ever.

    The same as `lasso.explore_endings`, which is its twin.
    """
    limits = limits or Limits()
    explorer = VectorExplorer(
        scenario.replace(properties=(), invariants=()),
        no_op="consume",
        limits=limits,
        symmetry=symmetry,
        workers=workers,
        has_open_calls=True,
    )
    *_, explored = explorer.explore()
    steps = SettledSteps(scenario, explorer.slots)
    return endings_after(explored, lambda: GraphInColumns(explorer, steps, limits))


class GraphInColumns:
    """The states after the faults have stopped, level by level; edges are worked out when asked for."""

    def __init__(self, explorer: VectorExplorer, steps: SettledSteps, limits: Limits) -> None:
        self._explorer, self.steps, self._limits = explorer, steps, limits
        self._before = explorer.progress.states
        self._started = monotonic()
        slots, memories = explorer.slots, explorer.memories
        self._memory = memories.start
        self._expander = Expander(slots, memories, Journal(), may_happen=steps.may_happen)
        self._stops = Stops(steps)
        layout = FieldLayout(tuple(max(n.bit_length(), 4) for n in self._expander.sizes))
        self._known = HeldStates(layout.holding(self._expander.sizes), (), ())
        self._ends: list[list[Ids]] = []
        self._crew = Crew(1)

    @property
    def size(self) -> int:
        """How many states were found."""
        return sum(self._known.sizes)

    def build(self) -> Stop | StateViolation | None:
        """Build it; return the limit or the failure that it ran into, None if it is whole."""
        pending = self._known.pending()
        for level in range(self._explorer.level_count):
            for columns in self._explorer.columns(level):
                layout, words = self._packed(self._stops.after(columns)[0])
                pending.add(layout, unique(words))
                pending.unite(layout, self._crew)
        self._known = pending.finished(self._layout, self._crew)
        while (over := self._next_level()) is None:
            pass
        return None if over == "complete" else over

    @property
    def _layout(self) -> FieldLayout:
        return self._known.layout.holding(self._expander.sizes)

    def _packed(self, columns: list[Ids]) -> tuple[FieldLayout, Words]:
        return self._layout, self._layout.pack(columns)

    def _next_level(self) -> Stop | StateViolation | None:
        """Expand the deepest level; return why that was the last, None if it was not."""
        known, pending = self._known, self._known.pending()
        for start in range(0, known.sizes[-1], CHUNK_STATES):
            over = limit_reached(self._limits, self._before + self.size, self._started)
            if over is not None:
                return over
            states = known.rows(len(known.levels) - 1, start, start + CHUNK_STATES)
            try:
                expanded = self._expander.expand(states, known.layout, may_grow=True)
            except HandlerBroke as broke:
                return self._failure(states, broke)
            self._ends.append(self._expander.fields(taken(states, expanded.ends), known.layout))
            if size(expanded.words):
                pending.add(expanded.layout, expanded.words)
            pending.unite(self._layout, self._crew)
        self._known = pending.finished(self._layout, self._crew)
        return "complete" if len(self._known.levels) == len(known.levels) else None

    def _failure(self, states: Words, broke: HandlerBroke) -> StateViolation:
        fields = self._expander.fields(states, self._known.layout)
        is_there = fields[self._expander.environment] == broke.environment
        row = int(np.flatnonzero(is_there & (fields[broke.node] == broke.slot))[0])
        state = tuple(int(column[row]) for column in fields[:-1])
        return StateViolation(HANDLER_PROPERTY, self.run(state, (broke.action,)))

    # What is judged.

    def ends(self, *, each: bool) -> Iterator[tuple[StateFields, int]]:
        """Yield states without successor, and for how many each stands: those with its conditions."""
        columns = [np.concatenate(parts) for parts in zip(*self._ends, strict=True)][:-1]
        if each:
            rows, counts = np.arange(len(columns[0])), np.ones(len(columns[0]), np.int64)
        else:
            _, rows, counts = np.unique(columns[-1], return_index=True, return_counts=True)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
            yield tuple(int(column[row]) for column in columns), count

    def edges(self, state: StateFields) -> tuple[SettledEdge, ...]:
        """Return what can happen in a state."""
        return tuple(self.steps.successors(state))

    def circles(self, node: int | None) -> Edges:
        """Return all of a part that is left when what is on no circle is left out again and again."""
        part = self._all if node is None else self._part(node)
        found = list(self._edges_within(part, node))
        if not found:
            return {}
        source, target = (np.concatenate(column) for column in zip(*found, strict=True))
        rows = _on_circles(size(part), source, target)
        fields = self._expander.fields(taken(part, rows), self._known.layout)[:-1]
        states = set(zip(*(column.tolist() for column in fields), strict=True))
        return {
            state: tuple(
                edge
                for edge in self.steps.successors(state)
                if edge.target in states and (node is None or self.steps.stays_open(edge, node))
            )
            for state in states
        }

    @cached_property
    def _all(self) -> Words:
        return fresh(self._known.levels, (), self._crew)

    def _part(self, node: int) -> Words:
        environments = self._known.layout.field(self._all, self._expander.environment)
        return taken(self._all, np.flatnonzero(self._is_pending(node).take(environments)))

    def _is_pending(self, node: int) -> Marks:
        """Tell of all conditions whether a call of a node is owed an answer after the faults."""
        steps, known = self.steps, self.steps.slots.environments
        settled = [e for e, conditions in enumerate(known) if conditions.settled is not None]
        is_pending = np.zeros(len(known), np.bool_)
        is_pending[[e for e in settled if steps.is_pending(e, node)]] = True
        return is_pending

    def _edges_within(self, part: Words, node: int | None) -> Iterator[tuple[Ids, Ids]]:
        """Yield the edges of a part by which a call of the node stays open, as two columns of rows."""
        layout, expander = self._known.layout, self._expander
        stays_open = None if node is None else self._stays_open(node)
        for start in range(0, size(part), CHUNK_STATES):
            states = rows_of(part, start, start + CHUNK_STATES)
            for successors in expander.successors(states, layout, None):
                keep = np.arange(len(successors.rows))
                if stays_open is not None:
                    keep = stays_open(successors)
                words = successors.layout.convert(taken(successors.words, keep), layout)
                yield start + successors.rows.take(keep), places(words, part)

    def _stays_open(self, node: int) -> Callable[[Successors], Ids]:
        """Return what tells in which successors a call of a node is owed an answer as before."""
        expander, sightings = self._expander, range(len(self.steps.slots.sightings))
        is_answer = np.array([node in self.steps.answers(s) for s in sightings], np.bool_)
        is_pending = self._is_pending(node)

        def staying(successors: Successors) -> Ids:
            seen = expander.seen(successors.place, successors.transitions)
            environments = successors.layout.field(successors.words, expander.environment)
            return np.flatnonzero(~is_answer.take(seen) & is_pending.take(environments))

        return staying

    # Runs.

    def run(self, state: StateFields, circle: tuple[Action, ...] = ()) -> tuple[Action, ...]:
        """Return the choices of a run to a state, and of what goes on from there."""
        fields = [np.array([value], np.int64) for value in (*state, self._memory)]
        target = self._known.layout.pack(fields)
        levels = self._known.levels
        level = next(n for n, words in enumerate(levels) if is_in(target, words)[0])
        back = WayBack(
            self._expander, Established(self._known, Counts(0)), CHUNK_STATES, self._crew
        )
        choices, start = back.from_first_level(level, fields)
        steps, before, silent = self._origin(start)
        tail = (Settle(silent), *choices, *circle)
        return self._explorer.run_on(steps, before, tail)

    def _origin(self, start: list[Ids]) -> tuple[int, StateFields, tuple[NodeId, ...]]:
        """Return a state in which the faults stop as in one of the first level, and who is silent."""
        for steps in range(self._explorer.level_count):
            for columns in self._explorer.columns(steps):
                after, rows, stops = self._stops.after(columns)
                same = [column == value[0] for column, value in zip(after, start, strict=True)]
                hits = np.flatnonzero(np.logical_and.reduce(same))
                if len(hits):
                    row = int(rows[hits[0]])
                    state = tuple(int(column[row]) for column in columns)
                    return steps, state, self._stops.silent(int(stops[hits[0]]))
        raise AssertionError("the faults stop in no state as in this one")


class Stops:
    """Every way in which the faults can stop: under which conditions, and who stays silent."""

    def __init__(self, steps: SettledSteps) -> None:
        self._steps, self._slots = steps, steps.slots
        self._ways: list[tuple[int, tuple[NodeId, ...]]] = []
        self._of: dict[int, tuple[int, int]] = {}
        nodes = range(len(steps.scenario.system.nodes))
        self._tables = [
            PairTable(one_by_one(partial(self._settled, node, 0)), _no_journal) for node in nodes
        ] + [PairTable(one_by_one(partial(self._settled, 0, 1)), _no_journal)]

    def after(self, columns: list[Ids]) -> tuple[list[Ids], Ids, Ids]:
        """Return the columns after every way to stop, from which row each is, and by which way."""
        *slots, environments, memories = columns
        present, inverse = np.unique(environments, return_inverse=True)
        first, count = np.array([self._ways_from(e) for e in present.tolist()], np.int64).T
        counts = count.take(inverse)
        rows = np.repeat(np.arange(len(environments)), counts)
        begin = np.cumsum(counts) - counts
        ways = np.arange(len(rows)) + (first.take(inverse) - begin).take(rows)
        before = [column.take(rows) for column in (*slots, slots[0])]
        after = [t.look_up(column, ways) for t, column in zip(self._tables, before, strict=True)]
        return [*after, memories.take(rows)], rows, ways

    def silent(self, way: int) -> tuple[NodeId, ...]:
        """Return who stays silent."""
        return self._ways[way][1]

    def _ways_from(self, environment: int) -> tuple[int, int]:
        if environment not in self._of:
            found = [(environment, silent) for silent in self._steps.tolerated(environment)]
            self._of[environment] = len(self._ways), len(found)
            self._ways += found
        return self._of[environment]

    def _settled(self, node: int, part: int, slot: int, way: int) -> int:
        return self._slots.settled(node, slot, *self._ways[way])[part]


def _no_journal(first: Ids, second: Ids) -> None:
    del first, second


def _on_circles(count: int, source: Ids, target: Ids) -> Ids:
    """Return the rows that are left when all without successor or predecessor are left out."""
    while True:
        has_both = (np.bincount(source, minlength=count) > 0) & (
            np.bincount(target, minlength=count) > 0
        )
        keep = has_both.take(source) & has_both.take(target)
        if keep.all():
            return np.flatnonzero(has_both)
        source, target = source[keep], target[keep]
