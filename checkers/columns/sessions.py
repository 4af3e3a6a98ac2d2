"""Sessions as columns: of every operation its session, its key, and the write that it saw.

Causal order on columns: a topological order, and clock rows where they change.

The row of an operation is that of the last operation of its session that follows one of another
session (a *join*), with its own place for its own session. So rows are kept for joins alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.causal.order import Predecessors, topological
from counterpoint.checkers.history import History
from counterpoint.checkers.reads_from import INITIAL, NO_READ, Sessions

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

PLAIN_TYPES: frozenset[type] = frozenset({int, str, type(None)})
"""Values of these very types are equal only if they are the same; not so 1, 1.0 and True."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionColumns:
    """What `Sessions` say, one array per fact.

    `follows[i]` is the operation that i directly follows besides its session, its source or the one
    it forked from, or -1; `key_of[i]` numbers the keys, and `called[i]` is the rank of its call.
    """

    starts: Positions
    session_of: Positions
    source: Positions
    follows: Positions
    key_of: Positions
    called: NDArray[np.float64]

    @property
    def session_count(self) -> int:
        """How many sessions there are."""
        return len(self.starts) - 1

    @property
    def reads(self) -> Positions:
        """The reads that are matched with what they saw, in order."""
        return np.nonzero(self.source >= INITIAL)[0]

    @property
    def writes(self) -> Positions:
        """The writes, in order."""
        return np.nonzero(self.source == NO_READ)[0]

    def writes_of(self, session: int) -> Positions:
        """The writes of one session, in order."""
        first, end = self.starts[session], self.starts[session + 1]
        writes: Positions = first + np.nonzero(self.source[first:end] == NO_READ)[0]
        return writes


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A history laid out by session; operation i of the columns is `history[order[i]]`."""

    history: History
    order: Positions
    columns: SessionColumns

    def sessions(self) -> Sessions:
        """The same for the plain checkers."""
        return Sessions(
            tuple(map(self.history.__getitem__, self.order.tolist())),
            tuple(self.columns.starts.tolist()),
            tuple(self.columns.session_of.tolist()),
            tuple(self.columns.source.tolist()),
            {},
        )


def columns_of(sessions: Sessions) -> SessionColumns:
    """Return sessions as columns, forks included."""
    source = np.array(sessions.source, dtype=np.int64)
    follows = np.maximum(source, -1)
    for index, before in sessions.forks.items():
        assert follows[index] < 0, f"{index} forks, and reads from another operation"
        follows[index] = before
    return SessionColumns(
        np.array(sessions.starts, dtype=np.int64),
        np.array(sessions.session_of, dtype=np.int64),
        source,
        follows,
        numbered([op.key for op in sessions.operations]),
        np.array([op.called for op in sessions.operations], dtype=np.float64),
    )


def laid_out(history: History, initial: Hashable) -> LaidOut | None:
    """Lay a history of the plain kind out by session and match its reads, as `match_reads` does.

    That is: every operation answered and seen, every value written once and never the initial one,
    and no two values equal that are not the same. None if it is of another kind.
    """
    functions = [op.f for op in history]
    if not _is_answered(history, functions):
        return None
    client_of = numbered([op.client for op in history])
    called = np.array([op.called for op in history], dtype=np.float64)
    order = _session_order(called, client_of)
    if order is None:
        return None
    told = ToldColumns(
        [f == "write" for f in functions],
        [op.key for op in history],
        [op.result if op.f == "read" else op.argument for op in history],
    )
    columns = matched(told, initial, order, np.bincount(client_of), called)
    return None if columns is None else LaidOut(history, order, columns)


class ToldColumns(NamedTuple):
    """What operations did: whether each wrote, which key, and the value that it wrote or read."""

    is_write: list[bool]
    keys: list[Hashable]
    values: list[Hashable]


def matched(
    told: ToldColumns,
    initial: Hashable,
    order: Positions,
    sizes: Positions,
    called: NDArray[np.float64],
) -> SessionColumns | None:
    """Match reads with writes; None where a source is not sure.

    `order` puts the operations session by session, of so many each as `sizes` says.
    """
    if not {type(initial), *map(type, told.keys), *map(type, told.values)} <= PLAIN_TYPES:
        return None
    key_of = numbered(told.keys)[order]
    version_of = _versions(key_of, numbered([initial, *told.values]), order)
    source = _sources(np.array(told.is_write)[order], version_of)
    if source is None:
        return None
    return SessionColumns(
        np.concatenate(([0], np.cumsum(sizes))),
        np.repeat(np.arange(len(sizes)), sizes),
        source,
        np.maximum(source, -1),
        key_of,
        called[order],
    )


def numbered(values: Sequence[Hashable]) -> Positions:
    """Number values in the order in which they first come.

    >>> numbered(["b", "a", "b"]).tolist()
    [0, 1, 0]
    """
    number: defaultdict[Hashable, int] = defaultdict(count().__next__)
    return np.fromiter(map(number.__getitem__, values), dtype=np.int64, count=len(values))


def _is_answered(history: History, functions: Sequence[str]) -> bool:
    """Tell whether these are reads and writes, all of which were answered."""
    return (
        set(functions) <= {"read", "write"}
        and {op.status for op in history} == {"ok"}
        and math.inf not in [op.returned for op in history]
    )


def _session_order(called: NDArray[np.float64], client_of: Positions) -> Positions | None:
    """The places of the operations session by session; None if a client made two calls at once."""
    order = np.lexsort((called, client_of))
    later, earlier = order[1:], order[:-1]
    is_tie = (client_of[later] == client_of[earlier]) & (called[later] == called[earlier])
    return None if is_tie.any() else order


def _versions(key_of: Positions, value_of: Positions, order: Positions) -> Positions:
    """Number the pairs of key and value; -1 where the value is the initial one, which is first."""
    values = value_of[1:][order]
    return np.where(values == 0, -1, key_of * len(value_of) + values)


def _sources(is_write: Flags, version_of: Positions) -> Positions | None:
    """The source of each operation; None if the source of some read is not known for sure."""
    writes, reads = np.nonzero(is_write)[0], np.nonzero(~is_write)[0]
    by_version = writes[np.argsort(version_of[writes], kind="stable")]
    written, read = version_of[by_version], version_of[reads]
    if len(written) and (written[0] < 0 or (written[1:] == written[:-1]).any()):
        return None
    source = np.full(len(is_write), NO_READ)
    source[reads] = INITIAL
    known = read >= 0
    place = np.searchsorted(written, read[known])
    place[place == len(written)] = 0
    if known.any() and (not len(written) or (written[place] != read[known]).any()):
        return None
    source[reads[known]] = by_version[place]
    return source


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


def causality_of(columns: SessionColumns, base: Predecessors) -> Causality | None:
    """Order the operations causally, or return None where there is a cycle. O(n k).

    `base` is what `causes_of` returns.
    """
    found, blocked = topological(columns.starts.tolist(), base)
    if blocked:
        return None
    order = np.array(found, dtype=np.int64)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    row_of, rows = _rows(columns, place)
    return Causality(columns, order, place, row_of, rows)


def _rows(columns: SessionColumns, place: Positions) -> tuple[Positions, RowNumbers]:
    """The row of each operation, and the rows: one for the start of each session, then the joins."""
    count, session_of = columns.session_count, columns.session_of
    joins = _joins(columns, place)
    row_of = _row_of(columns, joins)
    is_first = joins == columns.starts[session_of[joins]]
    before = np.where(is_first, session_of[joins], row_of[joins - 1])
    source = columns.follows[joins]
    rows = np.empty((count + len(joins), count), dtype=np.int32)
    rows[:count] = columns.starts[:-1]
    _join(rows, before, row_of[source], session_of[source], source + 1)
    return row_of, rows


def _joins(columns: SessionColumns, place: Positions) -> Positions:
    """The operations that directly follow one of another session, in topological order."""
    follows, session_of = columns.follows, columns.session_of
    joins = np.nonzero((follows >= 0) & (session_of[follows] != session_of))[0]
    return joins[np.argsort(place[joins])]


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
        theirs.tolist(),
        session.tolist(),
        known.tolist(),
        strict=True,
    )
    for row, mine, other, t, first in steps:
        maximum(views[mine], views[other], out=row)
        if row[t] < first:
            row[t] = first
