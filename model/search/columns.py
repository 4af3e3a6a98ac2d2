"""The tables of an exploration as numpy columns: what can happen in a slot, what messages change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.checkpoint import Journal
from counterpoint.model.search.packing import Ids
from counterpoint.model.search.slots import Slots, Transition

Column: TypeAlias = npt.NDArray[np.int32]

DENSE_CELLS_MAX = 1 << 27
"""A table of pairs up to this many cells is an array; a larger one is searched."""


class Growing:
    """An array of integers that grows at its end."""

    def __init__(self) -> None:
        self._array = np.zeros(1024, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, value: int) -> None:
        """Add a value."""
        if self._count == len(self._array):
            self._array = np.concatenate([self._array, np.zeros_like(self._array)])
        self._array[self._count] = value
        self._count += 1

    @property
    def array(self) -> Column:
        """The values so far."""
        return self._array[: self._count]


class PairTable:
    """A function of two small integers, asked in bulk, computed once for each pair."""

    def __init__(
        self, compute: Callable[[int, int], int], note: Callable[[int, int], None]
    ) -> None:
        self._answer, self._note = compute, note
        self._cells = np.full((64, 16), -1, np.int32)
        self._sparse: dict[tuple[int, int], int] | None = None
        self.is_frozen = False

    def _compute(self, first: int, second: int) -> int:
        answer = self._answer(first, second)
        self._note(first, second)
        return answer

    def ask(self, first: int, second: int) -> int:
        """Return the function of one pair."""
        pair = np.array([first], np.int64), np.array([second], np.int64)
        return int(self.look_up(*pair)[0])

    def look_up(self, first: Ids, second: Ids) -> Ids:
        """Return the function of each pair; frozen, -1 for a pair that was not asked before."""
        if not len(first):
            return np.zeros(0, np.int64)
        if self.is_frozen:
            return self._recall(first, second)
        self._make_room(int(first.max()) + 1, int(second.max()) + 1)
        if self._sparse is not None:
            return self._look_up_sparse(first, second, self._sparse)
        found = self._cells[first, second].astype(np.int64)
        missing = np.flatnonzero(found < 0)
        if len(missing):
            self._fill(first[missing], second[missing])
            found[missing] = self._cells[first[missing], second[missing]]
        return found

    def _recall(self, first: Ids, second: Ids) -> Ids:
        if self._sparse is not None:
            pairs = zip(first.tolist(), second.tolist(), strict=True)
            return np.array([self._sparse.get(pair, -1) for pair in pairs], np.int64)
        rows, columns = self._cells.shape
        is_inside = (first < rows) & (second < columns)
        found = self._cells[np.where(is_inside, first, 0), np.where(is_inside, second, 0)]
        return np.where(is_inside, found, -1).astype(np.int64)

    def _fill(self, first: Ids, second: Ids) -> None:
        width = int(second.max()) + 1
        for pair in np.unique(first * width + second).tolist():
            a, b = divmod(pair, width)
            self._cells[a, b] = self._compute(a, b)

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
                known[key] = self._compute(*key)
            values[position] = known[key]
        return values[inverse]


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
        self._slot, self._environment, self._seen = Growing(), Growing(), Growing()
        self._to = {j: Growing() for j in range(len(slots.compiled.nodes)) if j != node}
        self.transitions: list[Transition] = []
        self.index = PairTable(self._compile, note)

    def _compile(self, slot: int, environment: int) -> int:
        if self._node == len(self._slots.compiled.nodes):
            found = self._slots.expand_network(environment)
        else:
            found = self._slots.expand(self._node, slot, environment)
        self._start.append(len(self.transitions))
        self._count.append(len(found))
        for transition in found:
            self._add(transition)
        return len(self._start) - 1

    def _add(self, transition: Transition) -> None:
        self.transitions.append(transition)
        self._slot.append(transition.slot)
        self._environment.append(transition.environment)
        self._seen.append(transition.seen)
        sent = dict(transition.bundles)
        for node, column in self._to.items():
            column.append(self._bundles.local(node, sent.get(node, 0)))

    def of(self, expansion: Ids) -> tuple[Ids, Ids]:
        """Return, for states with these expansions, (row of each successor, transition)."""
        counts = self._count.array[expansion].astype(np.int64)
        total = int(counts.sum())
        rows = np.repeat(np.arange(len(expansion), dtype=np.int64), counts)
        ends = np.cumsum(counts)
        within = np.arange(total, dtype=np.int64) - np.repeat(ends - counts, counts)
        return rows, self._start.array[expansion][rows] + within

    def slot(self, transitions: Ids) -> Ids:
        """Return the slot of the place after each transition."""
        return self._slot.array[transitions].astype(np.int64)

    def environment(self, transitions: Ids) -> Ids:
        """Return the conditions after each transition."""
        return self._environment.array[transitions].astype(np.int64)

    def seen(self, transitions: Ids) -> Ids:
        """Return what is seen of each transition."""
        return self._seen.array[transitions].astype(np.int64)

    def sent(self, transitions: Ids) -> dict[int, Ids]:
        """Return the local bundle that each transition sends to each other node."""
        return {j: column.array[transitions].astype(np.int64) for j, column in self._to.items()}


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
