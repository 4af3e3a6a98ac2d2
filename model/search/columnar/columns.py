"""The tables of an exploration as numpy columns: what can happen in a slot, what messages change."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.world import Action

Column: TypeAlias = npt.NDArray[np.int32]

EffectSink: TypeAlias = Callable[[Ids, Ids], None]
"""Takes down pairs that were answered, in their order."""

DENSE_CELLS_MAX = 1 << 27
"""A table of pairs up to this many cells is an array; a larger one is searched."""


class Growing:
    """An array of integers that grows at its end, many at a time.

    One thread may let it grow while others read.
    """

    def __init__(self) -> None:
        self._array = np.zeros(1024, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Column | Ids | list[int]) -> None:
        """Add values at the end."""
        count = self._count + len(values)
        if count > len(self._array):
            larger = np.zeros(1 << count.bit_length(), np.int32)
            larger[: self._count] = self.array
            self._array = larger
        self._array[self._count : count] = values
        # Last, and the array is read first: who sees the new count sees the new values.
        self._count = count

    @property
    def array(self) -> Column:
        """The values so far."""
        return self._array[: self._count]


class PairTable:
    """A function of two small integers, asked in bulk, computed once for each pair.

    One thread may let it grow while others recall: they see a pair's answer only when it is whole.
    """

    def __init__(
        self,
        compute: Callable[[int, int], int],
        note: EffectSink,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        """`settle` is called before answers can be seen that were computed since."""
        self._compute, self._note, self._settle = compute, note, settle
        self._cells = np.full((64, 16), -1, np.int32)
        self._sparse: dict[tuple[int, int], int] | None = None

    def learn(self, first: Ids, second: Ids) -> None:
        """Compute the function of pairs that were not asked before, in the order given."""
        self._make_room(int(first.max()) + 1, int(second.max()) + 1)
        if self._sparse is None:
            self._answer(first, second)
            return
        for row in range(len(first)):
            self.look_up(first[row : row + 1], second[row : row + 1])

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
            first, second = first.take(missing), second.take(missing)
            self._fill(first, second)
            found[missing] = _gathered(self._cells, first, second)
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
        self._answer(*np.divmod(np.unique(first * width + second), width))

    def _answer(self, rows: Ids, columns: Ids) -> None:
        answers: list[int] = []
        try:
            with _without_collection():
                for answer in map(self._compute, rows.tolist(), columns.tolist()):
                    answers.append(answer)
        finally:
            # What was answered before a handler failed is known, and in the journal.
            self._settle()
            rows, columns = rows[: len(answers)], columns[: len(answers)]
            self._note(rows, columns)
            self._cells[rows, columns] = answers

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
                self._note(*(np.array([value], np.int64) for value in key))
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


@dataclass(slots=True)
class Recent:
    """What was expanded and is not in columns yet: (slot, conditions, count of moves); the moves."""

    expanded: list[tuple[int, int, int]] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)


class EffectColumns:
    """The effects of one place in columns. `to[j]` holds local numbers of batches, as `Expansions`."""

    def __init__(self, slots: Slots, node: int, batches: MessageBatches) -> None:
        self._effects, self._batches = slots.effects[node], batches
        self.environment, self.seen = Growing(), Growing()
        self.to = {j: Growing() for j in range(len(slots.compiled.nodes)) if j != node}
        self.sent_to: set[int] = set()

    def update(self) -> None:
        """Add the effects that are new."""
        fresh = self._effects[len(self.seen) :]
        batches = {node: np.zeros(len(fresh), np.int32) for node in self.to}
        for row, effect in enumerate(fresh):
            for node, batch in effect.batches:
                batches[node][row] = self._batches.local(node, batch)
                self.sent_to.add(node)
        for node, column in self.to.items():
            column.extend(batches[node])
        self.environment.extend([effect.environment for effect in fresh])
        self.seen.extend([effect.seen for effect in fresh])


class Expansions:
    """What can happen at one place, by slot and conditions: rows of transitions, in columns.

    Place `node` is a node's number, or the number of nodes for the network as a whole. `batches[j]`
    holds local numbers of the batches sent to node j, 0 for none.
    """

    def __init__(
        self,
        slots: Slots,
        node: int,
        batches: MessageBatches,
        note: EffectSink,
        may_happen: Callable[[int, Action], bool] | None = None,
    ) -> None:
        """`may_happen` leaves out what an action does under some conditions; None: nothing."""
        self._slots, self._node, self._batches = slots, node, batches
        self._may_happen = may_happen
        self._effects = EffectColumns(slots, node, batches)
        self._start, self._count = Growing(), Growing()
        self._slot_change, self._environment_change = Growing(), Growing()
        self._effect, self._seen = Growing(), Growing()
        self._to = {j: Growing() for j in self._effects.to}
        self._sent_to: tuple[int, ...] = ()
        self._recent = Recent()
        self.index = PairTable(self._compile, note, self._settle)

    def action(self, transition: int) -> Action:
        """Return the action of a transition."""
        return self._slots.effects[self._node][int(self._effect.array[transition])].action

    def _compile(self, slot: int, environment: int) -> int:
        if self._node == len(self._slots.compiled.nodes):
            slots, effects = self._slots.network_moves(environment)
        else:
            slots, effects = self._slots.moves(self._node, slot, environment)
        if self._may_happen is not None:
            known = self._slots.effects[self._node]
            pairs = [
                (s, e)
                for s, e in zip(slots, effects, strict=True)
                if self._may_happen(environment, known[e].action)
            ]
            slots, effects = [s for s, _ in pairs], [e for _, e in pairs]
        recent = self._recent
        recent.slots += slots
        recent.effects += effects
        recent.expanded.append((slot, environment, len(slots)))
        return len(self._count) + len(recent.expanded) - 1

    def _settle(self) -> None:
        """Make columns of the recent transitions: what is the same in all with an effect, from it."""
        recent, self._recent, of_effect = self._recent, Recent(), self._effects
        if not recent.expanded:
            return
        of_effect.update()
        slots, environments, counts = np.array(recent.expanded, np.int32).T
        effects = np.array(recent.effects, np.int32)
        before = len(self._slot_change)
        self._slot_change.extend(np.array(recent.slots, np.int32) - slots.repeat(counts))
        self._environment_change.extend(
            of_effect.environment.array.take(effects) - environments.repeat(counts)
        )
        self._effect.extend(effects)
        self._seen.extend(of_effect.seen.array.take(effects))
        for node, column in self._to.items():
            column.extend(of_effect.to[node].array.take(effects))
        self._sent_to = tuple(sorted(of_effect.sent_to))
        self._start.extend(before + np.cumsum(counts) - counts)
        self._count.extend(counts)

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
        """Yield each other node that is sent anything, and the local batch of each transition."""
        for node in self._sent_to:
            yield node, self._to[node].array.take(transitions)


class MessageBatches:
    """Batches of messages, numbered apart for each receiver, so that tables of pairs stay small."""

    def __init__(self, slots: Slots, journal: Journal) -> None:
        nodes = range(len(slots.compiled.nodes))
        self._slots = slots
        self._local: list[dict[int, int]] = [{0: 0} for _ in nodes]
        self._global: list[list[int]] = [[0] for _ in nodes]
        first = len(nodes) + 1
        self.pushed = tuple(
            PairTable(self._pusher(node), partial(journal.note, first + node)) for node in nodes
        )

    def local(self, node: int, batch: int) -> int:
        """Return the number of a batch among those sent to a node."""
        known = self._local[node].setdefault(batch, len(self._global[node]))
        if known == len(self._global[node]):
            self._global[node].append(batch)
        return known

    def _pusher(self, node: int) -> Callable[[int, int], int]:
        push, batches = self._slots.push, self._global[node]
        return lambda slot, local: push(node, slot, batches[local])


class SlotView:
    """What can be told of a node by its slot: its node state, and whether a call is open in it."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        nodes = range(len(slots.compiled.nodes))
        self._node_states = [Growing() for _ in nodes]
        self._is_pending = [Growing() for _ in nodes]

    def _note(self, node: int) -> None:
        compiled = self._slots.compiled
        node_states = [
            slot.node_state for slot in self._slots.slots[node][len(self._node_states[node]) :]
        ]
        if node_states:
            self._node_states[node].extend(node_states)
            self._is_pending[node].extend(
                [compiled.node_states[c].pending is not None for c in node_states]
            )

    def node_states(self, node: int, slots: Ids) -> Ids:
        """Return the node state of a node in each of these slots."""
        self._note(node)
        return self._node_states[node].array.take(slots).astype(np.int64)

    def is_pending(self, node: int, slots: Ids) -> npt.NDArray[np.bool_]:
        """Tell for each of these slots whether a call of the node is open."""
        self._note(node)
        return self._is_pending[node].array.take(slots) > 0
