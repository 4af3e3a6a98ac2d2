"""What chosen session guarantees put before what: the labelled order behind `check_sessions`.

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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from counterpoint.checkers.causal.matching import Sessions

Guarantee = Literal["RYW", "MR", "MW", "WFR"]
Guarantees = frozenset[Guarantee]

ALL: Guarantees = frozenset({"RYW", "MR", "MW", "WFR"})
"""All four: causal order."""

Node = int
"""Operation i is node i; its write lane is node n + i, its read lane node 2 n + i."""


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
    predecessors: tuple[tuple[Node, ...], ...]

    def operations_of(self, nodes: Sequence[Node]) -> list[int]:
        """The operations among these nodes; the lanes between them say nothing more."""
        return [node for node in nodes if node < len(self.sessions.operations)]


def visibility(sessions: Sessions, chosen: Guarantees) -> Visibility:
    """Build the graph of the chosen guarantees. O(n)."""
    count = len(sessions.operations)
    found: list[list[Node]] = [[] for _ in range(3 * count)]
    lanes: dict[int, dict[bool, Node]] = {}
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
    predecessors: Sequence[Sequence[Node]],
) -> tuple[list[Node], list[Node]]:
    """Return a topological order and nothing, or nothing and a cycle. Depth first, O(edges).

    >>> topological_or_cycle([(1,), ()]), topological_or_cycle([(1,), (0,)])
    (([1, 0], []), ([], [1, 0]))
    """
    entered, left = 1, 2
    state = bytearray(len(predecessors))
    order: list[Node] = []
    for root in range(len(predecessors)):
        stack = [root]
        while stack:
            node = stack[-1]
            if state[node]:
                stack.pop()
                if state[node] == entered:
                    state[node] = left
                    order.append(node)
                continue
            state[node] = entered
            for p in predecessors[node]:
                if state[p] == entered:
                    # Of the nodes on the stack those entered are the path that led here.
                    entries = [n for n in stack if state[n] == entered]
                    return [], entries[entries.index(p) :][::-1]
                if not state[p]:
                    stack.append(p)
    return order, []


def path(graph: Visibility, before: int, after: int) -> list[int]:
    """The operations on a path with fewest nodes; there must be one."""
    towards: dict[Node, Node] = {after: after}
    frontier = [after]
    while before not in towards:
        following: list[Node] = []
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
