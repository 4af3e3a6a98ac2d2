"""Cycles of dependencies that an isolation level forbids, named as Adya named them.

A read that missed what had reached it: a read-write dependency, and a way back of causes alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from counterpoint.checkers.links import Link
from counterpoint.model.mistakes import OwnDefect

ORDERS = ("process", "real time")


class CycleRule(NamedTuple):
    """Which dependencies may not form a cycle.

    Those of `lone` count only in cycles in which no two of them are neighbours.
    """

    kinds: tuple[str, ...]
    lone: tuple[str, ...]


class Cycle(NamedTuple):
    """A cycle of links, each beginning where the one before it ends, and its name."""

    links: tuple[Link, ...]
    anomaly: str


def forbidden_cycle(count: int, links: Iterable[Link], rule: CycleRule) -> Cycle | None:
    """Return a short cycle that the rule forbids, among `count` nodes; None where there is none.

    The worst anomaly is looked for first: writes alone, then reads, then more and more.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Link(0, 1, "write-write", said()), Link(1, 0, "read-write", said())
    >>> serial = CycleRule(("write-write", "write-read", "read-write"), ())
    >>> forbidden_cycle(2, [a, b], serial).anomaly
    'G-single'
    """
    every = [link for link in links if link.rule in rule.kinds or link.rule in rule.lone]
    if not _strong_components(count, _targets(count, every)):
        return None
    for kinds in _from_the_worst(rule.kinds):
        found = _plain_cycle(count, [link for link in every if link.rule in kinds])
        if found:
            return Cycle(found, _name(found))
    return _lone_cycle(count, every, rule) if rule.lone else None


def serial_order(count: int, links: Iterable[Link], rule: CycleRule) -> list[int]:
    """Return the nodes so that no link of the rule's kinds leads back; there must be such an order."""
    targets = _targets(count, [link for link in links if link.rule in rule.kinds])
    waiting = [0] * count
    for following in targets:
        for node in following:
            waiting[node] += 1
    ready = deque(node for node in range(count) if not waiting[node])
    order = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for after in targets[node]:
            waiting[after] -= 1
            if not waiting[after]:
                ready.append(after)
    if len(order) != count:
        raise OwnDefect("a cycle was overlooked")
    return order


def commit_order(count: int, links: Iterable[Link], rule: CycleRule) -> list[int]:
    """Return the nodes in an order in which snapshot isolation lets them commit.

    Node n has a snapshot at point n and a commit at point n + count. What a transaction depends on
    commits before its snapshot; whoever overwrote what it read commits after it. There must be such
    an order; commits are placed as early as they can be, so that few transactions overlap.
    """
    after: list[list[int]] = [[node + count] for node in range(count)] + [[] for _ in range(count)]
    for link in links:
        if link.rule in rule.lone:
            after[link.before].append(link.after + count)
        elif link.rule in rule.kinds:
            after[link.before + count].append(link.after)
    waiting = [0] * (2 * count)
    for following in after:
        for point in following:
            waiting[point] += 1
    ready = [(point < count, point) for point in range(2 * count) if not waiting[point]]
    heapify(ready)
    order = []
    while ready:
        is_snapshot, point = heappop(ready)
        if not is_snapshot:
            order.append(point - count)
        for following_point in after[point]:
            waiting[following_point] -= 1
            if not waiting[following_point]:
                heappush(ready, (following_point < count, following_point))
    if len(order) != count:
        raise OwnDefect("a cycle was overlooked")
    return order


