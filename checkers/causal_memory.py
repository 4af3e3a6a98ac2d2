"""Causal memory: for each session, one order of all writes it may know that explains all its reads.

First the lazy guess: apply known writes only when a read demands them, in one topological order,
putting the write that is read after the others. A view that works is a proof. Where the guess
fails, the happens-before relation of the session is saturated (POPL 2017, definition of HB): a
write known to a read of another write of its key must come before that one, which may make more
writes known. A cycle, or a write that must precede a read of the initial value, is a proof too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.causal_conflicts import Conflict, WritesByKey, conflicts
from counterpoint.checkers.causal_order import Predecessors, Row, known_rows, topological
from counterpoint.checkers.matching import INITIAL, NO_READ, Sessions

View = list[int]


@dataclass(frozen=True, slots=True)
class Saturation:
    """How far the happens-before relation of one session was closed.

    `rounds` are the conflicts added, round by round: each is justified by those of the rounds
    before. `impossible` is a conflict that all of them justify and that cannot be added;
    `blocked` are positions that wait on cycles. Where both are empty the session is fine, and
    `view` explains its reads.
    """

    rounds: tuple[tuple[Conflict, ...], ...]
    impossible: Conflict | None
    blocked: tuple[int, ...]
    view: View


def lazy_view(
    sessions: Sessions, rows: Sequence[Row], rank: Sequence[int], session: int
) -> View | None:
    """Return an order of writes and the session's reads that explains them, or None: no luck.

    `rank` is the place of each position in a topological order. O(n log n).
    """
    operations, source = sessions.operations, sessions.source
    have: Sequence[int] = sessions.starts[:-1]
    newest: dict[Hashable, int] = {}
    view: View = []
    for read in _reads(sessions, session):
        batch = _unseen_writes(sessions, have, rows[read])
        have = rows[read]
        kept = source[read]
        home = sessions.session_of[kept]
        batch.sort(key=lambda i: (kept >= 0 and kept < rows[i][home], rank[i]))
        for index in batch:
            newest[operations[index].key] = index
        view += batch
        view.append(read)
        if newest.get(operations[read].key, INITIAL) != kept:
            return None
    return view


def saturate(
    sessions: Sessions, base: Predecessors, rows: Sequence[Row], writes: WritesByKey, session: int
) -> Saturation:
    """Close the happens-before relation of one session, up to the first contradiction.

    `base` and `rows` are causal order. Each round is one clock pass, O(n k); there are two or
    three in practice, and never more than pairs of a write and a session.
    """
    reads = _reads(sessions, session)
    predecessors = list(base)
    rounds: list[tuple[Conflict, ...]] = []
    while True:
        found = conflicts(sessions, rows, writes, reads)
        if found.impossible is not None:
            return Saturation(tuple(rounds), found.impossible, (), [])
        if not found.open:
            break
        rounds.append(tuple(found.open))
        for lost, kept, _ in found.open:
            predecessors[kept] = (*predecessors[kept], lost)
        order, blocked = topological(sessions.starts, predecessors)
        if blocked:
            return Saturation(tuple(rounds), None, tuple(blocked), [])
        rows = known_rows(sessions.starts, sessions.session_of, order, predecessors)
    order, _ = topological(sessions.starts, predecessors)
    return Saturation(tuple(rounds), None, (), _view(sessions, rows, ranks(order), reads))


def ranks(order: Sequence[int]) -> list[int]:
    """The place of each position in the order.

    >>> ranks([2, 0, 1])
    [1, 2, 0]
    """
    rank = [0] * len(order)
    for place, index in enumerate(order):
        rank[index] = place
    return rank


def _view(
    sessions: Sessions, rows: Sequence[Row], rank: Sequence[int], reads: Sequence[int]
) -> View:
    """Lay out a saturated order: before each read what happens before it, in rank order.

    The write that is read comes last of its key there, because every other one that happens
    before the read was put before it.
    """
    have: Sequence[int] = sessions.starts[:-1]
    view: View = []
    for read in reads:
        view += sorted(_unseen_writes(sessions, have, rows[read]), key=rank.__getitem__)
        view.append(read)
        have = rows[read]
    return view


def _reads(sessions: Sessions, session: int) -> list[int]:
    first, end = sessions.starts[session], sessions.starts[session + 1]
    return [index for index in range(first, end) if sessions.source[index] >= INITIAL]


def _unseen_writes(sessions: Sessions, have: Sequence[int], row: Row) -> list[int]:
    """The writes known to the row that come after what each session had shown before."""
    source = sessions.source
    return [
        index
        for first, end in zip(have, row, strict=True)
        if first < end
        for index in range(first, end)
        if source[index] == NO_READ
    ]
