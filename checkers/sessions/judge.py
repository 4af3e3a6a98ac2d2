"""Session guarantees, decided: orders of the writes that explain the reads, or a core that fails.

Four guarantees (Terry et al., "Session guarantees for weakly consistent replicated data", PDIS
1994), each a rule for two operations of one session, earlier and later:

- RYW, read your writes: a write is visible to a later read.
- MR, monotonic reads: what is visible to a read is visible to a later read.
- MW, monotonic writes: wherever a write is visible, an earlier one is, and comes before it.
- WFR, writes follow reads: wherever a write is visible, so is what was visible to an earlier read,
  and comes before it.

A read sees the write that it returned. So visibility is reachability by reads-from and the chosen
rules, and a write visible to a read of another write of the key comes before the one returned; none
can come before the initial value. RYW includes that a session which reads a key sees its own
writes of it in the order in which it made them. All four together are causal order.

Earlier writes, and earlier reads, of a session are reached through lanes: one more node for each
operation that stands for all of its kind up to there. That keeps the graph linear. With MW a read
sees the whole write lane up to the write it returned.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from counterpoint.checkers.causal.conflicts import (
    LostWrite,
    WritesByKey,
    conflicts,
    with_demands,
    writes_by_key,
)
from counterpoint.checkers.causal.levels import circle_core, impossible_core
from counterpoint.checkers.causal.order import causes, known_rows
from counterpoint.checkers.causal.order import topological as sessions_first
from counterpoint.checkers.happens_before.clocks import merged
from counterpoint.checkers.links import some_cycle, topological, turned
from counterpoint.checkers.reads_from import INITIAL, NO_READ, Sessions

Guarantee = Literal["RYW", "MR", "MW", "WFR"]
Guarantees = frozenset[Guarantee]

ALL: Guarantees = frozenset({"RYW", "MR", "MW", "WFR"})
"""All four: causal order."""

Vertex = int
"""Operation i is vertex i; its write lane is vertex n + i, its read lane vertex 2 n + i."""


def rule_between(earlier_writes: bool, later_writes: bool) -> Guarantee:
    """The guarantee that orders two operations of one session, by what they do.

    >>> rule_between(True, False), rule_between(False, True)
    ('RYW', 'WFR')
    """
    if earlier_writes:
        return "MW" if later_writes else "RYW"
    return "WFR" if later_writes else "MR"


@dataclass(frozen=True, slots=True)
class Visibility:
    """The graph of what is visible: for each node its direct predecessors."""

    sessions: Sessions
    chosen: Guarantees
    predecessors: tuple[tuple[Vertex, ...], ...]

    def operations_of(self, nodes: Sequence[Vertex]) -> list[int]:
        """The operations among these nodes; the lanes between them say nothing more."""
        return [node for node in nodes if node < len(self.sessions.operations)]


def visibility(sessions: Sessions, chosen: Guarantees) -> Visibility:
    """Build the graph of the chosen guarantees. O(n)."""
    count = len(sessions.operations)
    found: list[list[Vertex]] = [[] for _ in range(3 * count)]
    lanes: dict[int, dict[bool, Vertex]] = {}
    for index in _parents_first(sessions):
        before = dict(lanes.get(_previous(sessions, index), {}))
        writes = sessions.operations[index].f == "write"
        for earlier_writes, lane in before.items():
            if rule_between(earlier_writes, writes) in chosen:
                found[index].append(lane)
        source = sessions.source[index]
        if source >= 0:
            found[index].append(count + source if "MW" in chosen else source)
        lane = count + index if writes else 2 * count + index
        found[lane] = [index, before[writes]] if writes in before else [index]
        before[writes] = lane
        lanes[index] = before
    return Visibility(sessions, chosen, tuple(map(tuple, found)))


def _parents_first(sessions: Sessions) -> Iterator[int]:
    """All positions, those of forks at the end."""
    forked = set(sessions.forks)
    yield from (index for index in range(len(sessions.operations)) if index not in forked)
    yield from sorted(forked)


def _previous(sessions: Sessions, index: int) -> int:
    """The operation just before in session order, or -1."""
    first = sessions.starts[sessions.session_of[index]]
    return index - 1 if index > first else sessions.forks.get(index, -1)


def topological_or_cycle(
    predecessors: Sequence[Sequence[Vertex]],
) -> tuple[list[Vertex], list[Vertex]]:
    """Return a topological order and nothing, or nothing and a cycle. O(edges).

    >>> topological_or_cycle([(1,), ()]), topological_or_cycle([(1,), (0,)])
    (([1, 0], []), ([], [0, 1]))
    """
    order, rest = topological(turned(predecessors))
    return ([], some_cycle(predecessors, rest)) if rest else (order, [])


def path(graph: Visibility, before: int, after: int) -> list[int]:
    """The operations on a path with fewest nodes; there must be one."""
    towards: dict[Vertex, Vertex] = {after: after}
    frontier = [after]
    while before not in towards:
        following: list[Vertex] = []
        for node in frontier:
            for p in graph.predecessors[node]:
                if p not in towards:
                    towards[p] = node
                    following.append(p)
        assert following, f"no path from {before} to {after}"
        frontier = following
    nodes = [before]
    while nodes[-1] != after:
        nodes.append(towards[nodes[-1]])
    return graph.operations_of(nodes)


EVERYBODY = -1
"""The observer whose order must suit all sessions."""


@dataclass(frozen=True, slots=True)
class SessionJudgement:
    """A non-empty `core` fails alone; otherwise `orders` has an order of the writes per observer."""

    core: frozenset[int] = frozenset()
    orders: Mapping[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What can be visible to reads: clock rows over lanes, and what the lanes hold of each key.

    `rows[r][t]` bounds the writes of session t that are visible to operation r, and
    `rows[r][k + t]` the reads of session t whose sources are. `reads` has for each key, for each
    session that reads it, the positions of its reads and the sources of those.
    """

    graph: Visibility
    rows: dict[Vertex, tuple[int, ...]]
    writes: WritesByKey
    reads: Mapping[Hashable, list[tuple[int, list[int], list[int]]]]


