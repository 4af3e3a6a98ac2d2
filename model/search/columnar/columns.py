"""The tables of an exploration as numpy columns: what can happen in a slot, what messages change."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.engine.slots import Slots, Transition

Column: TypeAlias = npt.NDArray[np.int32]

DENSE_CELLS_MAX = 1 << 27
"""A table of pairs up to this many cells is an array; a larger one is searched."""


class Growing:
    """An array of integers that grows at its end, in batches: `settle` makes it whole.

    A value that is not put is 0. One thread may let it grow while others read what was settled.
    """

    def __init__(self) -> None:
        self._array = np.zeros(1024, np.int32)
        self._count = 0
        self._places: list[int] = []
        self._values: list[int] = []

    def __len__(self) -> int:
        return self._count

    def put(self, place: int, value: int) -> None:
        """Set a value beyond those that are settled."""
        self._places.append(place)
        self._values.append(value)

    def settle(self, count: int) -> None:
        """Let there be `count` values."""
        if count > len(self._array):
            larger = np.zeros(1 << count.bit_length(), np.int32)
            larger[: self._count] = self.array
            self._array = larger
        self._array[self._places] = self._values
        self._places, self._values = [], []
        # Last, and the array is read first: who sees the new count sees the new values.
        self._count = count

    @property
    def array(self) -> Column:
        """The values that are settled."""
        return self._array[: self._count]


class PairTable:
    """A function of two small integers, asked in bulk, computed once for each pair.

    One thread may let it grow while others recall: they see a pair's answer only when it is whole.
    """

    def __init__(
        self,
        compute: Callable[[int, int], int],
        note: Callable[[int, int], None],
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        """`settle` is called before answers can be seen that were computed since."""
        self._answer, self._note, self._settle = compute, note, settle
        self._cells = np.full((64, 16), -1, np.int32)
        self._sparse: dict[tuple[int, int], int] | None = None

    def _compute(self, first: int, second: int) -> int:
        answer = self._answer(first, second)
        self._note(first, second)
        return answer

    def ask(self, first: int, second: int) -> int:
        """Return the function of one pair."""
        pair = np.array([first], np.int64), np.array([second], np.int64)
        return int(self.look_up(*pair)[0])

    def look_up(self, first: Ids, second: Ids) -> Ids:
        """Return the function of each pair."""
        if not len(first):
            return np.zeros(0, np.int64)
        self._make_room(int(first.max()) + 1, int(second.max()) + 1)
        if self._sparse is not None:
            return self._look_up_sparse(first, second, self._sparse)
        found = _gathered(self._cells, first, second)
        missing = np.flatnonzero(found < 0)
        if len(missing):
            self._fill(first[missing], second[missing])
            found[missing] = self._cells[first[missing], second[missing]]
        return found

    def recall(self, first: Ids, second: Ids) -> Ids:
        """Return the function of each pair, -1 for a pair that was not asked before."""
        if not len(first):
            return np.zeros(0, np.int64)
        if self._sparse is not None:
            pairs, known = zip(first.tolist(), second.tolist(), strict=True), self._sparse
            return np.array([known.get(pair, -1) for pair in pairs], np.int64)
        cells = self._cells
        rows, columns = cells.shape
        if first.max() < rows and second.max() < columns:
            return _gathered(cells, first, second)
        is_inside = (first < rows) & (second < columns)
        found = _gathered(cells, np.where(is_inside, first, 0), np.where(is_inside, second, 0))
        return np.where(is_inside, found, -1)

    def _fill(self, first: Ids, second: Ids) -> None:
        width = int(second.max()) + 1
        pairs = np.unique(first * width + second)
        answers: list[int] = []
        try:
            with _without_collection():
                for pair in pairs.tolist():
                    answers.append(self._compute(*divmod(pair, width)))
        finally:
            self._settle()
            answered = pairs[: len(answers)]
            self._cells[answered // width, answered % width] = answers

    def _make_room(self, rows: int, columns: int) -> None:
        if self._sparse is not None:
            return
        old_rows, old_columns = self._cells.shape
        if rows <= old_rows and columns <= old_columns:
            return
        new_rows = max(old_rows, 1 << (rows - 1).bit_length()) if rows > old_rows else old_rows
        new_columns = (
            max(old_columns, 1 << (columns - 1).bit_length())
            if columns > old_columns
            else old_columns
        )
        if new_rows * new_columns > DENSE_CELLS_MAX:
            known = np.argwhere(self._cells >= 0).tolist()
            self._sparse = {(a, b): int(self._cells[a, b]) for a, b in known}
            return
        cells = np.full((new_rows, new_columns), -1, np.int32)
        cells[:old_rows, :old_columns] = self._cells
        self._cells = cells

    def _look_up_sparse(self, first: Ids, second: Ids, known: dict[tuple[int, int], int]) -> Ids:
        width = int(second.max()) + 1
        pairs, inverse = np.unique(first * width + second, return_inverse=True)
        values = np.empty(len(pairs), np.int64)
        for position, pair in enumerate(pairs.tolist()):
            key = divmod(pair, width)
            if key not in known:
                answer = self._compute(*key)
                self._settle()
                known[key] = answer
            values[position] = known[key]
        return values[inverse]


def _gathered(cells: Column, first: Ids, second: Ids) -> Ids:
    # One flat gather takes half the time of one by two indices.
    found: Ids = cells.reshape(-1).take(first * cells.shape[1] + second).astype(np.int64)
    return found


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let no garbage be looked for: tables only grow, and the search took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Expansions:
    """What can happen at one place, by slot and conditions: rows of transitions, in columns.

    Place `node` is a node's number, or the number of nodes for the network as a whole. `bundles[j]`
    holds local numbers of the bundles sent to node j, 0 for none.
    """

    def __init__(
        self, slots: Slots, node: int, bundles: Bundles, note: Callable[[int, int], None]
    ) -> None:
        self._slots, self._node, self._bundles = slots, node, bundles
        self._start, self._count = Growing(), Growing()
        self._slot_change, self._environment_change = Growing(), Growing()
        self._seen = Growing()
        self._to = {j: Growing() for j in range(len(slots.compiled.nodes)) if j != node}
        self._ever_sent_to: set[int] = set()
        self._sent_to: tuple[int, ...] = ()
        self._expansion_count = 0
        self.transitions: list[Transition] = []
        self.index = PairTable(self._compile, note, self._settle)

    def _compile(self, slot: int, environment: int) -> int:
        if self._node == len(self._slots.compiled.nodes):
            found = self._slots.expand_network(environment)
        else:
            found = self._slots.expand(self._node, slot, environment)
        number, first = self._expansion_count, len(self.transitions)
        self._start.put(number, first)
        self._count.put(number, len(found))
        for place, transition in enumerate(found, first):
            self._slot_change.put(place, transition.slot - slot)
            if transition.environment != environment:
                self._environment_change.put(place, transition.environment - environment)
            if transition.seen:
                self._seen.put(place, transition.seen)
            for node, bundle in transition.bundles:
                self._to[node].put(place, self._bundles.local(node, bundle))
                self._ever_sent_to.add(node)
        self.transitions.extend(found)
        self._expansion_count += 1
        return number

    def _settle(self) -> None:
        for column in (self._start, self._count):
            column.settle(self._expansion_count)
        for column in (self._slot_change, self._environment_change, self._seen, *self._to.values()):
            column.settle(len(self.transitions))
        self._sent_to = tuple(sorted(self._ever_sent_to))

    def of(self, expansion: Ids) -> tuple[Ids, Ids, Ids]:
        """Return, for states with these expansions, (row of each successor, transition, counts).

        `counts` says how many successors each state has.
        """
        counts = self._count.array.take(expansion).astype(np.int64)
        ends = np.cumsum(counts)
        rows = np.repeat(np.arange(len(expansion), dtype=np.int64), counts)
        offset = self._start.array.take(expansion) - ends + counts
        transitions = np.arange(len(rows), dtype=np.int64)
        transitions += offset.take(rows)
        return rows, transitions, counts

    def slot_change(self, transitions: Ids) -> Column:
        """Return what each transition adds to the slot of the place."""
        return self._slot_change.array.take(transitions)

    def environment_change(self, transitions: Ids) -> Column:
        """Return what each transition adds to the number of the conditions."""
        return self._environment_change.array.take(transitions)

    def seen(self, transitions: Ids) -> Column:
        """Return what is seen of each transition."""
        return self._seen.array.take(transitions)

    def sent(self, transitions: Ids) -> Iterator[tuple[int, Column]]:
        """Yield each other node that is sent anything, and the local bundle of each transition."""
        for node in self._sent_to:
            yield node, self._to[node].array.take(transitions)


class Bundles:
    """Bundles of messages numbered apart for each receiver, so that tables of pairs stay small."""

    def __init__(self, slots: Slots, journal: Journal) -> None:
        nodes = range(len(slots.compiled.nodes))
        self._slots = slots
        self._local: list[dict[int, int]] = [{0: 0} for _ in nodes]
        self._global: list[list[int]] = [[0] for _ in nodes]
        first = len(nodes) + 1
        self.pushed = tuple(
            PairTable(self._pusher(node), partial(journal.note, first + node)) for node in nodes
        )

    def local(self, node: int, bundle: int) -> int:
        """Return the number of a bundle among those sent to a node."""
        known = self._local[node].setdefault(bundle, len(self._global[node]))
        if known == len(self._global[node]):
            self._global[node].append(bundle)
        return known

    def _pusher(self, node: int) -> Callable[[int, int], int]:
        return lambda slot, local: self._slots.push(node, slot, self._global[node][local])


class Looks:
    """What can be told of a node by its slot: its core, and whether a call is open in it."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        nodes = range(len(slots.compiled.nodes))
        self._cores = [Growing() for _ in nodes]
        self._is_pending = [Growing() for _ in nodes]

    def _note(self, node: int) -> None:
        cores, pending = self._cores[node], self._is_pending[node]
        slots = self._slots.slots[node]
        for place, slot in enumerate(slots[len(cores) :], len(cores)):
            cores.put(place, slot.core)
            if self._slots.compiled.cores[slot.core].pending is not None:
                pending.put(place, 1)
        for column in (cores, pending):
            column.settle(len(slots))

    def cores(self, node: int, slots: Ids) -> Ids:
        """Return the core of a node in each of these slots."""
        self._note(node)
        return self._cores[node].array.take(slots).astype(np.int64)

    def is_pending(self, node: int, slots: Ids) -> npt.NDArray[np.bool_]:
        """Tell for each of these slots whether a call of the node is open."""
        self._note(node)
        return self._is_pending[node].array.take(slots) > 0
