"""Mailboxes as rows of codes: in their canonical order, and without what can never matter again."""

from __future__ import annotations

import numpy as np

from counterpoint.model.search.columnar.growing import Column, Growing
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.slot_columns import HELD, Codes, codes_of
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.engine.transition_tables import Message


class Filing:
    """Puts mailboxes in order, as `Slots.filed` and `Slots.slot_id` do with one."""

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

    def relevant(self, node_states: Column, codes: Codes) -> Codes:
        """Return mailboxes without the messages that can never matter again to these node states."""
        relevance = self._slots.relevance
        if relevance is None:
            return codes
        rows, positions = np.nonzero((codes > 0) & (codes < HELD))
        pairs = node_states.take(rows).astype(np.int64) << 32 | (codes[rows, positions] - 1)
        asked, which = np.unique(pairs, return_inverse=True)
        matters = [relevance.may_matter(pair >> 32, pair & 0xFFFF_FFFF) for pair in asked.tolist()]
        is_dead = ~np.array(matters, np.bool_).take(which)
        left = codes.copy()
        left[rows[is_dead], positions[is_dead]] = 0
        return in_order(left)


def in_order(codes: Codes) -> Codes:
    """Return each row in order, with zeros at its end: as the largest numbers they come last."""
    return (np.sort(codes.view(np.uint32) - np.uint32(1), axis=1) + np.uint32(1)).view(np.int32)


def without(codes: Codes, rows: Ids, positions: Ids) -> Codes:
    """Return these rows, each without the code at its position; beyond the last, all of it.

    >>> codes = np.array([[4, 5, 6], [7, 0, 0]], np.int32)
    >>> without(codes, np.array([0, 1, 1]), np.array([1, 0, 3])).tolist()
    [[4, 6, 0], [0, 0, 0], [7, 0, 0]]
    """
    width = codes.shape[1]
    padded = np.pad(codes, ((0, 0), (0, 1)))
    columns = np.arange(width)
    places = (rows * (width + 1))[:, None] + columns + (columns >= positions[:, None])
    left: Codes = padded.reshape(-1).take(places)
    return left


class BatchRows:
    """Batches of messages as rows of codes. The list of batches may grow."""

    def __init__(self, batches: list[tuple[Message, ...]]) -> None:
        self._batches = batches
        self._rows = np.zeros((0, 1), np.int32)

    def take(self, which: Ids | Column) -> Codes:
        """Return the batches with these numbers."""
        fresh = self._batches[len(self._rows) :]
        if fresh:
            before, width = self._rows, max(self._rows.shape[1], *map(len, fresh))
            self._rows = np.zeros((len(self._batches), width), np.int32)
            self._rows[: len(before), : before.shape[1]] = before
            for row, batch in enumerate(fresh, start=len(before)):
                self._rows[row, : len(batch)] = codes_of(batch)
        rows: Codes = self._rows.take(which, axis=0)
        return rows
