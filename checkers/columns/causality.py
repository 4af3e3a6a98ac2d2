"""Causal order on columns: a topological order, and clock rows where they change.

The row of an operation is that of the last operation of its session that follows one of another
session (a *join*), with its own place for its own session. So rows are kept for joins alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.causal.order import Predecessors, topological
from counterpoint.checkers.columns.sessions import Flags, Positions, SessionColumns

Rows = NDArray[np.int32]


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
    rows: Rows

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


def _rows(columns: SessionColumns, place: Positions) -> tuple[Positions, Rows]:
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
    rows: Rows, before: Positions, theirs: Positions, session: Positions, known: Positions
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
