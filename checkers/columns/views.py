"""What reads imply about the other writes of their keys, on columns: see `causal.conflicts`.

Causal memory on columns: for each session the happens-before relation, and a view of the writes.

The relation is that of `causal.conflicts`, as one clock row for each read of the session: causal order
at first; a demand, that a lost write comes before the one that was kept, adds the past of the lost
write to every read that knows the kept one. The view puts before each read the writes that it knows
and no earlier read did. Where it does not explain a read, a demand was missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.causal.conflicts import LostWrite, lay_out
from counterpoint.checkers.causal.order import Predecessors
from counterpoint.checkers.columns.causality import (
    Causality,
    ReadColumns,
    WriteColumns,
    causes_of,
    is_highest,
    last_known,
)
from counterpoint.checkers.columns.sessions import Flags, Positions, short
from counterpoint.checkers.reads_from import INITIAL, NO_READ

FEW = 4
"""Up to so many pairs a read and session, all writes after the one that was kept are looked at."""


class Pairs(NamedTuple):
    """ReadColumns, each with a write of its key that it knows and did not return."""

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
    """The writes, by key and then in topological order.

    `rank[i]` tells how many of them come before operation i, `first_of[k]` how many before key k.
    """

    def __init__(self, causality: Causality) -> None:
        self._causality = causality
        columns, order = causality.columns, causality.order
        by_key = order[np.argsort(short(columns.key_of[order]), kind="stable")]
        is_write = columns.source[by_key] == NO_READ
        self._writes = by_key[is_write]
        self._rank = np.empty(len(order), dtype=np.int64)
        self._rank[by_key] = np.cumsum(is_write) - is_write
        of_key = np.bincount(columns.key_of[self._writes], minlength=columns.key_of.max() + 1)
        self._first_of = np.cumsum(of_key) - of_key

    def _between(self, reads: Positions) -> tuple[Positions, Positions]:
        """For each read the part of the log after what it returned and before the read."""
        columns = self._causality.columns
        kept = columns.source[reads]
        from_start = self._first_of[columns.key_of[reads]]
        first = np.where(kept == INITIAL, from_start, self._rank[kept] + 1)
        return first, self._rank[reads]

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
        return pairs.where(self._causality.clocks.knows(pairs.read, pairs.lost))


def last_known_pairs(causality: Causality, reads: Positions) -> Pairs:
    """For each read and session the write that `last_known` finds, in that order."""
    columns, writes = causality.columns, causality.columns.writes
    found = last_known(
        causality.clocks,
        ReadColumns(reads, columns.key_of[reads], columns.source[reads]),
        WriteColumns(writes, columns.key_of[writes]),
    )
    # Stable: of one read the sessions stay in their order.
    in_order = np.argsort(causality.place[reads[found.place]], kind="stable")
    return Pairs(reads[found.place[in_order]], found.lost[in_order])


def is_impossible(causality: Causality, pairs: Pairs) -> Flags:
    """Tell for each pair whether the lost write cannot come before the one that was kept."""
    kept = causality.columns.source[pairs.read]
    is_known: Flags = causality.clocks.knows(pairs.lost, kept) | (kept == INITIAL)
    return is_known


def open_demands(causality: Causality, pairs: Pairs) -> Pairs:
    """The pairs without those that say no more than earlier ones."""
    columns = causality.columns
    kept = columns.source[pairs.read]
    group = kept * columns.session_count + columns.session_of[pairs.lost]
    return pairs.where(is_highest(group, pairs.lost))


def lost_writes(causality: Causality, pairs: Pairs) -> Iterator[LostWrite]:
    """The pairs as conflicts for the plain checkers."""
    kept = causality.columns.source[pairs.read]
    return map(LostWrite, pairs.lost.tolist(), kept.tolist(), pairs.read.tolist())


def first_impossible(causality: Causality, pairs: Pairs) -> LostWrite | None:
    """The impossible pair of the read that comes first, the one that `backward_conflicts` finds."""
    reads = pairs.read[is_impossible(causality, pairs)]
    if not len(reads):
        return None
    first = reads[np.argmin(causality.place[reads])][np.newaxis]
    log = _Log(causality)
    by_session = log.sizes(first)[0] > 2 * causality.columns.session_count
    found = last_known_pairs(causality, first) if by_session else log.backward_pairs(first)
    lost = found.lost[is_impossible(causality, found)][0]
    return LostWrite(int(lost), int(causality.columns.source[first[0]]), int(first[0]))


Rows = NDArray[np.int64]
"""For each read of a session, of each session the first position that it does not know."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """What the sessions of one causal order share.

    `place` is the place of each operation in an order that respects causality; `writes` are the
    writes in position order, `by_place` sorts them by place. `order` is what `lay_out` asks for.
    """

    causality: Causality
    base: Predecessors
    place: Positions
    writes: Positions
    by_place: Positions
    order: tuple[list[int], list[int]]


def layout_of(causality: Causality) -> Layout:
    """Prepare to lay out views."""
    columns = causality.columns
    place, writes = _timely_place(causality), columns.writes
    by_place = np.argsort(place[writes])
    order = columns.session_of.tolist(), columns.source.tolist()
    return Layout(causality, causes_of(columns), place, writes, by_place, order)


def _timely_place(causality: Causality) -> Positions:
    """The places by call, where that respects causality: then hardly a demand goes against them."""
    columns = causality.columns
    place = np.empty_like(causality.place)
    place[np.lexsort((causality.place, columns.called))] = np.arange(len(place))
    effects = np.nonzero(columns.follows >= 0)[0]
    is_causal = (place[columns.follows[effects]] < place[effects]).all()
    return place if is_causal else causality.place


def session_views(causality: Causality) -> dict[int, Positions] | None:
    """Return for each session a view that explains its reads; None where one has none.

    In causal order no read is impossible.
    """
    layout = layout_of(causality)
    views: dict[int, Positions] = {}
    open_pairs = last_known_pairs(causality, causality.columns.reads)
    for session, reads, pairs in observers(causality, open_pairs):
        view = _explained(layout, reads, pairs)
        if view is None:
            return None
        views[session] = view
    return views


def observers(causality: Causality, pairs: Pairs) -> Iterator[tuple[int, Positions, Pairs]]:
    """Each session with its reads, and the pairs of those."""
    columns = causality.columns
    reads = columns.reads
    session = columns.session_of[pairs.read]
    by_session = np.argsort(session, kind="stable")
    cuts = np.searchsorted(session[by_session], np.arange(columns.session_count + 1))
    ends = np.searchsorted(reads, columns.starts)
    for t in range(columns.session_count):
        chosen = by_session[cuts[t] : cuts[t + 1]]
        yield t, reads[ends[t] : ends[t + 1]], pairs.where(chosen)


def _explained(layout: Layout, reads: Positions, pairs: Pairs) -> Positions | None:
    """Close the relation of one session until its view explains all reads, or cannot."""
    rows = _known(layout.causality, reads)
    while True:
        view = view_of(layout, reads, rows, pairs)
        if view is None:
            return None
        missing = view.missing(layout)
        if not len(missing.read):
            return view.positions()
        if (layout.causality.columns.source[missing.read] == INITIAL).any():
            return None
        pairs = Pairs(*(np.concatenate(both) for both in zip(pairs, missing, strict=True)))
        rows = view.rows


def has_order(layout: Layout, reads: Positions, pairs: Pairs) -> bool:
    """Tell whether causal order and these demands of a session's reads have no cycle."""
    return view_of(layout, reads, _known(layout.causality, reads), pairs) is not None


