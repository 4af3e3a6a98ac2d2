"""The slots of one node in columns: thousands are read, and numbered, at once.

A slot is a node state and a mailbox: the messages on their way to the node and those held back. A
mailbox is a row of codes, of which equal ones have one number, and so a slot is a pair of numbers.
Codes are 0 for nothing, then messages in the order of the inbox, then those held back.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.growing import Column, Growing
from counterpoint.model.search.columnar.keys import HALF, KeyTable, paired
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.engine.effects import SlotFields, SlotId
from counterpoint.model.search.engine.slots import ListedSlots, Slot, Slots
from counterpoint.model.search.engine.transition_tables import Message

Codes: TypeAlias = npt.NDArray[np.int32]
"""Mailboxes as rows of codes, filled up with zeros."""

HELD = 1 << 30
"""What the code of a message that is held back has more than that of one on its way."""


def codes_of(inbox: tuple[Message, ...], held: tuple[Message, ...] = ()) -> list[int]:
    """Return the codes of messages on their way, and of those held back."""
    return [*(m + 1 for m in inbox), *(m + 1 + HELD for m in held)]


class SlotColumns:
    """The slots of one node, each with its number; they are counted as they come.

    They are a list until many are asked for at once, which few of them would only make slower.
    """

    def __init__(self) -> None:
        self._listed: ListedSlots | None = ListedSlots()
        self.number: Callable[[SlotFields], SlotId] = self._listed.number
        self._ids = KeyTable()
        self._node_state, self._mailbox = Growing(), Growing()
        self.mail = Mailboxes()

    def __len__(self) -> int:
        return len(self._mailbox) if self._listed is None else len(self._listed)

    def __getitem__(self, slot: SlotId) -> Slot:
        if self._listed is not None:
            return self._listed[slot]
        node_state, mailbox = self._node_state.array[slot], self._mailbox.array[slot]
        return Slot(int(node_state), *self.mail[int(mailbox)])

    def __iter__(self) -> Iterator[Slot]:
        if self._listed is not None:
            return iter(self._listed)
        mailboxes = [self.mail[mailbox] for mailbox in range(len(self.mail))]
        pairs = zip(self._node_state.array.tolist(), self._mailbox.array.tolist(), strict=True)
        return (Slot(node_state, *mailboxes[mailbox]) for node_state, mailbox in pairs)

    def _numbered(self, slot: SlotFields) -> SlotId:
        node_state, inbox, held = slot
        mailbox = self.mail.number(codes_of(inbox, held))
        known = self._ids.number_one(node_state << HALF | mailbox)
        if known == len(self._mailbox):
            self._node_state.append(node_state)
            self._mailbox.append(mailbox)
        return known

    @property
    def are_in_columns(self) -> bool:
        """Whether many were asked for at once already."""
        return self._listed is None

    def _put_in_columns(self) -> None:
        if self._listed is not None:
            listed, self._listed, self._node_state = self._listed, None, Growing()
            self.number = self._numbered
            mailboxes = [self.mail.number(codes_of(s.inbox, s.held)) for s in listed]
            node_states = np.array([s.node_state for s in listed], np.int32)
            self.numbers(node_states, np.array(mailboxes, np.int64))

    def node_states(self, slots: Ids | np.int64) -> Column:
        """Return the node state of each slot."""
        if self._listed is not None:
            fresh = self._listed[len(self._node_state) :]
            self._node_state.extend([slot.node_state for slot in fresh])
        return self._node_state.array.take(slots)

    def mailboxes(self, slots: Ids) -> Column:
        """Return the number of the mailbox of each slot."""
        self._put_in_columns()
        return self._mailbox.array.take(slots)

    def numbers(self, node_states: Column, mailboxes: Ids) -> Ids:
        """Return the numbers of slots; those that are new get the next ones, in their order."""
        self._put_in_columns()
        found, is_new = self._ids.number(paired(node_states, mailboxes))
        self._node_state.extend(node_states[is_new])
        self._mailbox.extend(mailboxes[is_new])
        return found


def columns_of(slots: Slots, node: int) -> SlotColumns:
    """Return the slots of a node; they must have been made as columns."""
    columns = slots.slots[node]
    assert isinstance(columns, SlotColumns), f"the slots of an exploration with numpy: {columns!r}"
    return columns


class Mailboxes:
    """Mailboxes with their numbers, one after the other in one array of codes."""

    def __init__(self) -> None:
        self._ids: defaultdict[bytes, int] = defaultdict(count().__next__)
        self._start, self._length, self._codes = Growing(), Growing(), Growing()

    def __len__(self) -> int:
        return len(self._length)

    def __getitem__(self, mailbox: int) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        start, length = int(self._start.array[mailbox]), int(self._length.array[mailbox])
        codes = self._codes.array[start : start + length].tolist()
        inbox = tuple(code - 1 for code in codes if code < HELD)
        return inbox, tuple(code - 1 - HELD for code in codes[len(inbox) :])

    def number(self, codes: list[int]) -> int:
        """Return the number of a mailbox."""
        key = array("i", codes).tobytes().rstrip(b"\0")
        known = self._ids[key]
        if known == len(self):
            self._start.append(len(self._codes))
            self._codes.extend(codes)
            self._length.append(len(codes))
        return known

    def numbers(self, codes: Codes) -> Ids:
        """Return the numbers of mailboxes."""
        # numpy leaves out zeros at the end of bytes, so that filling up makes no difference.
        keys = np.ascontiguousarray(codes).view(f"S{4 * codes.shape[1]}").ravel().tolist()
        before = len(self)
        found = np.fromiter(map(self._ids.__getitem__, keys), np.int64, len(keys))
        highest = np.maximum.accumulate(np.concatenate([np.array([before - 1]), found]))
        fresh = codes[found > highest[:-1]]
        self._add(fresh[fresh > 0], np.count_nonzero(fresh, axis=1).astype(np.int32))
        return found

    def codes(self, mailboxes: Ids | Column) -> Codes:
        """Return mailboxes as rows."""
        lengths = self._length.array.take(mailboxes)
        columns = np.arange(max(1, int(lengths.max(initial=0))), dtype=np.int32)
        places = self._start.array.take(mailboxes)[:, None] + columns
        codes = self._codes.array.take(places, mode="clip") if len(self._codes) else places
        codes *= columns < lengths[:, None]
        return codes

    def _add(self, codes: Column, lengths: Column) -> None:
        self._start.extend(len(self._codes) + np.cumsum(lengths) - lengths)
        self._codes.extend(codes)
        self._length.extend(lengths)
