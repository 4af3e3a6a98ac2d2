"""What becomes of mailboxes: each change of one is worked out once, and many are at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.growing import Column, Growing
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.pairs import PairTable, unnoted
from counterpoint.model.search.columnar.slot_columns import HELD, Codes, Mailboxes, codes_of
from counterpoint.model.search.engine.node_steps import About
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.engine.transition_tables import Message

KIND = 1 << 26
"""What the number of a kind is times, beside the code of a message: no code is as large."""

BLOCK = 1 << 14
"""So many mailboxes are looked at at once: they fit the processor's cache."""


MarkedCodes: TypeAlias = npt.NDArray[np.bool_]


class Filing:
    """Puts mailboxes in order, as `Slots.filed` does with one."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._sources = Growing()
        self._sources.extend([0])  # by code, of which 0 is nothing

    def filed(self, codes: Codes) -> Codes:
        """Return mailboxes in their canonical order, with zeros at the end."""
        if not self._slots.is_ordered:
            return in_order(codes)
        order = np.argsort(self.sources(codes), axis=1, kind="stable")
        return np.take_along_axis(codes, order, axis=1)

    def sources(self, codes: Codes) -> Codes:
        """Return the source of each message; what is held back comes after all, then nothing."""
        known, nodes = self._slots.compiled.source, len(self._slots.compiled.nodes)
        self._sources.extend(known[len(self._sources) - 1 :])
        found = self._sources.array.take(codes, mode="clip")
        found[codes >= HELD] = nodes
        found[codes == 0] = nodes + 1
        return found


def in_order(codes: Codes) -> Codes:
    """Return each row in order, with zeros at its end: as the largest numbers they come last."""
    return (np.sort(codes.view(np.uint32) - np.uint32(1), axis=1) + np.uint32(1)).view(np.int32)


def without(codes: Codes, positions: Ids) -> Codes:
    """Return rows, each without the code at its position.

    >>> codes = np.array([[4, 5, 6], [7, 0, 0]], np.int32)
    >>> without(codes, np.array([1, 0])).tolist()
    [[4, 6, 0], [0, 0, 0]]
    """
    columns = np.arange(codes.shape[1])
    places = columns + (columns >= positions[:, None])
    return np.take_along_axis(np.pad(codes, ((0, 0), (0, 1))), places, axis=1)


class BatchRows:
    """Batches of messages as rows of codes. The list of batches may grow."""

    def __init__(self, batches: list[tuple[Message, ...]]) -> None:
        self.batches = batches
        self._rows = np.zeros((0, 1), np.int32)

    def take(self, which: Ids | Column) -> Codes:
        """Return the batches with these numbers."""
        fresh = self.batches[len(self._rows) :]
        if fresh:
            before, width = self._rows, max(self._rows.shape[1], *map(len, fresh))
            self._rows = np.zeros((len(self.batches), width), np.int32)
            self._rows[: len(before), : before.shape[1]] = before
            for row, batch in enumerate(fresh, start=len(before)):
                self._rows[row, : len(batch)] = codes_of(batch)
        rows: Codes = self._rows.take(which, axis=0)
        return rows


class MailChanges:
    """The changes of the mailboxes of one node, by number. What a change makes is numbered as well."""

    def __init__(self, slots: Slots, mail: Mailboxes) -> None:
        self._slots, self._mail = slots, mail
        self._filing = Filing(slots)
        self.without = PairTable(self._without, unnoted)
        self._relevant = PairTable(self._without_the_dead, unnoted)

    def next_ones(self, mailboxes: Column, abouts: Sequence[About]) -> tuple[Ids, Ids, Ids]:
        """Return what is to be asked of mailboxes: of whose, at which position of it, and what.

        The codes of the messages that may arrive next come in the order of the mailbox, then a code 0
        for what the node does by itself. For each kind of interference what it is asked about
        follows: to these codes the number of the kind, from 1 on, times `KIND` is added.
        """
        codes = np.pad(self._mail.codes(mailboxes), ((0, 0), (0, 1)))
        marks = [self._marked("what is next", codes), *(self._marked(a, codes) for a in abouts)]
        rows, columns = np.nonzero(np.hstack(marks))
        kinds, positions = np.divmod(columns, codes.shape[1])
        return rows, positions, codes[rows, positions] + kinds * KIND

    def _marked(self, about: About, codes: Codes) -> MarkedCodes:
        """Mark what is asked about in mailboxes; the place behind all messages stands for the node."""
        marks = (codes > 0) & (codes < HELD)
        if about == "the node":
            marks[:] = False
        elif about == "each message":
            for place in range(1, codes.shape[1]):
                is_again = codes[:, :place] == codes[:, place, None]
                marks[:, place] &= ~is_again.any(axis=1)
            return marks
        elif self._slots.compiled.has_deliveries:
            same = self._filing.sources(codes) if self._slots.is_ordered else codes
            marks[:, 1:] &= same[:, 1:] != same[:, :-1]
        else:
            marks[:] = False
        marks[:, -1] = True
        return marks

    def joined(self, batches: BatchRows) -> PairTable:
        """Return the table of mailboxes to which one of these batches was added."""
        return PairTable(partial(self._joined, batches), unnoted)

    def relevant(self, mailboxes: Ids, node_states: Column) -> Ids:
        """Return mailboxes without what can never matter again to a node in these states."""
        if self._slots.relevance is None:
            return mailboxes
        return self._relevant.look_up(mailboxes, node_states.astype(np.int64))

    def _joined(self, batches: BatchRows, mailboxes: Ids, given: Ids) -> Iterator[Ids]:
        for here in blocks(len(mailboxes)):
            codes = self._mail.codes(mailboxes[here])
            joined = np.concatenate([codes, batches.take(given[here])], axis=1)
            yield self._mail.numbers(self._filing.filed(joined))

    def _without(self, mailboxes: Ids, positions: Ids) -> Iterator[Ids]:
        for here in blocks(len(mailboxes)):
            codes = self._mail.codes(mailboxes[here])
            yield self._mail.numbers(without(codes, positions[here]))

    def _without_the_dead(self, mailboxes: Ids, node_states: Ids) -> Iterator[Ids]:
        relevance = self._slots.relevance
        assert relevance is not None, "nothing is to be forgotten"
        for here in blocks(len(mailboxes)):
            codes = self._mail.codes(mailboxes[here])
            places = np.nonzero((codes > 0) & (codes < HELD))
            pairs = zip(node_states[here][places[0]].tolist(), codes[places].tolist(), strict=True)
            matters = [relevance.may_matter(state, code - 1) for state, code in pairs]
            codes[places] *= np.array(matters, np.bool_)
            yield self._mail.numbers(in_order(codes))


def blocks(count: int) -> Iterator[slice]:
    """Yield the places of so many mailboxes, some thousands at a time."""
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))
