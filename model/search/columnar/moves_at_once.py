"""What can happen in thousands of slots of a node at once, and what messages make of them.

What a message does to a node state is asked of `Slots.steps`, once for all slots with that node state;
what it leaves of their mailboxes is worked out on arrays. Slots get the numbers that they would get
one after the other: `Slots.moves` and `Slots.push` are the twins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from counterpoint.model.search.columnar.filing import KIND, BatchRows, MailChanges, blocks
from counterpoint.model.search.columnar.growing import Column, Growing, spread
from counterpoint.model.search.columnar.keys import HALF, KeyTable, paired
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.slot_columns import columns_of
from counterpoint.model.search.engine.effects import NodeStateStep
from counterpoint.model.search.engine.node_steps import NodeStateSteps, Situation
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.engine.transition_tables import Message

FEW = 128
"""So many slots are filled one by one while slots are a list: arrays take longer for them."""

VERY_FEW = 8
"""So many are once slots are in columns, where each is read and numbered more slowly by itself."""

CODE = (1 << HALF) - 1
"""Where the code of a message is in a key."""


class BulkMoves(NamedTuple):
    """What can happen in some slots in a row: how much in each; the slots after it, and the effects."""

    counts: Ids
    slots: Ids
    effects: Column


class MovesAtOnce:
    """The moves of one node in bulk, and what is sent to it. `sent` are the batches that may be.

    Only where what interferes is asked once: all else is asked slot by slot, of slots in a list.
    """

    def __init__(self, slots: Slots, node: int, sent: BatchRows) -> None:
        self._slots, self._node, self._columns = slots, node, columns_of(slots, node)
        self._situations, self._asked = KeyTable(), KeyTable()
        self._kinds = slots.steps.interfering
        self._abouts = tuple(slots.steps.asked_once.values())
        self._steps = StepColumns()
        self._mail = MailChanges(slots, self._columns.mail)
        self._sent, self._sent_itself = self._mail.joined(sent), self._mail.joined(self._steps.sent)

    def suits(self, count: int) -> bool:
        """Tell whether so many slots take less time in bulk than one by one."""
        few = min(FEW, VERY_FEW) if self._columns.are_in_columns else FEW
        return len(self._abouts) == len(self._kinds) and count > few

    def moves(self, slots: Ids, environments: Ids) -> Iterator[BulkMoves]:
        """Yield what can happen, slot by slot, under the conditions given with each.

        Raises:
            HandlerBroke: a handler failed; what can happen in the slots before was yielded.
        """
        for here in blocks(len(slots)):
            yield from self._of_block(slots[here], environments[here])

    def _of_block(self, slots: Ids, environments: Ids) -> Iterator[BulkMoves]:
        mailboxes, node_states = self._columns.mailboxes(slots), self._columns.node_states(slots)
        situations, _ = self._situations.number(paired(node_states, environments))
        rows, positions, codes = self._mail.next_ones(mailboxes, self._abouts)
        groups, failure = self._groups(
            paired(situations.take(rows), codes),
            lambda at: Situation(
                self._node,
                int(slots[rows[at]]),
                int(environments[rows[at]]),
                int(node_states[rows[at]]),
            ),
        )
        count = len(slots) if failure is None else int(rows[len(groups)])
        done = slice(0, int(np.searchsorted(rows, count)))
        yield self._moved(mailboxes[:count], rows[done], positions[done], codes[done], groups[done])
        if failure is not None:
            raise failure

    def pushed(self, slots: Ids, given: Ids) -> Ids:
        """Return the slots after each was sent the batch that is given with it."""
        mailboxes = self._columns.mailboxes(slots).astype(np.int64)
        return self._numbers(self._columns.node_states(slots), self._sent.look_up(mailboxes, given))

    def _groups(
        self, keys: Ids, situation: Callable[[int], Situation]
    ) -> tuple[Ids, Exception | None]:
        """Return the number of the steps for each key, up to one for which a handler failed."""
        steps: list[tuple[NodeStateStep, ...]] = []
        failure: Exception | None = None
        for at in self._asked.fresh(keys).tolist():
            try:
                steps.append(self._asked_one(situation(at), int(keys[at]) & CODE))
            except Exception as error:  # of a handler; a signal ends it all
                keys, failure = keys[:at], error
                break
        self._steps.extend(steps)
        return self._asked.number(keys)[0], failure

    def _asked_one(self, at: Situation, code: int) -> NodeStateSteps:
        kind, message = divmod(code, KIND)
        about = message - 1 if message else None
        steps = self._slots.steps
        return steps.of_kind(at, self._kinds[kind - 1], about) if kind else steps.of(at, about)

    def _moved(
        self, mailboxes: Column, rows: Ids, positions: Ids, codes: Ids, groups: Ids
    ) -> BulkMoves:
        """Return the moves of slots with these mailboxes: each row names one, and what may be done."""
        left = mailboxes.take(rows).astype(np.int64)
        taken = np.flatnonzero(codes % KIND)
        left[taken] = self._mail.without.look_up(left.take(taken), positions.take(taken))
        which, node_states, own, effects = self._steps.of(groups)
        left = left.take(which)
        sending = np.flatnonzero(own)
        sent = own.take(sending).astype(np.int64)
        left[sending] = self._sent_itself.look_up(left.take(sending), sent)
        counts = np.bincount(rows.take(which), minlength=len(mailboxes))
        return BulkMoves(counts, self._numbers(node_states, left), effects)

    def _numbers(self, node_states: Column, mailboxes: Ids) -> Ids:
        return self._columns.numbers(node_states, self._mail.relevant(mailboxes, node_states))


class StepColumns:
    """Groups of steps in columns: what may become of a message in a node state."""

    def __init__(self) -> None:
        self._start, self._count = Growing(), Growing()
        self._node_state, self._own, self._effect = Growing(), Growing(), Growing()
        self._batches: dict[tuple[Message, ...], int] = {(): 0}
        self.sent = BatchRows([()])

    def extend(self, groups: list[tuple[NodeStateStep, ...]]) -> None:
        """Add groups."""
        counts = np.array([len(steps) for steps in groups], np.int64)
        self._start.extend(len(self._effect) + np.cumsum(counts) - counts)
        self._node_state.extend([step.node_state for steps in groups for step in steps])
        self._own.extend([self._batch(step.own) for steps in groups for step in steps])
        self._effect.extend([step.effect for steps in groups for step in steps])
        self._count.extend(counts)

    def _batch(self, own: tuple[Message, ...]) -> int:
        known = self._batches.setdefault(own, len(self.sent.batches))
        if known == len(self.sent.batches):
            self.sent.batches.append(own)
        return known

    def of(self, groups: Ids) -> tuple[Ids, Column, Column, Column]:
        """Return all steps of groups: whose each is, the node state after it, its `sent`, its effect."""
        which, steps, _ = spread(self._start.array.take(groups), self._count.array.take(groups))
        columns = (self._node_state, self._own, self._effect)
        node_states, own, effects = (column.array.take(steps) for column in columns)
        return which, node_states, own, effects