@dataclass(frozen=True, slots=True, eq=False)
class SessionView:
    """The writes that the reads of a session know, in order; `ends[i]` is how many read i knows."""

    reads: Positions
    rows: Rows
    writes: Positions
    ends: Positions

    def positions(self) -> Positions:
        """The writes with each read after those it knows."""
        return np.insert(self.writes, self.ends, self.reads)

    def missing(self, layout: Layout) -> Pairs:
        """The reads that do not return the newest write of their key, with all newer ones."""
        columns = layout.causality.columns
        span = len(self.writes) + 1
        by_key = np.argsort(short(columns.key_of[self.writes]), kind="stable")
        marks = columns.key_of[self.writes[by_key]] * span + by_key
        place = np.full(len(columns.source), -1)
        place[self.writes] = np.arange(len(self.writes))
        source, key = columns.source[self.reads], columns.key_of[self.reads] * span
        kept = np.where(source == INITIAL, -1, place[source])
        first = np.searchsorted(marks, key + kept, side="right")
        sizes = np.searchsorted(marks, key + self.ends) - first
        starts = np.cumsum(sizes) - sizes
        at = np.arange(sizes.sum()) + np.repeat(first - starts, sizes)
        return Pairs(np.repeat(self.reads, sizes), self.writes[by_key[at]])


