"""Graphs of links, compared with networkx and graphlib."""

from __future__ import annotations

from graphlib import TopologicalSorter

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.links import (
    Precedence,
    graph,
    shortest_chain,
    shortest_cycle,
    some_cycle,
    strong_components,
    topological,
    turned,
)
from counterpoint.model.verdict import said

Targets = list[list[int]]

pytestmark = pytest.mark.slow


@st.composite
def graphs(draw: st.DrawFn, *, is_acyclic: bool = False) -> Targets:
    """Draw a graph of a few nodes, each edge once and none from a node to itself."""
    count = draw(st.integers(1, 7))
    nodes = range(count)
    pairs = [(a, b) for a in nodes for b in nodes if (a < b if is_acyclic else a != b)]
    edges = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    return [sorted(b for a, b in edges if a == node) for node in nodes]


def directed(targets: Targets) -> networkx.DiGraph[int]:
    found: networkx.DiGraph[int] = networkx.DiGraph()
    found.add_nodes_from(range(len(targets)))
    found.add_edges_from((a, b) for a, following in enumerate(targets) for b in following)
    return found


def links_of(targets: Targets) -> dict[int, list[Precedence]]:
    return graph(
        Precedence(a, b, "", said()) for a, following in enumerate(targets) for b in following
    )


@given(graphs(is_acyclic=True))
def test_the_order_is_that_of_graphlib(targets: Targets) -> None:
    """For all graphs without cycles both serve who came first, so they agree on every node."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for node in range(len(targets)):
        sorter.add(node)
    for node, following in enumerate(targets):
        for after in following:
            sorter.add(after, node)
    assert topological(targets) == (list(sorter.static_order()), [])


@given(graphs())
def test_what_is_left_is_what_cycles_lead_to(targets: Targets) -> None:
    """For all graphs: a node is left exactly when it is on a cycle, or behind one."""
    whole = directed(targets)
    cyclic = {
        n for part in networkx.strongly_connected_components(whole) if len(part) > 1 for n in part
    }
    behind = cyclic.union(*(networkx.descendants(whole, node) for node in cyclic))
    order, rest = topological(targets)
    assert set(rest) == behind
    assert sorted([*order, *rest]) == list(range(len(targets)))
    if rest:
        cycle = some_cycle(turned(targets), rest)
        assert all(b in targets[a] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True))


@given(graphs())
def test_components_are_those_of_networkx(targets: Targets) -> None:
    """For all graphs, single nodes aside."""
    parts = networkx.strongly_connected_components(directed(targets))
    assert strong_components(targets) == sorted(sorted(part) for part in parts if len(part) > 1)


@given(graphs(), st.data())
def test_chains_and_cycles_are_as_short_as_those_of_networkx(
    targets: Targets, data: st.DataObject
) -> None:
    """For all graphs and two nodes of them, and for all their cycles."""
    whole, links = directed(targets), links_of(targets)
    before, after = (data.draw(st.integers(0, len(targets) - 1)) for _ in range(2))
    chain = shortest_chain(links, before, after)
    if before != after:
        has_path = networkx.has_path(whole, before, after)
        assert (chain is not None) == has_path
        if chain is not None:
            assert len(chain) == networkx.shortest_path_length(whole, before, after)
    cycle = shortest_cycle(links)
    shortest = min(map(len, networkx.simple_cycles(whole)), default=None)
    assert (None if cycle is None else len(cycle)) == shortest
