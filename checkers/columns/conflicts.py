"""What reads imply about the other writes of their keys, on columns: see `causal.conflicts`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from counterpoint.checkers.causal.conflicts import Conflict
from counterpoint.checkers.causal.matching import INITIAL
from counterpoint.checkers.columns.causality import Causality
from counterpoint.checkers.columns.sessions import Flags, Positions, SessionColumns

FEW = 4
"""Up to so many pairs a read and session, all writes after the one that was kept are looked at."""


class Pairs(NamedTuple):
    """Reads, each with a write of its key that it knows and did not return."""

    read: Positions
    lost: Positions

    def where(self, chosen: Flags | Positions) -> Pairs:
        """Only the chosen pairs, by flags or by their places."""
        return Pairs(self.read[chosen], self.lost[chosen])


def backward_pairs(causality: Causality, reads: Positions) -> Pairs:
    """Pairs of which the topological order puts the lost write after the one that was kept.

    All of them, or of those of one read and session the last. None means that the order itself
    explains every read.
    """
    log = _Log(causality)
    if log.sizes(reads).sum() <= FEW * len(reads) * causality.columns.session_count:
        return log.backward_pairs(reads)
    pairs = last_known_pairs(causality, reads)
    kept = causality.columns.source[pairs.read]
    is_later = causality.place[pairs.lost] > causality.place[kept]
    return pairs.where((kept == INITIAL) | is_later)


class _Log:
    """The writes, by key and then in topological order."""

    def __init__(self, causality: Causality) -> None:
        writes = causality.columns.writes
        self._causality = causality
        marks = self._mark(writes)
        by_mark = np.argsort(marks)
        self._writes = writes[by_mark]
        self._marks = marks[by_mark]

    def _mark(self, positions: Positions) -> Positions:
        place, key_of = self._causality.place, self._causality.columns.key_of
        return key_of[positions] * len(place) + place[positions]

    def _between(self, reads: Positions) -> tuple[Positions, Positions]:
        """For each read the part of the log after what it returned and before the read."""
        columns = self._causality.columns
        kept = columns.source[reads]
        from_start = columns.key_of[reads] * len(columns.source) - 1
        after = np.where(kept == INITIAL, from_start, self._mark(kept))
        first = np.searchsorted(self._marks, after, side="right")
        return first, np.searchsorted(self._marks, self._mark(reads))

    def sizes(self, reads: Positions) -> Positions:
        """How many writes of its key lie between what each read returned and the read."""
        first, end = self._between(reads)
        return end - first

    def backward_pairs(self, reads: Positions) -> Pairs:
        """All those of them that the read knows."""
        first, end = self._between(reads)
        sizes = end - first
        starts = np.cumsum(sizes) - sizes
        at = np.arange(sizes.sum()) + np.repeat(first - starts, sizes)
        pairs = Pairs(np.repeat(reads, sizes), self._writes[at])
        return pairs.where(self._causality.knows(pairs.read, pairs.lost))


def last_known_pairs(causality: Causality, reads: Positions) -> Pairs:
    """For each read and session its last write of the key that the read knows, in that order.

    Pairs that causal order settles already, because the kept write knows the lost one, are left
    out. O(k log n) for each read.
    """
    # Reads of one key after the other look at the same few writes.
    by_key = reads[np.argsort(causality.columns.key_of[reads], kind="stable")]
    known = causality.known_to(by_key)
    known_to_kept = causality.known_to(causality.columns.source[by_key])
    found = [
        _last_known(causality.columns, by_key, known(t), known_to_kept(t), t)
        for t in range(causality.columns.session_count)
    ]
    read = np.concatenate([pairs.read for pairs in found])
    lost = np.concatenate([pairs.lost for pairs in found])
    # Stable: of one read the sessions stay in their order.
    order = np.argsort(causality.place[read], kind="stable")
    return Pairs(read[order], lost[order])


def _last_known(
    columns: SessionColumns, reads: Positions, known: Positions, to_kept: Positions, session: int
) -> Pairs:
    """The part of one session, from what of it each read knows, and the write that it returned."""
    writes = columns.writes_of(session)
    is_more = np.nonzero(known > to_kept)[0] if len(writes) else writes
    if not len(is_more):
        return Pairs(is_more, is_more)
    count = len(columns.source) + 1
    writes = writes[np.argsort(columns.key_of[writes], kind="stable")]
    marks = columns.key_of[writes] * count + writes
    key = columns.key_of[reads[is_more]] * count
    at = np.searchsorted(marks, key + known[is_more]) - 1
    is_open = (at >= 0) & (marks[at] >= key + to_kept[is_more])
    return Pairs(reads[is_more[is_open]], writes[at[is_open]])


def is_impossible(causality: Causality, pairs: Pairs) -> Flags:
    """Tell for each pair whether the lost write cannot come before the one that was kept."""
    kept = causality.columns.source[pairs.read]
    is_known: Flags = causality.knows(pairs.lost, kept) | (kept == INITIAL)
    return is_known


def demands_of(causality: Causality, pairs: Pairs) -> Iterator[Conflict]:
    """The pairs as conflicts, those left out that say no more than earlier ones."""
    columns = causality.columns
    kept = columns.source[pairs.read]
    group = kept * columns.session_count + columns.session_of[pairs.lost]
    by_group = np.argsort(group, kind="stable")
    # A group's marks are above those of all groups before, so one running maximum serves them all.
    mark = _dense(group[by_group]) * len(columns.source) + pairs.lost[by_group]
    is_news = np.ones(len(mark), dtype=np.bool_)
    is_news[1:] = mark[1:] > np.maximum.accumulate(mark)[:-1]
    chosen = np.sort(by_group[is_news])
    return map(
        Conflict, pairs.lost[chosen].tolist(), kept[chosen].tolist(), pairs.read[chosen].tolist()
    )


def _dense(ascending: Positions) -> Positions:
    """Number ascending values from 0, equal ones alike."""
    if not len(ascending):
        return ascending
    return np.concatenate(([0], np.cumsum(ascending[1:] != ascending[:-1])))


def first_impossible(causality: Causality, pairs: Pairs) -> Conflict | None:
    """The impossible pair of the read that comes first, the one that `backward_conflicts` finds."""
    reads = pairs.read[is_impossible(causality, pairs)]
    if not len(reads):
        return None
    first = reads[np.argmin(causality.place[reads])][np.newaxis]
    log = _Log(causality)
    by_session = log.sizes(first)[0] > 2 * causality.columns.session_count
    found = last_known_pairs(causality, first) if by_session else log.backward_pairs(first)
    lost = found.lost[is_impossible(causality, found)][0]
    return Conflict(int(lost), int(causality.columns.source[first[0]]), int(first[0]))
