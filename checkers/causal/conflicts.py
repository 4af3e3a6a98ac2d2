"""What a read implies about the other writes of its key, under a given order.

After Bouajjani, Enea, Guerraoui, Hamza, "On verifying causal consistency", POPL 2017, section 5.
One candidate per session is enough, the last write known to the read: Møldrup and Pavlogiannis,
"AWDIT", PLDI 2025. That the initial value comes before every write is part of the rule here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from counterpoint.checkers.causal.matching import INITIAL, NO_READ, Sessions
from counterpoint.checkers.causal.order import Row


class Conflict(NamedTuple):
    """Read `read` returned what `kept` wrote although it knew `lost`, another write of the key.

    So `lost` must come before `kept`; where `kept` is the initial value, or known to `lost`, it
    cannot.
    """

    lost: int
    kept: int
    read: int


class Conflicts(NamedTuple):
    """Conflicts that the order leaves open, and the first one that nothing can settle."""

    open: list[Conflict]
    impossible: Conflict | None


WritesByKey = dict[Hashable, list[tuple[int, list[int]]]]


def writes_by_key(sessions: Sessions) -> WritesByKey:
    """For each key, for each session that writes it, the positions of its writes in order."""
    found: dict[Hashable, dict[int, list[int]]] = {}
    for index, op in enumerate(sessions.operations):
        if op.f == "write":
            session = sessions.session_of[index]
            found.setdefault(op.key, {}).setdefault(session, []).append(index)
    return {key: list(by_session.items()) for key, by_session in found.items()}


def last_known(writes: list[tuple[int, list[int]]], row: Row) -> Iterator[int]:
    """For each session that writes a key, the last of its writes known to the row, if any."""
    for session, positions in writes:
        if positions[0] < row[session]:
            yield positions[bisect_left(positions, row[session]) - 1]


def conflicts(
    sessions: Sessions, rows: Sequence[Row], writes: WritesByKey, reads: Iterable[int]
) -> Conflicts:
    """Return what the reads imply and the order does not, up to the first impossible conflict.

    Of the conflicts for one write and one session only those are kept that say more than the
    earlier ones. O(k log n) for each read.
    """
    session_of, operations = sessions.session_of, sessions.operations
    latest: dict[tuple[int, int], int] = {}
    found: list[Conflict] = []
    for read in reads:
        kept = sessions.source[read]
        for lost in last_known(writes.get(operations[read].key, []), rows[read]):
            if lost == kept:
                continue
            if kept == INITIAL or kept < rows[lost][session_of[kept]]:
                return Conflicts(found, Conflict(lost, kept, read))
            theirs = session_of[lost]
            if rows[kept][theirs] <= lost and latest.get((kept, theirs), -1) < lost:
                latest[kept, theirs] = lost
                found.append(Conflict(lost, kept, read))
    return Conflicts(found, None)


def backward_conflicts(sessions: Sessions, rows: Sequence[Row], order: Sequence[int]) -> Conflicts:
    """Return the conflicts with a topological order: those whose lost write it puts last.

    None means that the order itself explains every read. All that is impossible is found, because
    a write that knows another comes after it. Only the writes between the kept one and the read
    are looked at, or one per session where that is less: O(k log n) for each read at worst.
    """
    session_of, operations, source = sessions.session_of, sessions.operations, sessions.source
    few = 2 * sessions.session_count
    writes: WritesByKey = {}
    log: dict[Hashable, list[int]] = {}
    place = [0] * len(source)
    found: list[Conflict] = []
    for index in order:
        kept = source[index]
        if kept == NO_READ:
            past = log.setdefault(operations[index].key, [])
            place[index] = len(past)
            past.append(index)
            continue
        if kept < INITIAL:
            continue
        past = log.get(operations[index].key, [])
        first = place[kept] + 1 if kept >= 0 else 0
        if first == len(past):
            continue
        row = rows[index]
        between: Iterable[int] = past[first:]
        if len(past) - first > few:
            writes = writes or writes_by_key(sessions)
            between = last_known(writes[operations[index].key], row)
        for lost in between:
            if lost == kept or row[session_of[lost]] <= lost:
                continue
            if kept == INITIAL or kept < rows[lost][session_of[kept]]:
                return Conflicts(found, Conflict(lost, kept, index))
            found.append(Conflict(lost, kept, index))
    return Conflicts(found, None)
