"""What can happen in thousands of slots of a node at once, and what messages make of them.

What a message does to a node state is asked of `Slots.steps`, once for all slots with that node state;
what it leaves of their mailboxes is worked out on arrays. Slots get the numbers that they would get
one after the other: `Slots.moves` and `Slots.push` are the twins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

import numpy as np

from counterpoint.model.search.columnar.filing import BatchRows, Filing, without
from counterpoint.model.search.columnar.growing import Column, Growing, spread
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.slot_columns import HELD, Codes, columns_of, numbering
from counterpoint.model.search.engine.effects import NodeStateStep
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.engine.transition_tables import Message

BLOCK = 1 << 14
"""So many slots are looked at at once: their mailboxes fit the processor's cache."""


class Moved(NamedTuple):
    """What can happen in some slots in a row: how much in each; the slots after it, and the effects."""

    counts: Ids
    slots: Ids
    effects: Column


class MovesAtOnce:
    """The moves of one node, in bulk, while nothing interferes: `Slots.is_quiet`."""

    def __init__(self, slots: Slots, node: int) -> None:
        self._slots, self._node, self._columns = slots, node, columns_of(slots, node)
        self._situations: defaultdict[int, int] = numbering()
        self._asked: dict[int, int] = {}
        self._steps = StepColumns()
        self._filing = Filing(slots)

    def moves(self, slots: Ids, environments: Ids) -> Iterator[Moved]:
        """Yield what can happen, slot by slot, under the conditions given with each.

        Raises:
            HandlerBroke: a handler failed; what can happen in the slots before was yielded.
        """
        for start in range(0, len(slots), BLOCK):
            here = slice(start, start + BLOCK)
            yield from self._of_block(slots[here], environments[here])

    def pushed(self, slots: Ids, batches: BatchRows, given: Ids) -> Iterator[Ids]:
        """Yield the slots after each was sent the batch that is given with it."""
        for start in range(0, len(slots), BLOCK):
            here = slots[start : start + BLOCK]
            sent = batches.take(given[start : start + BLOCK])
            codes = self._joined(self._columns.codes(here), sent)
            yield self._numbers(self._columns.node_states(here), codes)

    def _of_block(self, slots: Ids, environments: Ids) -> Iterator[Moved]:
        codes = self._columns.codes(slots)
        rows, positions = self._next_ones(codes)
        keys = self._keys(slots, environments, codes, rows, positions)
        steps = np.fromiter(map(self._asked.get, keys, repeat(-1)), np.int64, len(keys))
        width = codes.shape[1]
        for at in np.flatnonzero(steps < 0).tolist():
            row, position = rows[at], positions[at]
            message = int(codes[row, position]) - 1 if position < width else None
            try:
                steps[at] = self._learnt(keys[at], int(slots[row]), int(environments[row]), message)
            except BaseException:
                before = slice(0, int(np.searchsorted(rows, row)))
                yield self._moved(codes[:row], rows[before], positions[before], steps[before])
                raise
        yield self._moved(codes, rows, positions, steps)

    def _next_ones(self, codes: Codes) -> tuple[Ids, Ids]:
        """Return which messages may arrive next: (row, position), in their order.

        After those of a row comes a position beyond: what the node does by itself.
        """
        count, width = codes.shape
        is_next = np.ones((count, width + 1), np.bool_)
        if self._slots.compiled.has_deliveries:
            same = self._filing.sources(codes) if self._slots.is_ordered else codes
            np.not_equal(same[:, 1:], same[:, :-1], out=is_next[:, 1:width])
            is_next[:, :width] &= (codes > 0) & (codes < HELD)
        else:
            is_next[:, :width] = False
        rows, positions = np.nonzero(is_next)
        return rows, positions

    def _keys(
        self, slots: Ids, environments: Ids, codes: Codes, rows: Ids, positions: Ids
    ) -> list[int]:
        """Return a number for (node state, conditions, message) each time."""
        pairs = self._columns.node_states(slots).astype(np.int64) << 32 | environments
        situations = np.fromiter(
            map(self._situations.__getitem__, pairs.tolist()), np.int64, len(pairs)
        )
        padded = np.pad(codes, ((0, 0), (0, 1)))
        messages = padded.reshape(-1).take(rows * padded.shape[1] + positions)
        keys: list[int] = (situations.take(rows) << 32 | messages).tolist()
        return keys

    def _learnt(self, key: int, slot: int, environment: int, message: Message | None) -> int:
        if key not in self._asked:
            steps = self._slots.steps(self._node, slot, environment, message)
            self._asked[key] = self._steps.add(steps)
        return self._asked[key]

    def _moved(self, codes: Codes, rows: Ids, positions: Ids, steps: Ids) -> Moved:
        """Return the moves of all slots of a block, of which `codes` are the mailboxes."""
        which, node_states, own, effects = self._steps.of(steps)
        rows, positions = rows.take(which), positions.take(which)
        left = without(codes, rows, positions)
        sending = np.flatnonzero(own)
        if len(sending):
            sent = self._steps.sent.take(own.take(sending))
            joined = self._joined(left.take(sending, axis=0), sent)
            left = np.pad(left, ((0, 0), (0, sent.shape[1])))
            left[sending] = joined
        return Moved(
            np.bincount(rows, minlength=len(codes)), self._numbers(node_states, left), effects
        )

    def _joined(self, codes: Codes, sent: Codes) -> Codes:
        return self._filing.filed(np.concatenate([codes, sent], axis=1))

    def _numbers(self, node_states: Column, codes: Codes) -> Ids:
        return self._columns.numbers(node_states, self._filing.relevant(node_states, codes))


class StepColumns:
    """Groups of steps in columns: what may become of a message in a node state."""

    def __init__(self) -> None:
        self._start, self._count = Growing(), Growing()
        self._node_state, self._own, self._effect = Growing(), Growing(), Growing()
        self._batches: list[tuple[Message, ...]] = [()]
        self.sent = BatchRows(self._batches)

    def add(self, steps: tuple[NodeStateStep, ...]) -> int:
        """Add a group; return its number."""
        self._start.extend([len(self._effect)])
        self._node_state.extend([step.node_state for step in steps])
        self._own.extend([self._batch(step.own) for step in steps])
        self._effect.extend([step.effect for step in steps])
        self._count.extend([len(steps)])
        return len(self._count) - 1

    def _batch(self, own: tuple[Message, ...]) -> int:
        if own:
            self._batches.append(own)
        return len(self._batches) - 1 if own else 0

    def of(self, groups: Ids) -> tuple[Ids, Column, Column, Column]:
        """Return all steps of groups: whose each is, the node state after it, its `sent`, its effect."""
        which, steps, _ = spread(self._start.array.take(groups), self._count.array.take(groups))
        columns = (self._node_state, self._own, self._effect)
        node_states, own, effects = (column.array.take(steps) for column in columns)
        return which, node_states, own, effects
