"""A read that missed what had reached it: a read-write dependency, and a way back of causes alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from counterpoint.checkers.transactions.dependency_cycles import Cycle
from counterpoint.checkers.words import Link

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
