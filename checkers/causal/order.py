"""Causal order by vector clocks: one pass over the operations, one clock row for each.

Operations are positions laid out session by session; `starts[t]` is where session t begins. A
clock row holds, for each session, the first position that is not known: position p of session t
is known to a row, which includes the row's own operation, exactly when `p < row[t]`.

Memory is O(n k) for n operations in k sessions. There is no transitive closure anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from counterpoint.checkers.happens_before.clocks import merged
from counterpoint.checkers.reads_from import Sessions
from counterpoint.model.mistakes import OwnDefect

ClockRow = tuple[int, ...]
Predecessors = Sequence[tuple[int, ...]]


def causes(sessions: Sessions) -> list[tuple[int, ...]]:
    """What each operation directly follows besides its session: its source, or where it forked."""
    found: list[tuple[int, ...]] = [(s,) if s >= 0 else () for s in sessions.source]
    for index, before in sessions.forks.items():
        found[index] = (*found[index], before)
    return found


def topological(starts: Sequence[int], predecessors: Predecessors) -> tuple[list[int], list[int]]:
    """Return the positions in an order that respects sessions and predecessors, and what blocks.

    The second list has, for each session that cannot be finished, its first position that waits
    for ever. It is empty exactly when there is no cycle. O(n + edges).

    >>> topological((0, 2, 3), [(), (2,), (0,)])
    ([0, 2, 1], [])
    >>> topological((0, 2, 4), [(3,), (), (1,), ()])
    ([], [0, 2])
    """
    count = starts[-1]
    done = bytearray(count)
    following = list(starts[:-1])
    waiting: dict[int, list[int]] = {}
    ready = list(range(len(following)))[::-1]
    order: list[int] = []
    while ready:
        session = ready.pop()
        index, end = following[session], starts[session + 1]
        while index < end:
            for p in predecessors[index]:
                if not done[p]:
                    waiting.setdefault(p, []).append(session)
                    break
            else:
                done[index] = 1
                order.append(index)
                if index in waiting:
                    ready.extend(waiting.pop(index))
                index += 1
                continue
            break
        following[session] = index
    blocked = [i for session, i in enumerate(following) if i < starts[session + 1]]
    return order, blocked


def known_rows(
    starts: Sequence[int],
    session_of: Sequence[int],
    order: Sequence[int],
    predecessors: Predecessors,
) -> list[ClockRow]:
    """Return the clock row of each position; `order` is topological. O(n k).

    >>> known_rows((0, 2, 3), (0, 0, 1), [0, 2, 1], [(), (2,), (0,)])
    [(1, 2), (2, 3), (1, 3)]
    """
    current = [list(starts[:-1]) for _ in starts[:-1]]
    rows: list[ClockRow] = [()] * starts[-1]
    for index in order:
        session = session_of[index]
        row = current[session]
        for p in predecessors[index]:
            if row[session_of[p]] <= p:
                current[session] = row = merged(row, rows[p])
        row[session] = index + 1
        # Tuples of integers drop out of the garbage collector's sight; lists would be walked
        # again and again, which costs as much as the pass itself.
        rows[index] = tuple(row)
    return rows


def knows(sessions: Sessions, rows: Sequence[ClockRow], later: int, earlier: int) -> bool:
    """Tell whether `earlier` is `later` or comes before it in the order of these clock rows."""
    return earlier < rows[later][sessions.session_of[earlier]]


def circle(
    session_of: Sequence[int],
    predecessors: Predecessors,
    blocked: Sequence[int],
) -> list[tuple[int, int]]:
    """Return a cycle among blocked positions as its edges (predecessor, waiting position).

    Between the end of one edge and the start of the next lies session order, or nothing. It is
    a shortest one among those through the first blocked position of each session; O(k * edges).
    """
    head = {session_of[index]: index for index in blocked}
    waits = {
        session: [
            (p, index)
            for p in predecessors[index]
            if session_of[p] in head and head[session_of[p]] <= p
        ]
        for session, index in head.items()
    }
    found = [c for session in head for c in _circles_through(session, waits, session_of)]
    if not found:
        raise OwnDefect(f"{len(blocked)} positions are blocked without a cycle")
    return min(found, key=len)


def _circles_through(
    session: int,
    waits: Mapping[int, list[tuple[int, int]]],
    session_of: Sequence[int],
) -> Iterator[list[tuple[int, int]]]:
    """A shortest cycle through one session, by breadth-first search against the edges."""
    reached: dict[int, list[tuple[int, int]]] = {session: []}
    frontier = [session]
    while frontier:
        following = []
        for waiter in frontier:
            for edge in waits[waiter]:
                owner = session_of[edge[0]]
                if owner == session:
                    yield [edge, *reached[waiter]]
                    return
                if owner not in reached:
                    reached[owner] = [edge, *reached[waiter]]
                    following.append(owner)
        frontier = following


def shortest_path(
    starts: Sequence[int],
    session_of: Sequence[int],
    predecessors: Predecessors,
    before: int,
    after: int,
    *,
    added: Mapping[int, Sequence[int]] | None = None,
) -> list[int]:
    """Return the positions on a path from `before` to `after` with fewest jumps between sessions.

    `added` gives further predecessors. Every position is scanned once: O(n + edges).
    """
    more = added or {}
    home = session_of[before]
    seen = {t: first - 1 for t, first in enumerate(starts[:-1])}
    arrived: dict[int, tuple[int, int]] = {}
    frontier = [after]
    while frontier:
        following: list[int] = []
        for entry in frontier:
            session = session_of[entry]
            if session == home and entry >= before:
                return _walk(before, entry, after, arrived)
            for index in range(entry, seen[session], -1):
                for p in (*predecessors[index], *more.get(index, ())):
                    if p > seen[session_of[p]] and p not in arrived:
                        arrived[p] = (index, entry)
                        following.append(p)
            seen[session] = max(seen[session], entry)
        frontier = following
    raise AssertionError(f"no path from {before} to {after}")


def _walk(before: int, entry: int, after: int, arrived: Mapping[int, tuple[int, int]]) -> list[int]:
    path = [before]
    while True:
        if path[-1] != entry:
            path.append(entry)
        if entry == after:
            return path
        index, entry = arrived[entry]
        path.append(index)
