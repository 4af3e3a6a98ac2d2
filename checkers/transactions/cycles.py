"""Cycles of dependencies that an isolation level forbids, named as Adya named them.

A read that missed what had reached it: a read-write dependency, and a way back of causes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from counterpoint.checkers.links import (
    Precedence,
    graph,
    shortest_chain,
    strong_components,
    topological,
)
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

    links: tuple[Precedence, ...]
    anomaly: str


def forbidden_cycle(count: int, links: Iterable[Precedence], rule: CycleRule) -> Cycle | None:
    """Return a short cycle that the rule forbids, among `count` nodes; None where there is none.

    The worst anomaly is looked for first: writes alone, then reads, then more and more.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Precedence(0, 1, "write-write", said()), Precedence(1, 0, "read-write", said())
    >>> serial = CycleRule(("write-write", "write-read", "read-write"), ())
    >>> forbidden_cycle(2, [a, b], serial).anomaly
    'G-single'
    """
    every = [link for link in links if link.rule in rule.kinds or link.rule in rule.lone]
    if not topological(_targets(count, every))[1]:
        return None
    for kinds in _from_the_worst(rule.kinds):
        found = _plain_cycle(count, [link for link in every if link.rule in kinds])
        if found:
            return Cycle(found, _name(found))
    return _lone_cycle(count, every, rule) if rule.lone else None


def serial_order(count: int, links: Iterable[Precedence], rule: CycleRule) -> list[int]:
    """Return the nodes so that no link of the rule's kinds leads back; there must be such an order."""
    targets = _targets(count, [link for link in links if link.rule in rule.kinds])
    order, cyclic = topological(targets)
    if cyclic:
        raise OwnDefect("a cycle was overlooked")
    return order


def commit_order(count: int, links: Iterable[Precedence], rule: CycleRule) -> list[int]:
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


def _name(links: Sequence[Precedence]) -> str:
    """Name a cycle by the dependencies in it.

    >>> from counterpoint.model.verdict import said
    >>> _name([Precedence(0, 1, "write-read", said()), Precedence(1, 0, "real time", said())])
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


def _targets(count: int, links: Iterable[Precedence]) -> list[list[int]]:
    targets: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        targets[link.before].append(link.after)
    return targets


def _plain_cycle(count: int, links: Sequence[Precedence]) -> tuple[Precedence, ...]:
    """Return a short cycle of any of the links, or nothing."""
    components = strong_components(_targets(count, links))
    if not components:
        return ()
    inside = set(sorted(components, key=len)[0])
    return _shortest([link for link in links if link.before in inside and link.after in inside])


SOURCES_MAX = 100
"""From how many nodes a shortest cycle is looked for: enough to be short, few enough to be fast."""


def _shortest(links: Sequence[Precedence]) -> tuple[Precedence, ...]:
    by_start = graph(links)
    starts = sorted(by_start)[:SOURCES_MAX]
    found = [chain for start in starts if (chain := shortest_chain(by_start, start, start))]
    return tuple(sorted(found, key=len)[0]) if found else ()


def _lone_cycle(count: int, links: Sequence[Precedence], rule: CycleRule) -> Cycle | None:
    """Find a cycle without two neighbouring lone links.

    Each node is there twice: as reached by a lone link, from where no other lone link leads on, and
    as reached otherwise. A cycle of the doubled graph is one of the kind looked for.
    """
    doubled: list[Precedence] = []
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


CAUSES = ("process", "write-read")
"""Who came earlier in the same session, and whom one read from."""


def missed_cause(links: Iterable[Precedence], *, is_transitive: bool) -> Cycle | None:
    """Return a read that missed a write which came before it.

    If causes are transitive, that breaks causality. If they are not, only what came earlier in the
    same session counts, and whom the read's own transaction read from: that breaks read atomicity.
    After Biswas and Enea, "On the complexity of checking transactional consistency", OOPSLA 2019,
    where the order of versions is known. The shortest way back is returned for the first such read.

    >>> from counterpoint.model.verdict import said
    >>> read, seen = Precedence(0, 1, "read-write", said()), Precedence(1, 0, "write-read", said())
    >>> missed_cause([read, seen], is_transitive=False).anomaly
    'missed cause'
    """
    listed = list(links)
    kinds = CAUSES if is_transitive else ("process",)
    causes = graph(link for link in listed if link.rule in kinds)
    sources = {(one.before, one.after): one for one in listed if one.rule == "write-read"}
    for link in listed:
        if link.rule == "read-write":
            source = sources.get((link.after, link.before))
            back = [source] if source else shortest_chain(causes, link.after, link.before)
            if back:
                return Cycle((link, *back), "missed cause")
    return None
