"""Causal memory: for each session, one order of all writes it may know that explains all its reads.

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

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.causal.conflicts import Conflict, WritesByKey, conflicts
from counterpoint.checkers.causal.matching import INITIAL, NO_READ, Sessions
from counterpoint.checkers.causal.order import Predecessors, Row

View = list[int]


@dataclass(frozen=True, slots=True)
class Closure:
    """The happens-before relation of one session.

    `rounds` are its demands, each justified by causal order and those of the rounds before.
    `impossible` is a demand that would put a write before the initial value, justified by all of
    them; `view` is the order that explains the session's reads. Without either, the demands are
    cyclic.
    """

    rounds: tuple[tuple[Conflict, ...], ...]
    impossible: Conflict | None = None
    view: View | None = None


def close(
    sessions: Sessions, base: Predecessors, rows: Sequence[Row], writes: WritesByKey, session: int
) -> Closure:
    """Close the happens-before relation of one session, or find a contradiction in it.

    `base` and `rows` are causal order, in which no read is impossible. The first round is taken
    from the clock rows, O(reads k log n); each round costs one layout, O(n).
    """
    first, end = sessions.starts[session], sessions.starts[session + 1]
    reads = [index for index in range(first, end) if sessions.source[index] >= INITIAL]
    missing = conflicts(sessions, rows, writes, reads).open
    rounds: list[tuple[Conflict, ...]] = []
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


def with_demands(base: Predecessors, demands: Sequence[Conflict]) -> list[tuple[int, ...]]:
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
) -> View | None:
    """Place each read as soon as all it depends on is placed, and that only when it is needed.

    `order` gives the session of each operation, and its source. `following` has for each session
    the first position that was not placed yet, and is brought up to date. Return the writes and
    these reads in that order; None where the dependencies form a cycle.
    """
    session_of, _ = order
    view: View = []
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
    view: View,
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


def _missing_demands(sessions: Sessions, view: View) -> list[Conflict]:
    """What the reads of a layout demand of it in vain: nothing where it explains them all."""
    log: dict[Hashable, list[int]] = {}
    place: dict[int, int] = {INITIAL: -1}
    demands: dict[tuple[int, int], Conflict] = {}
    for index in view:
        placed = log.setdefault(sessions.operations[index].key, [])
        source = sessions.source[index]
        if source == NO_READ:
            place[index] = len(placed)
            placed.append(index)
        elif place[source] + 1 < len(placed):
            for lost in placed[place[source] + 1 :]:
                demands.setdefault((lost, source), Conflict(lost, source, index))
    return list(demands.values())
