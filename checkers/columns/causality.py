"""Causal order on columns: a topological order, and clock rows where they change.

Positions are those of operations or transactions, session by session. The row of a position is that
of the last *join* of its session, where something of another session is followed, with its own
place for its own session. So rows are kept for joins alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.columns.sessions import Flags, Positions, SessionColumns, short
from counterpoint.checkers.happens_before.clocks import NONE, EventLog

RowNumbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class ClockRows:
    """What each position knows of each session.

    `rows[row_of[i], t]` is the first position of session t that i does not know, for every session
    but its own.
    """

    starts: Positions
    session_of: Positions
    row_of: Positions
    rows: RowNumbers

    def known(self, later: Positions, sessions: Positions | int) -> Positions:
        """For each position the first one of a session that it does not know, itself included."""
        own = self.session_of[later] == sessions
        return np.where(own, later + 1, self.rows[self.row_of[later], sessions])

    def knows(self, later: Positions, earlier: Positions) -> Flags:
        """Tell for each pair whether `earlier` is `later` or comes before it."""
        is_known: Flags = earlier < self.known(later, self.session_of[earlier])
        return is_known


@dataclass(frozen=True, slots=True, eq=False)
class Causality:
    """Causal order. `order` is the one that `topological` finds, `place` the place of each in it."""

    columns: SessionColumns
    order: Positions
    place: Positions
    clocks: ClockRows


def causes_of(columns: SessionColumns) -> list[tuple[int, ...]]:
    """What each operation directly follows besides its session, as `causes` has it."""
    return [(p,) if p >= 0 else () for p in columns.follows.tolist()]


class OrderEdges(NamedTuple):
    """Positions, each with another one that it follows besides its session; sorted by the first."""

    after: Positions
    before: Positions

    def and_these(self, after: Positions, before: Positions) -> OrderEdges:
        """Return them with others, which come last where they have what comes after in common."""
        every = np.concatenate((self.after, after))
        by_after = np.argsort(every, kind="stable")
        return OrderEdges(every[by_after], np.concatenate((self.before, before))[by_after])


def causal_edges(columns: SessionColumns) -> OrderEdges:
    """Return what operations directly follow, by position."""
    after = np.nonzero(columns.follows >= 0)[0]
    return OrderEdges(after, columns.follows[after])


def causality_of(columns: SessionColumns) -> Causality | None:
    """Order the operations causally, or return None where there is a cycle. O(n k)."""
    starts, session_of, edges = columns.starts, columns.session_of, causal_edges(columns)
    order, blocked = topological_runs(starts, session_of, edges)
    if blocked:
        return None
    clocks = clocks_of(starts, session_of, edges, order)
    return Causality(columns, order, places_in(order), clocks)


def places_in(order: Positions) -> Positions:
    """Return the place of each position in an order of all of them."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place


def topological_runs(
    starts: Positions, session_of: Positions, edges: OrderEdges
) -> tuple[Positions, list[int]]:
    """Return what `topological` returns.

    A session is followed up to its next edge that waits, so that only edges cost a step: an
    operation is done if its session was followed beyond it.
    """
    # A session itself sees to its own order; an edge against it waits for ever.
    is_open = (session_of[edges.before] != session_of[edges.after]) | (edges.before >= edges.after)
    after, before = edges.after[is_open], edges.before[is_open]
    firsts, lengths, following = _runs(
        starts.tolist(),
        np.searchsorted(after, starts).tolist(),
        after.tolist(),
        before.tolist(),
        session_of[before].tolist(),
    )
    blocked = [i for i, end in zip(following, starts[1:].tolist(), strict=True) if i < end]
    sizes = np.array(lengths, dtype=np.int64)
    first_at = np.array(firsts, dtype=np.int64) - (np.cumsum(sizes) - sizes)
    return np.repeat(first_at, sizes) + np.arange(sizes.sum()), blocked


