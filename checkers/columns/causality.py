"""Causal order on columns: a topological order, and clock rows where they change.

The row of an operation is that of the last operation of its session that follows one of another
session (a *join*), with its own place for its own session. So rows are kept for joins alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.causal.conflicts import LostWrite
from counterpoint.checkers.causal.order import ClockRow
from counterpoint.checkers.columns.sessions import Flags, Positions, SessionColumns, numbered
from counterpoint.checkers.happens_before.clocks import NONE, EventLog
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.reads_from import MatchedTransactions

RowNumbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Causality:
    """Causal order. `order` is the one that `topological` finds, `place` the place of each in it.

    `rows[row_of[i], t]` is the first position of session t that i does not know, for every session
    but its own.
    """

    columns: SessionColumns
    order: Positions
    place: Positions
    row_of: NDArray[np.int64]
    rows: RowNumbers

    def known(self, later: Positions, sessions: Positions | int) -> Positions:
        """For each position the first one of a session that it does not know, itself included."""
        own = self.columns.session_of[later] == sessions
        return np.where(own, later + 1, self.rows[self.row_of[later], sessions])

    def known_to(self, later: Positions) -> Callable[[int], Positions]:
        """The same for all sessions, one after the other; -1 knows nothing, the initial value."""
        rows, row_of = np.ascontiguousarray(self.rows.T), self.row_of[later]
        home = self.columns.session_of[later]

        def of_session(session: int) -> Positions:
            known: Positions = rows[session][row_of].astype(np.int64)
            own = np.nonzero(home == session)[0]
            known[own] = later[own] + 1
            known[later < 0] = self.columns.starts[session]
            return known

        return of_session

    def knows(self, later: Positions, earlier: Positions) -> Flags:
        """Tell for each pair whether `earlier` is `later` or comes before it."""
        is_known: Flags = earlier < self.known(later, self.columns.session_of[earlier])
        return is_known


def causes_of(columns: SessionColumns) -> list[tuple[int, ...]]:
    """What each operation directly follows besides its session, as `causes` has it."""
    return [(p,) if p >= 0 else () for p in columns.follows.tolist()]


class OrderEdges(NamedTuple):
    """Operations, each with another one that it follows besides its session."""

    after: Positions
    before: Positions


def causal_edges(columns: SessionColumns) -> OrderEdges:
    """Return what operations directly follow, by position."""
    after = np.nonzero(columns.follows >= 0)[0]
    return OrderEdges(after, columns.follows[after])


def causality_of(columns: SessionColumns) -> Causality | None:
    """Order the operations causally, or return None where there is a cycle. O(n k)."""
    order, blocked = topological_runs(columns, causal_edges(columns))
    if blocked:
        return None
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    row_of, rows = _rows(columns, order)
    return Causality(columns, order, place, row_of, rows)


def topological_runs(columns: SessionColumns, edges: OrderEdges) -> tuple[Positions, list[int]]:
    """Return what `topological` returns, the edges being sorted by what comes after, stably.

    A session is followed up to its next edge that waits, so that only edges cost a step: an
    operation is done if its session was followed beyond it.
    """
    session_of = columns.session_of
    # A session itself sees to its own order; an edge against it waits for ever.
    is_open = (session_of[edges.before] != session_of[edges.after]) | (edges.before >= edges.after)
    after, before = edges.after[is_open], edges.before[is_open]
    first_edge = np.searchsorted(after, columns.starts).tolist()
    starts = columns.starts.tolist()
    firsts, lengths, following = _runs(
        starts, first_edge, after.tolist(), before.tolist(), session_of[before].tolist()
    )
    blocked = [i for t, i in enumerate(following) if i < starts[t + 1]]
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
            if waiting[session]:
                due = [one for one in waiting[session] if one[0] < stop]
                waiting[session] = [one for one in waiting[session] if one[0] >= stop]
                ready.extend(woken for _, woken in sorted(due, key=itemgetter(0)))
        if edge < last:
            waiting[home[edge]].append((before[edge], session))
    return firsts, lengths, following


def _rows(columns: SessionColumns, order: Positions) -> tuple[Positions, RowNumbers]:
    """The row of each operation, and the rows: one for the start of each session, then the joins."""
    count, session_of = columns.session_count, columns.session_of
    joins = _joins(columns, order)
    row_of = _row_of(columns, joins)
    is_first = joins == columns.starts[session_of[joins]]
    before = np.where(is_first, session_of[joins], row_of[joins - 1])
    source = columns.follows[joins]
    rows = np.empty((count + len(joins), count), dtype=np.int32)
    rows[:count] = columns.starts[:-1]
    _join(rows, before, row_of[source], session_of[source], source + 1)
    return row_of, rows


def _joins(columns: SessionColumns, order: Positions) -> Positions:
    """The operations that directly follow one of another session, in topological order."""
    follows, session_of = columns.follows, columns.session_of
    is_join = (follows >= 0) & (session_of[follows] != session_of)
    joins: Positions = order[is_join[order]]
    return joins


def _row_of(columns: SessionColumns, joins: Positions) -> Positions:
    """For each operation the last join of its session up to it, or else the start of the session."""
    last = np.full(len(columns.source), -1)
    last[joins] = joins
    last = np.maximum.accumulate(last)
    row = np.zeros(len(columns.source), dtype=np.int64)
    row[joins] = columns.session_count + np.arange(len(joins))
    is_joined = last >= columns.starts[columns.session_of]
    return np.where(is_joined, row[last], columns.session_of)


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


def known_demands(
    matched: MatchedTransactions, rows: Sequence[ClockRow], order: Sequence[int]
) -> Iterator[LostWrite]:
    """What reads of transactions demand, as `transactions.levels` finds it one by one.

    For each read and session, the last transaction there that wrote the key and precedes the
    reader: in `order`, and where causal order or an earlier demand does not settle it.
    """
    count = len(matched.transactions)
    if not count:
        return iter(())
    row = np.array(rows, dtype=np.int32)
    session_of = np.array(matched.session_of, dtype=np.int64)
    read, write = _accesses(matched)
    by_order = np.argsort(_places(order)[read.transaction], kind="stable")
    reader, key, kept = read.transaction[by_order], read.key[by_order], read.kept[by_order]
    found: list[tuple[Positions, Positions, Positions]] = []
    for t in range(row.shape[1]):
        marks = (write.key * count + write.transaction)[session_of[write.transaction] == t]
        bound = np.where(session_of[reader] == t, reader, row[reader, t])
        marks = np.concatenate(([-1], np.sort(marks)))
        last = marks[np.searchsorted(marks, key * count + bound) - 1]
        lost = last - key * count
        # A mark of a lower key is below 0 here, and so is the one that stands for none.
        is_open = (lost >= 0) & (lost != kept) & ((kept < 0) | (lost >= row[kept, t]))
        at = np.nonzero(is_open)[0]
        found.append((at, np.full(len(at), t), lost[at]))
    at, session, lost = (np.concatenate(column) for column in zip(*found, strict=True))
    in_turn = np.lexsort((session, at))
    at, session, lost = at[in_turn], session[in_turn], lost[in_turn]
    is_news = (kept[at] == INITIAL) | is_highest(kept[at] * row.shape[1] + session, lost)
    return map(
        LostWrite,
        lost[is_news].tolist(),
        kept[at[is_news]].tolist(),
        reader[at[is_news]].tolist(),
    )


class _Accesses(NamedTuple):
    """Of each access its transaction, the number of its key, and for a read whom it read from."""

    transaction: Positions
    key: Positions
    kept: Positions


def _accesses(matched: MatchedTransactions) -> tuple[_Accesses, _Accesses]:
    """The reads from outside, and the keys written."""
    reads = [read for reads in matched.reads for read in reads]
    keys = [key for keys in matched.writes for key in keys]
    number_of = numbered([*(read.key for read in reads), *keys])
    each = np.arange(len(matched.transactions))
    kept = np.fromiter((read.source for read in reads), np.int64, len(reads))
    reader = np.repeat(each, list(map(len, matched.reads)))
    writer = np.repeat(each, list(map(len, matched.writes)))
    nobody = np.full(len(keys), INITIAL)
    return (
        _Accesses(reader, number_of[: len(reads)], kept),
        _Accesses(writer, number_of[len(reads) :], nobody),
    )


def _places(order: Sequence[int]) -> Positions:
    place = np.empty(len(order), dtype=np.int64)
    place[np.array(order, dtype=np.int64)] = np.arange(len(order))
    return place


def is_highest(group: Positions, values: Positions) -> Flags:
    """Tell of each value whether it is above all earlier ones of its group.

    >>> is_highest(np.array([0, 1, 0, 0]), np.array([5, 4, 5, 6])).tolist()
    [True, True, False, True]
    """
    by_group = np.argsort(group, kind="stable")
    is_other = group[by_group][1:] != group[by_group][:-1]
    dense = np.concatenate(([0], np.cumsum(is_other)))[: len(group)]
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
