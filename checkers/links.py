"""Shortest paths and cycles in small graphs of labelled links: for explanations only.

The graphs are cores of a dozen operations, so plain breadth-first search from every node will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from counterpoint.checkers.words import Link

Graph = dict[int, list[Link]]


def graph(links: Iterable[Link]) -> Graph:
    """Index links by where they start."""
    found: Graph = {}
    for link in links:
        found.setdefault(link.before, []).append(link)
    return found


def shortest_chain(links: Graph, before: int, after: int) -> list[Link] | None:
    """Return a shortest non-empty path of links, or None.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Link(0, 1, "x", said()), Link(1, 2, "y", said())
    >>> shortest_chain(graph([a, b]), 0, 2) == [a, b], shortest_chain(graph([a, b]), 2, 0)
    (True, None)
    """
    arrived: dict[int, Link] = {}
    frontier: Sequence[int] = [before]
    while frontier:
        following = []
        for node in frontier:
            for link in links.get(node, ()):
                if link.after not in arrived:
                    arrived[link.after] = link
                    following.append(link.after)
        if after in arrived:
            return _back(arrived, before, after)
        frontier = following
    return None


def shortest_cycle(links: Graph) -> list[Link] | None:
    """Return a cycle with fewest links, or None where there is none.

    >>> from counterpoint.model.verdict import said
    >>> a, b = Link(0, 1, "x", said()), Link(1, 0, "y", said())
    >>> shortest_cycle(graph([a, b])) == [a, b]
    True
    """
    found = [chain for node in links if (chain := shortest_chain(links, node, node))]
    return min(found, key=len, default=None)


def _back(arrived: dict[int, Link], before: int, after: int) -> list[Link]:
    chain = [arrived[after]]
    while chain[-1].before != before:
        chain.append(arrived[chain[-1].before])
    return chain[::-1]