def _runs(
    starts: list[int], first_edge: list[int], after: list[int], before: list[int], home: list[int]
) -> tuple[list[int], list[int], list[int]]:
    """Return the first position and the length of each run, and how far each session was followed.

    `home` has the session of what comes before.
    """
    following, edge_of = starts[:-1], first_edge[:-1]
    waiting: list[list[tuple[int, int]]] = [[] for _ in following]
    ready = list(range(len(following)))[::-1]
    firsts: list[int] = []
    lengths: list[int] = []
    while ready:
        session = ready.pop()
        edge, last = edge_of[session], first_edge[session + 1]
        while edge < last and before[edge] < following[home[edge]]:
            edge += 1
        edge_of[session] = edge
        stop = after[edge] if edge < last else starts[session + 1]
        first = following[session]
        if first < stop:
            firsts.append(first)
            lengths.append(stop - first)
            following[session] = stop
            due = [one for one in waiting[session] if one[0] < stop]
            if due:
                waiting[session] = [one for one in waiting[session] if one[0] >= stop]
                ready += [woken for _, woken in sorted(due, key=itemgetter(0))]
        if edge < last:
            waiting[home[edge]].append((before[edge], session))
    return firsts, lengths, following


def clocks_of(
    starts: Positions, session_of: Positions, edges: OrderEdges, order: Positions
) -> ClockRows:
    """Fill the rows: one for the start of each session, then one for each join as `order` has it."""
    is_join = session_of[edges.after] != session_of[edges.before]
    after, followed = edges.after[is_join], edges.before[is_join]
    count, joins = len(starts) - 1, np.arange(len(after))
    joins_at = np.bincount(after, minlength=len(session_of))
    joins_until = np.cumsum(joins_at)
    joins_before = np.concatenate(([0], joins_until))[starts[:-1]]
    in_order = np.empty_like(joins_until)
    in_order[order] = np.cumsum(joins_at[order])
    row = np.append(count + joins + (in_order - joins_until)[after], 0)

    def latest(join_count: Positions, session: Positions) -> Positions:
        """The row after so many joins: that of the last one, if it is of the session."""
        return np.where(join_count == joins_before[session], session, row[join_count - 1])

    row_of = latest(joins_until, session_of)
    rows = np.empty((count + len(joins), count), dtype=np.int32)
    rows[:count] = starts[:-1]
    in_turn = places_in(row[:-1] - count)
    before, followed = latest(joins, session_of[after])[in_turn], followed[in_turn]
    _join(rows, before, row_of[followed], session_of[followed], followed + 1)
    return ClockRows(starts, session_of, row_of, rows)


def _join(
    rows: RowNumbers, before: Positions, theirs: Positions, session: Positions, known: Positions
) -> None:
    """Fill the rows of the joins: the row before, the row of what is followed, and that itself.

    One after the other, because each may rest on any earlier one; all sessions at once.
    """
    views = list(rows)
    maximum = np.maximum
    steps = zip(
        views[rows.shape[1] :],
        before.tolist(),
        map(views.__getitem__, theirs.tolist()),
        session.tolist(),
        known.tolist(),
        strict=True,
    )
    for row, mine, followed, its_session, first in steps:
        # No row tells of its own session, so there it can hold how much of it is followed.
        followed[its_session] = first
        maximum(views[mine], followed, out=row)


class ReadColumns(NamedTuple):
    """Who read, which key, and whose write it returned, or INITIAL."""

    reader: Positions
    key: Positions
    kept: Positions

    def where(self, chosen: Positions) -> ReadColumns:
        """Only some of them, by their places."""
        return ReadColumns(self.reader[chosen], self.key[chosen], self.kept[chosen])


class WriteColumns(NamedTuple):
    """Who wrote, which key; in the order of the writers."""

    writer: Positions
    key: Positions


class LastKnown(NamedTuple):
    """The places of some reads, each with a write of its key that the reader knows."""

    place: Positions
    lost: Positions


def last_known(clocks: ClockRows, reads: ReadColumns, writes: WriteColumns) -> LastKnown:
    """For each session and read the last write of its key there that comes before the reader.

    Those that causal order settles already, because the kept write knows the lost one, are left
    out. O(k log n) for each read.
    """
    # Reads of one key after the other look at the same few writes.
    by_key = np.argsort(short(reads.key), kind="stable")
    reads = reads.where(by_key)
    rows = np.ascontiguousarray(clocks.rows.T)
    to_reader = _known_of(clocks, rows, reads.reader, reads.reader)
    to_kept = _known_of(clocks, rows, reads.kept, reads.kept + 1)
    cuts = np.searchsorted(writes.writer, clocks.starts).tolist()
    span = len(clocks.session_of) + 1
    found = [LastKnown(by_key[:0], by_key[:0])]  # as there may be no session at all
    for t, (start, end) in enumerate(pairwise(cuts)):
        part = WriteColumns(writes.writer[start:end], writes.key[start:end])
        found.append(_last_known(reads, part, to_reader(t), to_kept(t), span))
    places, lost = (np.concatenate(column) for column in zip(*found, strict=True))
    return LastKnown(by_key[places], lost)