def judge_guarantees(
    sessions: Sessions, chosen: Guarantees, *, convergent: bool
) -> SessionJudgement:
    """Decide a set of guarantees, with one order for everybody or one for each session.

    Visibility takes O(n k) time and memory, each observer O(n) time and the demands that its reads
    make: O(k) for each read where MW is chosen, and without it as many as there are writes of its
    key to tell apart. All four guarantees are causal order, which is several times faster.
    """
    if chosen == ALL:
        return _judge_causal_order(sessions, convergent=convergent)
    return judge_by_lanes(sessions, chosen, convergent=convergent)


def judge_by_lanes(sessions: Sessions, chosen: Guarantees, *, convergent: bool) -> SessionJudgement:
    """Decide any set of guarantees by the graph of their lanes; `judge_guarantees` may be faster."""
    graph = visibility(sessions, chosen)
    order, cycle = topological_or_cycle(graph.predecessors)
    if cycle:
        return SessionJudgement(_closed(sessions, graph.operations_of(cycle)))
    seen = _Seen(graph, _rows(graph, order), writes_by_key(sessions), _reads_by_key(sessions))
    orders: dict[int, list[int]] = {}
    for observer, reads in observers(sessions, convergent=convergent).items():
        judgement = _observe(seen, order, reads)
        if judgement.core:
            return judgement
        orders[observer] = judgement.orders[EVERYBODY]
    return SessionJudgement(orders=orders)


def observers(sessions: Sessions, *, convergent: bool) -> dict[int, list[int]]:
    """The reads that one order of the writes must explain: those of each session, or all."""
    found: dict[int, list[int]] = {}
    for read, source in enumerate(sessions.source):
        if source >= INITIAL:
            observer = EVERYBODY if convergent else sessions.session_of[read]
            found.setdefault(observer, []).append(read)
    return found


def _judge_causal_order(sessions: Sessions, *, convergent: bool) -> SessionJudgement:
    """All four guarantees: what is visible to a read is what causally precedes it."""
    base = causes(sessions)
    order, blocked = sessions_first(sessions.starts, base)
    if blocked:
        return SessionJudgement(frozenset(circle_core(sessions, base, blocked)))
    rows = known_rows(sessions.starts, sessions.session_of, order, base)
    writes = writes_by_key(sessions)
    orders: dict[int, list[int]] = {}
    for observer, reads in observers(sessions, convergent=convergent).items():
        found = conflicts(sessions, rows, writes, reads)
        if found.impossible is not None:
            return SessionJudgement(frozenset(impossible_core(sessions, base, found.impossible)))
        order, blocked = sessions_first(sessions.starts, with_demands(base, found.open))
        if blocked:
            core = circle_core(sessions, base, blocked, [found.open])
            return SessionJudgement(frozenset(core))
        orders[observer] = [index for index in order if sessions.source[index] == NO_READ]
    return SessionJudgement(orders=orders)


def _closed(sessions: Sessions, operations: Sequence[int]) -> frozenset[int]:
    """These operations and the writes behind their reads."""
    sources = {sessions.source[i] for i in operations if sessions.source[i] >= 0}
    return frozenset({*operations, *sources})


