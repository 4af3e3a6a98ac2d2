"""What a read implies about the other writes of its key, under a given order.

After Bouajjani, Enea, Guerraoui, Hamza, "On verifying causal consistency", POPL 2017, section 5.
One candidate per session is enough, the last write known to the read: Møldrup and Pavlogiannis,
"AWDIT", PLDI 2025. That the initial value comes before every write is part of the rule here.

Causal memory: for each session, one order of all writes it may know that explains all its reads.

The happens-before relation of a session (POPL 2017, definition of HB) is causal order and, where
one of its reads returned one write although another write of the key happens before the read, that
other write before the returned one; such a demand may make further writes happen before reads.

The relation is closed without clocks. The session's past is laid out on demand: before each read
comes what happens before it and was not placed yet, nothing else. So if a read finds another write
newest than the one it returned, that write happens before it, and a demand was missing. When none
is missing the layout itself is the proof. A cycle among demands, or a write that happens before a
read of the initial value, is a proof of the contrary.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.causal.order import ClockRow, Predecessors
from counterpoint.checkers.reads_from import INITIAL, NO_READ, Sessions


class LostWrite(NamedTuple):
    """Read `read` returned what `kept` wrote although it knew `lost`, another write of the key.

    So `lost` must come before `kept`; where `kept` is the initial value, or known to `lost`, it
    cannot.
    """

    lost: int
    kept: int
    read: int


class Conflicts(NamedTuple):
    """Conflicts that the order leaves open, and the first one that nothing can settle."""

    open: list[LostWrite]
    impossible: LostWrite | None


WritesByKey = dict[Hashable, list[tuple[int, list[int]]]]


def writes_by_key(sessions: Sessions) -> WritesByKey:
    """For each key, for each session that writes it, the positions of its writes in order."""
    found: dict[Hashable, dict[int, list[int]]] = {}
    for index, op in enumerate(sessions.operations):
        if op.f == "write":
            session = sessions.session_of[index]
            found.setdefault(op.key, {}).setdefault(session, []).append(index)
    return {key: list(by_session.items()) for key, by_session in found.items()}


def last_known(writes: list[tuple[int, list[int]]], row: ClockRow) -> Iterator[int]:
    """For each session that writes a key, the last of its writes known to the row, if any."""
    for session, positions in writes:
        if positions[0] < row[session]:
            yield positions[bisect_left(positions, row[session]) - 1]


def conflicts(
    sessions: Sessions, rows: Sequence[ClockRow], writes: WritesByKey, reads: Iterable[int]
) -> Conflicts:
    """Return what the reads imply and the order does not, up to the first impossible conflict.

    Of the conflicts for one write and one session only those are kept that say more than the
    earlier ones. O(k log n) for each read.
    """
    session_of, operations = sessions.session_of, sessions.operations
    latest: dict[tuple[int, int], int] = {}
    found: list[LostWrite] = []
    for read in reads:
        kept = sessions.source[read]
        for lost in last_known(writes.get(operations[read].key, []), rows[read]):
            if lost == kept:
                continue
            if kept == INITIAL or kept < rows[lost][session_of[kept]]:
                return Conflicts(found, LostWrite(lost, kept, read))
            theirs = session_of[lost]
            if rows[kept][theirs] <= lost and latest.get((kept, theirs), -1) < lost:
                latest[kept, theirs] = lost
                found.append(LostWrite(lost, kept, read))
    return Conflicts(found, None)


def backward_conflicts(
    sessions: Sessions, rows: Sequence[ClockRow], order: Sequence[int]
) -> Conflicts:
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
    found: list[LostWrite] = []
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
                return Conflicts(found, LostWrite(lost, kept, index))
            found.append(LostWrite(lost, kept, index))
    return Conflicts(found, None)


ViewClock = list[int]


@dataclass(frozen=True, slots=True)
class Closure:
    """The happens-before relation of one session.

    `rounds` are its demands, each justified by causal order and those of the rounds before.
    `impossible` is a demand that would put a write before the initial value, justified by all of
    them; `view` is the order that explains the session's reads. Without either, the demands are
    cyclic.
    """

    rounds: tuple[tuple[LostWrite, ...], ...]
    impossible: LostWrite | None = None
    view: ViewClock | None = None


def close(
    sessions: Sessions,
    base: Predecessors,
    rows: Sequence[ClockRow],
    writes: WritesByKey,
    session: int,
) -> Closure:
    """Close the happens-before relation of one session, or find a contradiction in it.

    `base` and `rows` are causal order, in which no read is impossible. The first round is taken
    from the clock rows, O(reads k log n); each round costs one layout, O(n).
    """
    first, end = sessions.starts[session], sessions.starts[session + 1]
    reads = [index for index in range(first, end) if sessions.source[index] >= INITIAL]
    missing = conflicts(sessions, rows, writes, reads).open
    rounds: list[tuple[LostWrite, ...]] = []
    predecessors = base
    order = (sessions.session_of, sessions.source)
    while True:
        rounds.append(tuple(missing))
        predecessors = with_demands(predecessors, missing)
        view = lay_out(order, predecessors, reads, list(sessions.starts[:-1]))
        if view is None:
            return Closure(tuple(rounds))
        missing = _missing_demands(sessions, view)
        if not missing:
            return Closure(tuple(rounds), view=view)
        for demand in missing:
            if demand.kept == INITIAL:
                return Closure(tuple(rounds), impossible=demand)


def with_demands(base: Predecessors, demands: Sequence[LostWrite]) -> list[tuple[int, ...]]:
    """The same predecessors, and each lost write before the one that was kept."""
    predecessors = list(base)
    for lost, kept, _ in demands:
        predecessors[kept] = (*predecessors[kept], lost)
    return predecessors


def lay_out(
    order: tuple[Sequence[int], Sequence[int]],
    predecessors: Predecessors,
    reads: Sequence[int],
    following: list[int],
) -> ViewClock | None:
    """Place each read as soon as all it depends on is placed, and that only when it is needed.

    `order` gives the session of each operation, and its source. `following` has for each session
    the first position that was not placed yet, and is brought up to date. Return the writes and
    these reads in that order; None where the dependencies form a cycle.
    """
    session_of, _ = order
    view: ViewClock = []
    for read in reads:
        wanted = {session_of[read]: read}
        while wanted:
            session = next(reversed(wanted))
            last = wanted[session]
            missing = _advance(session, last, following, predecessors, order, view)
            if missing < 0:
                del wanted[session]
            elif session_of[missing] in wanted:
                return None
            else:
                wanted[session_of[missing]] = missing
        view.append(read)
    return view


def _advance(
    session: int,
    last: int,
    following: list[int],
    predecessors: Predecessors,
    order: tuple[Sequence[int], Sequence[int]],
    view: ViewClock,
) -> int:
    """Place the writes of a session up to `last`; return a position that must come first, or -1."""
    session_of, source = order
    for index in range(following[session], last + 1):
        for p in predecessors[index]:
            if p >= following[session_of[p]]:
                following[session] = index
                return p
        following[session] = index + 1
        if source[index] == NO_READ:
            view.append(index)
    return -1


def _missing_demands(sessions: Sessions, view: ViewClock) -> list[LostWrite]:
    """What the reads of a layout demand of it in vain: nothing where it explains them all."""
    log: dict[Hashable, list[int]] = {}
    place: dict[int, int] = {INITIAL: -1}
    demands: dict[tuple[int, int], LostWrite] = {}
    for index in view:
        placed = log.setdefault(sessions.operations[index].key, [])
        source = sessions.source[index]
        if source == NO_READ:
            place[index] = len(placed)
            placed.append(index)
        elif place[source] + 1 < len(placed):
            for lost in placed[place[source] + 1 :]:
                demands.setdefault((lost, source), LostWrite(lost, source, index))
    return list(demands.values())