def _known_of(
    clocks: ClockRows, rows: RowNumbers, later: Positions, own: Positions
) -> Callable[[int], RowNumbers]:
    """For each session the first position that each of some does not know, `own` of its own.

    `rows` has a row for each session; position -1 knows nothing, the initial value.
    """
    row_of, home = clocks.row_of[later], clocks.session_of[later]
    is_initial = later < 0

    def of_session(session: int) -> RowNumbers:
        known: RowNumbers = rows[session][row_of]
        at_home = np.nonzero(home == session)[0]
        known[at_home] = own[at_home]
        known[is_initial] = clocks.starts[session]
        return known

    return of_session


def _last_known(
    reads: ReadColumns, writes: WriteColumns, to_reader: RowNumbers, to_kept: RowNumbers, span: int
) -> LastKnown:
    """The part of one session, from what of it each reader knows, and whose write it returned.

    `span` is above all that is known.
    """
    is_more = np.nonzero(to_reader > to_kept)[0] if len(writes.key) else writes.key
    if not len(is_more):
        return LastKnown(is_more, is_more)
    by_key = np.argsort(writes.key, kind="stable")
    marks = writes.key[by_key] * span + writes.writer[by_key]
    key = reads.key[is_more] * span
    at = np.searchsorted(marks, key + to_reader[is_more]) - 1
    is_open = (at >= 0) & (marks[at] >= key + to_kept[is_more])
    return LastKnown(is_more[is_open], writes.writer[by_key[at[is_open]]])


def numbers_of_runs(values: Positions) -> Positions:
    """Number the runs of equal values.

    >>> numbers_of_runs(np.array([3, 3, 5])).tolist()
    [0, 0, 1]
    """
    return np.concatenate(([0], np.cumsum(values[1:] != values[:-1])))[: len(values)]


def is_highest(group: Positions, values: Positions) -> Flags:
    """Tell of each value whether it is above all earlier ones of its group.

    >>> is_highest(np.array([0, 1, 0, 0]), np.array([5, 4, 5, 6])).tolist()
    [True, True, False, True]
    """
    by_group = np.argsort(group, kind="stable")
    dense = numbers_of_runs(group[by_group])
    # Marks of a group are above those of all groups before, so one running maximum serves them all.
    mark = dense * (values.max(initial=0) + 1) + values[by_group]
    is_news = np.ones(len(mark), dtype=np.bool_)
    is_news[1:] = mark[1:] > np.maximum.accumulate(mark)[:-1]
    highest = np.empty(len(mark), dtype=np.bool_)
    highest[by_group] = is_news
    return highest


def receipts_in_order(log: EventLog) -> int | None:
    """Count the first receipts of messages, or return None if one of them comes too late.

    As `check_causal_delivery` does, with rows for sends alone.
    """
    count = log.process_count
    know, heard = (list(np.zeros((count, count), dtype=np.int32)) for _ in range(2))
    rows = list(np.empty((len(log.send_event), count), dtype=np.int32))
    row_of: dict[int, tuple[NDArray[np.int32], int, int]] = {}
    own = [0] * count
    done: set[tuple[int, int]] = set()
    for here, sends, message in zip(log.process, log.sent, log.received, strict=True):
        own[here] += 1
        if message != NONE:
            row, sender, place = row_of[message]
            if (here, message) not in done:
                done.add((here, message))
                if heard[here][sender] >= place:
                    return None
                np.maximum(heard[here], row, out=heard[here])
            np.maximum(know[here], row, out=know[here])
        if sends != NONE:
            row = rows.pop()
            row[:] = know[here]
            row[here] = own[here]
            row_of[sends] = (row, here, own[here])
    return len(done)