def _rows(graph: Visibility, order: Sequence[Vertex]) -> dict[Vertex, tuple[int, ...]]:
    sessions = graph.sessions
    count, session_count = len(sessions.operations), sessions.session_count
    nothing = (*sessions.starts[:-1], *sessions.starts[:-1])
    rows: dict[Vertex, tuple[int, ...]] = {}
    for node in order:
        row = nothing
        for p in graph.predecessors[node]:
            row = tuple(merged(row, rows[p])) if row is not nothing else rows[p]
        if node >= count:
            index = node % count
            lane = sessions.session_of[index] + (session_count if node >= 2 * count else 0)
            row = (*row[:lane], index + 1, *row[lane + 1 :])
        rows[node] = row
    return rows


def _reads_by_key(sessions: Sessions) -> dict[Hashable, list[tuple[int, list[int], list[int]]]]:
    found: dict[Hashable, dict[int, tuple[list[int], list[int]]]] = {}
    for index, op in enumerate(sessions.operations):
        if sessions.source[index] >= INITIAL:
            by_session = found.setdefault(op.key, {})
            reads, sources = by_session.setdefault(sessions.session_of[index], ([], []))
            reads.append(index)
            sources.append(sessions.source[index])
    return {
        key: [(session, *lists) for session, lists in by_session.items()]
        for key, by_session in found.items()
    }


def _observe(seen: _Seen, order: Sequence[Vertex], reads: Sequence[int]) -> SessionJudgement:
    """Judge some reads together: all demands they make on one order of the writes."""
    graph = seen.graph
    sessions = graph.sessions
    demands = [*_demands(seen, reads), *own_order(sessions, graph.chosen, seen.writes, reads)]
    for lost, kept, read in demands:
        if kept == INITIAL:
            return SessionJudgement(_closed(sessions, path(graph, lost, read)))
    rank = {node: place for place, node in enumerate(order)}
    if any(rank[lost] > rank[kept] for lost, kept, _ in demands):
        predecessors = list(graph.predecessors)
        for lost, kept, _ in demands:
            predecessors[kept] = (*predecessors[kept], lost)
        order, cycle = topological_or_cycle(predecessors)
        if cycle:
            return SessionJudgement(_justified(graph, cycle, demands))
    writes = [node for node in graph.operations_of(order) if sessions.source[node] == NO_READ]
    return SessionJudgement(orders={EVERYBODY: writes})


def _demands(seen: _Seen, reads: Sequence[int]) -> Iterator[LostWrite]:
    """For each read, the writes visible to it that must come before the one it returned.

    `done` remembers how much of a lane was demanded before a write already.
    """
    sessions = seen.graph.sessions
    done: dict[tuple[int, int], int] = {}
    for read in reads:
        kept = sessions.source[read]
        for lane, visible, known in _visible(seen, read):
            start = done.get((kept, lane), 0)
            if start < known:
                if kept != INITIAL:  # the initial values of several keys share one place
                    done[kept, lane] = known
                for lost in visible[start:known]:
                    if lost not in (kept, INITIAL):
                        yield LostWrite(lost, kept, read)


def _visible(seen: _Seen, read: int) -> Iterator[tuple[int, list[int], int]]:
    """The lanes visible to a read: the writes of its key that they hold, and how many are visible.

    With MW the last write of a session that is visible speaks for all before it, and the writes
    that reads returned are in the write lanes anyway.
    """
    sessions, chosen = seen.graph.sessions, seen.graph.chosen
    key, row = sessions.operations[read].key, seen.rows[read]
    for session, positions in seen.writes.get(key, ()):
        known = bisect_left(positions, row[session])
        if known and "MW" in chosen:
            yield positions[known - 1], positions[known - 1 : known], 1
        elif known:
            yield -1 - session, positions, known
    if "MW" not in chosen:
        for session, positions, sources in seen.reads.get(key, ()):
            lane = sessions.session_count + session
            yield -1 - lane, sources, bisect_left(positions, row[lane])


def own_order(
    sessions: Sessions, chosen: Guarantees, writes: WritesByKey, reads: Sequence[int]
) -> Iterator[LostWrite]:
    """RYW: a session that reads a key sees its own writes of it in the order it made them."""
    if "RYW" not in chosen:
        return
    last_read = {(sessions.operations[i].key, sessions.session_of[i]): i for i in reads}
    for (key, session), read in last_read.items():
        own = dict(writes.get(key, ())).get(session, [])
        for earlier, later in pairwise(own[: bisect_left(own, read)]):
            yield LostWrite(earlier, later, read)


def _justified(
    graph: Visibility, cycle: Sequence[Vertex], demands: Sequence[LostWrite]
) -> frozenset[int]:
    """The operations of a cycle, and of the paths on which its demands rest."""
    operations = graph.operations_of(cycle)
    edges = {edge for pair in pairwise((*operations, operations[0])) for edge in (pair, pair[::-1])}
    core = set(operations)
    for lost, kept, read in demands:
        if (lost, kept) in edges:
            core.update((*path(graph, lost, read), kept))
    return _closed(graph.sessions, sorted(core))
