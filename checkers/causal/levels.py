"""The three levels of causal consistency: a verdict that holds, or a core of what fails alone.

A core is closed: it has the write behind each of its reads. Removing any one operation from a
shrunk core, together with the reads that saw it, leaves a history that passes.

CC ("causal consistency"), CCv ("causal convergence") and CM ("causal memory") as defined by
Bouajjani, Enea, Guerraoui, Hamza, POPL 2017. CC is the weakest; CCv asks for one order of all
writes that everybody shares, CM for one order per session that explains all its reads at once.
Neither of CCv and CM implies the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Literal, NamedTuple

from counterpoint.checkers.causal.conflicts import (
    LostWrite,
    ViewClock,
    backward_conflicts,
    close,
    conflicts,
    with_demands,
    writes_by_key,
)
from counterpoint.checkers.causal.order import (
    ClockRow,
    Predecessors,
    causes,
    circle,
    known_rows,
    shortest_path,
    topological,
)
from counterpoint.checkers.judging import Views, shrink
from counterpoint.checkers.reads_from import INITIAL, Sessions
from counterpoint.model.verdict import Outcome, Verdict, holds

Rounds = Sequence[Sequence[LostWrite]]
Added = Mapping[int, Sequence[int]]


def impossible_core(
    sessions: Sessions, base: Predecessors, conflict: LostWrite, rounds: Rounds = ()
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
    for one_round in rounds:
        for lost, kept, _ in one_round:
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


def smallest(sessions: Sessions, is_broken: Callable[[Sessions], bool]) -> Sessions:
    """Remove operations while the rest is broken; when none can be removed, return the rest.

    A write goes together with the reads that saw it, so nothing is broken only by the removal.
    """
    return shrink(sessions, lambda some: len(some.operations), _without, is_broken)


def _without(sessions: Sessions, gone: range) -> Sessions | None:
    left = [
        i
        for i in range(len(sessions.operations))
        if i not in gone and sessions.source[i] not in gone
    ]
    return restrict(sessions, left) if left else None


def deciding_last(sessions: Sessions) -> tuple[str, ...]:
    """The identities of a core's operations by time, the read whose answer came last at the end."""
    operations = sorted(sessions.operations, key=lambda op: op.called)
    reads = [op for op in operations if op.f == "read"]
    others = [op for op in operations if op is not reads[-1]]
    return tuple(op.id for op in (*others, reads[-1]))


Level = Literal["cc", "ccv", "cm"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a level says of matched sessions.

    A non-empty `core` are the positions of operations that fail already alone. Otherwise `order`
    is a topological order of causality, which for "ccv" is also the order of writes that
    everybody can share, and for "cm" `views` has for each session an order of writes and its own
    reads in which each read returns the last write of its key.
    """

    core: frozenset[int] = frozenset()
    order: Sequence[int] = ()
    views: Mapping[int, ViewClock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Causality:
    """Causal order, computed once: direct causes, a topological order, and the clock rows."""

    base: Predecessors
    order: list[int]
    rows: list[ClockRow]


def judge_by_rows(sessions: Sessions, level: Level) -> Judgement:
    """Decide one level with the standard library alone.

    CC and CCv take O(n k log n) time, CM O(n) for each round of each session,
    of which there are few; all take O(n k) memory.
    """
    base = causes(sessions)
    order, blocked = topological(sessions.starts, base)
    if blocked:
        return _broken(circle_core(sessions, base, blocked))
    rows = known_rows(sessions.starts, sessions.session_of, order, base)
    found = backward_conflicts(sessions, rows, order)
    if found.impossible is not None:
        return _broken(impossible_core(sessions, base, found.impossible))
    causality = _Causality(base, order, rows)
    if level == "cm":
        return _memory(sessions, causality)
    if level == "ccv" and found.open:
        return _convergence(sessions, causality)
    return Judgement(order=order)


def _broken(core: set[int]) -> Judgement:
    return Judgement(frozenset(core))


def _convergence(sessions: Sessions, causality: _Causality) -> Judgement:
    """Order every two writes that some read told apart, for everybody at once."""
    reads = [index for index in causality.order if sessions.source[index] >= INITIAL]
    found = conflicts(sessions, causality.rows, writes_by_key(sessions), reads).open
    order, blocked = topological(sessions.starts, with_demands(causality.base, found))
    if blocked:
        return _broken(circle_core(sessions, causality.base, blocked, [found]))
    return Judgement(order=order)


def _memory(sessions: Sessions, causality: _Causality) -> Judgement:
    """Close the happens-before relation of each session in turn."""
    base, writes = causality.base, writes_by_key(sessions)
    views: dict[int, ViewClock] = {}
    for session in range(sessions.session_count):
        closed = close(sessions, base, causality.rows, writes, session)
        if closed.impossible is not None:
            return _broken(impossible_core(sessions, base, closed.impossible, closed.rounds))
        if closed.view is None:
            demands = [demand for found in closed.rounds for demand in found]
            _, blocked = topological(sessions.starts, with_demands(base, demands))
            return _broken(circle_core(sessions, base, blocked, closed.rounds))
        views[session] = closed.view
    return Judgement(order=causality.order, views=views)


class PositionNames(NamedTuple):
    """How positions are called in a verdict: the ids of some operations, a session's client."""

    ids: Callable[[Sequence[int]], tuple[str, ...]]
    client: Callable[[int], str]


def naming_of(sessions: Sessions) -> PositionNames:
    """Return the names in these sessions."""
    operations = sessions.operations
    return PositionNames(
        lambda order: tuple([operations[index].id for index in order]),
        lambda session: operations[sessions.starts[session]].client,
    )


def causal_holds(
    name: str, witness: tuple[str, ...], views: Mapping[str, tuple[str, ...]], *, examined: int
) -> Verdict:
    """Return the verdict of a judgement without a core, with its order and its views by names."""
    verdict = holds(name, examined=examined, witness=witness)
    if verdict.outcome is Outcome.UNDECIDED or not views:
        return verdict
    return replace(verdict, evidence=(Views(MappingProxyType(views)),))


def named_views(
    views: Mapping[int, ViewClock], naming: PositionNames
) -> dict[str, tuple[str, ...]]:
    """Return the views of a judgement by names, those of sessions that saw nothing left out."""
    return {naming.client(session): naming.ids(view) for session, view in views.items() if view}