def _from_the_worst(kinds: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return ever larger sets of kinds, first without and then with the orders of time."""
    data = tuple(kind for kind in kinds if kind not in ORDERS)
    times = tuple(kind for kind in kinds if kind in ORDERS)
    without = [data[:length] for length in range(1, len(data) + 1)]
    return without + [(*data, *times[:length]) for length in range(1, len(times) + 1)]


def _name(links: Sequence[Link]) -> str:
    """Name a cycle by the dependencies in it.

    >>> from counterpoint.model.verdict import said
    >>> _name([Link(0, 1, "write-read", said()), Link(1, 0, "real time", said())])
    'G1c-realtime'
    """
    rules = [link.rule for link in links]
    reads_before_writes = rules.count("read-write")
    if reads_before_writes:
        name = "G-single" if reads_before_writes == 1 else "G2"
    else:
        name = "G1c" if "write-read" in rules else "G0"
    if "real time" in rules:
        return f"{name}-realtime"
    return f"{name}-process" if "process" in rules else name


def _targets(count: int, links: Iterable[Link]) -> list[list[int]]:
    targets: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        targets[link.before].append(link.after)
    return targets


def _plain_cycle(count: int, links: Sequence[Link]) -> tuple[Link, ...]:
    """Return a short cycle of any of the links, or nothing."""
    components = _strong_components(count, _targets(count, links))
    if not components:
        return ()
    smallest = min(range(len(components)), key=lambda place: len(components[place]))
    inside = set(components[smallest])
    within = [link for link in links if link.before in inside and link.after in inside]
    return _shortest(within)


SOURCES_MAX = 100
"""From how many nodes a shortest cycle is looked for: enough to be short, few enough to be fast."""


def _shortest(links: Sequence[Link]) -> tuple[Link, ...]:
    by_start: dict[int, list[Link]] = {}
    for link in links:
        by_start.setdefault(link.before, []).append(link)
    best: tuple[Link, ...] = ()
    for start in sorted(by_start)[:SOURCES_MAX]:
        found = _back_to(start, by_start)
        if found and (not best or len(found) < len(best)):
            best = found
    return best


def _back_to(start: int, by_start: dict[int, list[Link]]) -> tuple[Link, ...]:
    """Return a shortest cycle through a node, by breadth-first search; nothing if there is none."""
    arrived: dict[int, Link] = {}
    frontier = deque([start])
    while frontier and start not in arrived:
        for link in by_start.get(frontier.popleft(), ()):
            if link.after not in arrived:
                arrived[link.after] = link
                frontier.append(link.after)
    if start not in arrived:
        return ()
    path = [arrived[start]]
    while path[-1].before != start:
        path.append(arrived[path[-1].before])
    return tuple(reversed(path))


def _lone_cycle(count: int, links: Sequence[Link], rule: CycleRule) -> Cycle | None:
    """Find a cycle without two neighbouring lone links.

    Each node is there twice: as reached by a lone link, from where no other lone link leads on, and
    as reached otherwise. A cycle of the doubled graph is one of the kind looked for.
    """
    doubled: list[Link] = []
    for link in links:
        if link.rule in rule.lone:
            doubled.append(link._replace(after=link.after + count))
        else:
            doubled.append(link)
            doubled.append(link._replace(before=link.before + count))
    found = _plain_cycle(2 * count, doubled)
    if not found:
        return None
    plain = tuple(
        link._replace(before=link.before % count, after=link.after % count) for link in found
    )
    return Cycle(plain, _name(plain))


def _strong_components(count: int, targets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the sets of nodes, two or more, that all reach each other (Tarjan 1972, by a stack)."""
    index = [0] * count  # from 1 in the order of discovery; 0: not found yet
    low = [0] * count
    is_stacked = [False] * count
    stack: list[int] = []
    components = []
    found = 0
    for root in range(count):
        if index[root]:
            continue
        work = [(root, iter(targets[root]))]
        found += 1
        index[root] = low[root] = found
        stack.append(root)
        is_stacked[root] = True
        while work:
            node, following = work[-1]
            for after in following:
                if not index[after]:
                    found += 1
                    index[after] = low[after] = found
                    stack.append(after)
                    is_stacked[after] = True
                    work.append((after, iter(targets[after])))
                    break
                if is_stacked[after]:
                    low[node] = min(low[node], index[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        is_stacked[component[-1]] = False
                    if len(component) > 1:
                        components.append(component)
    return components


CAUSES = ("process", "write-read")
"""Who came earlier in the same session, and whom one read from."""


def missed_cause(count: int, links: Iterable[Link], *, is_transitive: bool) -> Cycle | None:
    """Return a read that missed a write which came before it.

    If causes are transitive, that breaks causality. If they are not, only what came earlier in the
    same session counts, and whom the read's own transaction read from: that breaks read atomicity.
    After Biswas and Enea, "On the complexity of checking transactional consistency", OOPSLA 2019,
    where the order of versions is known. The shortest way back is returned for the first such read.

    >>> from counterpoint.model.verdict import said
    >>> read, seen = Link(0, 1, "read-write", said()), Link(1, 0, "write-read", said())
    >>> missed_cause(2, [read, seen], is_transitive=False).anomaly
    'missed cause'
    """
    listed = list(links)
    causes = _leading(count, listed, CAUSES if is_transitive else ("process",))
    sources = {(one.before, one.after): one for one in listed if one.rule == "write-read"}
    for link in listed:
        if link.rule == "read-write":
            source = sources.get((link.after, link.before))
            back = (source,) if source else _way(causes, link.after, link.before)
            if back:
                return Cycle((link, *back), "missed cause")
    return None


def _leading(count: int, links: Iterable[Link], kinds: Sequence[str]) -> list[list[Link]]:
    """Return the links of some kinds by where they begin."""
    leading: list[list[Link]] = [[] for _ in range(count)]
    for link in links:
        if link.rule in kinds:
            leading[link.before].append(link)
    return leading


def _way(causes: list[list[Link]], start: int, goal: int) -> tuple[Link, ...]:
    """Return the links of the shortest way, or nothing."""
    came: dict[int, Link | None] = {start: None}
    waiting = deque([start])
    while waiting:
        for link in causes[waiting.popleft()]:
            if link.after in came:
                continue
            came[link.after] = link
            if link.after == goal:
                return _back(came, goal)
            waiting.append(link.after)
    return ()


def _back(came: dict[int, Link | None], node: int) -> tuple[Link, ...]:
    way: list[Link] = []
    link = came[node]
    while link is not None:
        way.append(link)
        link = came[link.before]
    return tuple(reversed(way))