def view_of(layout: Layout, reads: Positions, rows: Rows, pairs: Pairs) -> SessionView | None:
    """Close the rows of a session under demands and lay its writes out; None if there is a cycle."""
    kept = layout.causality.columns.source[pairs.read]
    rows = _closed(layout.causality, rows, pairs.lost, kept)
    first = _first_to_know(layout.causality, rows, layout.writes)[layout.by_place]
    order = layout.by_place[np.argsort(short(first), kind="stable")]
    writes = layout.writes[order]
    ends = np.cumsum(np.bincount(first, minlength=len(reads) + 1))[: len(reads)]
    writes = writes[: ends[-1] if len(ends) else 0]
    place = np.full(len(layout.place), -1)
    place[writes] = np.arange(len(writes))
    against = place[pairs.lost] > place[kept]
    if against.any() and not _mend(layout, reads, rows, (writes, ends), (pairs.lost, kept), place):
        return None
    return SessionView(reads, rows, writes, ends)


def _known(causality: Causality, reads: Positions) -> Rows:
    clocks = causality.clocks
    rows: Rows = clocks.rows[clocks.row_of[reads]].astype(np.int64)
    if len(reads):
        rows[:, causality.columns.session_of[reads[0]]] = reads + 1
    return rows


def _closed(causality: Causality, rows: Rows, lost: Positions, kept: Positions) -> Rows:
    """Add the past of each lost write to the reads that know the kept one, until nothing changes."""
    while True:
        first = _first_to_know(causality, rows, kept)
        is_news = first < _first_to_know(causality, rows, lost)
        if not is_news.any():
            return rows
        added = _known_at(causality, lost[is_news])
        by_read = np.argsort(first[is_news], kind="stable")
        at, starts = np.unique(first[is_news][by_read], return_index=True)
        rows = rows.copy()
        rows[at] = np.maximum(rows[at], np.maximum.reduceat(added[by_read], starts))
        rows = np.maximum.accumulate(rows)


def _known_at(causality: Causality, positions: Positions) -> Rows:
    """The whole row of each of some operations, its own session included."""
    clocks = causality.clocks
    rows: Rows = clocks.rows[clocks.row_of[positions]].astype(np.int64)
    rows[np.arange(len(positions)), causality.columns.session_of[positions]] = positions + 1
    return rows


def _first_to_know(causality: Causality, rows: Rows, positions: Positions) -> Positions:
    """For each position the place of the first row that knows it, or how many rows there are."""
    count, columns = len(rows), causality.columns
    span = len(columns.source) + 1
    # Columns never fall, so one after the other, each a span above, they are sorted.
    marks = (rows.T + span * np.arange(columns.session_count)[:, np.newaxis]).ravel()
    session = columns.session_of[positions]
    return np.searchsorted(marks, positions + span * session, side="right") - count * session


def _mend(
    layout: Layout,
    reads: Positions,
    rows: Rows,
    view: tuple[Positions, Positions],
    demands: tuple[Positions, Positions],
    place: Positions,
) -> bool:
    """Lay out again, as `causal.conflicts` does, what lies before a read and goes against a demand.

    `place` has the place in the view of each write. False where there is a cycle.
    """
    (writes, ends), (lost, kept) = view, demands
    part = np.searchsorted(ends, place, side="right")
    is_against = place[lost] > place[kept]
    assert (part[lost] == part[kept])[is_against].all(), "a row was not closed"
    wrong = np.unique(part[kept[is_against]])
    within = (part[lost] == part[kept]) & np.isin(part[kept], wrong)
    predecessors = list(layout.base)
    for before, after in zip(lost[within].tolist(), kept[within].tolist(), strict=True):
        predecessors[after] = (*predecessors[after], before)
    starts = layout.causality.columns.starts[:-1]
    for read in wrong.tolist():
        following = (rows[read - 1] if read else starts).tolist()
        laid = lay_out(layout.order, predecessors, [int(reads[read])], following)
        if laid is None:
            return False
        first = ends[read - 1] if read else 0
        writes[first : ends[read]] = laid[:-1]
    return True
