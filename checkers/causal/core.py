"""From the place where a check failed to a core: few operations that fail alone.

A core is closed: it has the write behind each of its reads. Removing any one operation from a
shrunk core, together with the reads that saw it, leaves a history that passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from counterpoint.checkers.causal.conflicts import Conflict
from counterpoint.checkers.causal.matching import Sessions
from counterpoint.checkers.causal.order import Predecessors, circle, shortest_path

Rounds = Sequence[Sequence[Conflict]]
Added = Mapping[int, Sequence[int]]


def impossible_core(
    sessions: Sessions, base: Predecessors, conflict: Conflict, rounds: Rounds = ()
) -> set[int]:
    """The operations behind a conflict that cannot be settled: two paths, and all they rest on."""
    lost, kept, read = conflict
    added = _edges(rounds)
    paths = [_path(sessions, base, lost, read, added)]
    if kept >= 0:
        paths.append(_path(sessions, base, kept, lost, added))
    return _justified(sessions, base, rounds, paths)


def circle_core(
    sessions: Sessions, base: Predecessors, blocked: Sequence[int], rounds: Rounds = ()
) -> set[int]:
    """The operations behind a cycle among blocked positions, and all its conflicts rest on."""
    added = _edges(rounds)
    predecessors = [(*p, *added.get(index, ())) for index, p in enumerate(base)]
    edges = circle(sessions.session_of, predecessors, blocked)
    return _justified(sessions, base, rounds, edges)


def _path(
    sessions: Sessions, base: Predecessors, before: int, after: int, added: Added
) -> list[int]:
    starts, session_of = sessions.starts, sessions.session_of
    return shortest_path(starts, session_of, base, before, after, added=added)


def _edges(rounds: Rounds) -> dict[int, list[int]]:
    added: dict[int, list[int]] = {}
    for conflicts in rounds:
        for lost, kept, _ in conflicts:
            added.setdefault(kept, []).append(lost)
    return added


def _justified(
    sessions: Sessions, base: Predecessors, rounds: Rounds, paths: Iterable[Sequence[int]]
) -> set[int]:
    """All operations on these paths, and on those that justify their conflicts, all the way down.

    A conflict of round i rests on a path that uses conflicts of earlier rounds only.
    """
    known = {(c.lost, c.kept): (depth, c) for depth, cs in enumerate(rounds) for c in cs}
    core: set[int] = set()
    wanted = list(paths)
    settled: set[tuple[int, int]] = set()
    while wanted:
        path = wanted.pop()
        core.update(path)
        for edge in pairwise(path):
            if edge in known and edge not in settled:
                settled.add(edge)
                depth, (lost, _, read) = known[edge]
                added = _edges(rounds[:depth])
                wanted.append(_path(sessions, base, lost, read, added))
    return core | {sessions.source[index] for index in core if sessions.source[index] >= 0}


def restrict(sessions: Sessions, kept: Iterable[int]) -> Sessions:
    """The same sessions with only these operations, which include the sources of their reads."""
    chosen = sorted(kept)
    position = {old: new for new, old in enumerate(chosen)}
    owners = [sessions.session_of[index] for index in chosen]
    names = {owner: new for new, owner in enumerate(dict.fromkeys(owners))}
    sizes = [0] * len(names)
    for owner in owners:
        sizes[names[owner]] += 1
    forks = {
        position[index]: position[before]
        for index in chosen
        if (before := _fork_within(sessions, index, position)) is not None
    }
    return Sessions(
        tuple(sessions.operations[index] for index in chosen),
        (0, *accumulate(sizes)),
        tuple(names[owner] for owner in owners),
        tuple(
            position.get(s, s) if s >= 0 else s for s in map(sessions.source.__getitem__, chosen)
        ),
        forks,
    )


def _fork_within(sessions: Sessions, index: int, chosen: dict[int, int]) -> int | None:
    """The last chosen operation that a fork follows."""
    if index not in sessions.forks:
        return None
    before = sessions.forks[index]
    first = sessions.starts[sessions.session_of[before]]
    return next((i for i in range(before, first - 1, -1) if i in chosen), None)


def shrink(sessions: Sessions, is_broken: Callable[[Sessions], bool]) -> Sessions:
    """Remove operations while the rest is broken; when none can be removed, return the rest.

    A write goes together with the reads that saw it, so nothing is broken only by the removal.
    Halves, quarters and so on are tried before single operations.
    """
    size = max(1, len(sessions.operations) // 2)
    while True:
        smaller = _without_a_chunk(sessions, size, is_broken)
        if smaller is not None:
            sessions = smaller
        elif size == 1:
            return sessions
        else:
            size = (size + 1) // 2
        size = min(size, max(1, len(sessions.operations) // 2))


def _without_a_chunk(
    sessions: Sessions, size: int, is_broken: Callable[[Sessions], bool]
) -> Sessions | None:
    count = len(sessions.operations)
    for first in range(0, count, size):
        gone = set(range(first, min(first + size, count)))
        left = [i for i in range(count) if i not in gone and sessions.source[i] not in gone]
        if left:
            smaller = restrict(sessions, left)
            if is_broken(smaller):
                return smaller
    return None


def deciding_last(sessions: Sessions) -> tuple[str, ...]:
    """The identities of a core's operations by time, the read whose answer came last at the end."""
    operations = sorted(sessions.operations, key=lambda op: op.called)
    reads = [op for op in operations if op.f == "read"]
    others = [op for op in operations if op is not reads[-1]]
    return tuple(op.id for op in (*others, reads[-1]))
