"""Happens-before against exhaustive search, and its reasons."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

from counterpoint.checkers.happens_before.graph import (
    causal_future,
    causal_past,
    happens_before,
    why_before,
)
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from tests.support.abd import abd
from tests.support.runs import abd_failure, random_trace

SEEDS = range(30)


def reaches(events: tuple[Event, ...], before: int, after: int) -> bool:
    """Tell by exhaustive search whether one event happened before another."""
    return before == after or any(reaches(events, before, c) for c in events[after].causes)


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_past_and_future_agree_with_exhaustive_search(seed: int) -> None:
    """For all events a, b: a is in the past of b, and b in the future of a, when causes lead there."""
    events = random_trace(abd(), seed).events[:40]
    for a in range(len(events)):
        future = causal_future(events, a)
        for b in range(len(events)):
            expected = reaches(events, a, b)
            assert (a in causal_past(events, b)) == expected
            assert (b in future) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_the_graph_has_the_same_past(seed: int) -> None:
    trace = random_trace(abd(), seed)
    graph = happens_before(trace)
    assert nx.is_directed_acyclic_graph(graph)
    last = len(trace.events) - 1
    assert {last, *nx.ancestors(graph, last)} == causal_past(trace.events, last)
    for _, _, edge in graph.edges(data=True):
        assert edge["rule"] in ("program", "message", "operation")
        assert edge["reason"].steps or "start" in edge["reason"].text


@pytest.mark.parametrize("seed", SEEDS)
def test_a_region_is_the_part_of_the_whole_graph(seed: int) -> None:
    trace = random_trace(abd(), seed)
    region = causal_past(trace.events, len(trace.events) // 2)
    part, whole = happens_before(trace, region), happens_before(trace).subgraph(region)
    assert set(part.nodes) == set(whole.nodes)
    assert set(part.edges) == set(whole.edges)


def test_the_chain_of_reasons_leads_from_the_store_to_the_answer() -> None:
    trace = abd_failure()
    graph = happens_before(trace)
    store = event(trace, "deliver", "r1")
    answer = event(trace, "return", "c2")
    chain = why_before(graph, store, answer)
    assert chain[0].before == "r1 receives m4"
    assert chain[-1].after == "o1 returns 1"
    assert "message" in [edge.rule for edge in chain]
    assert all(one.after == other.before for one, other in pairwise(chain))


def test_there_is_no_chain_between_concurrent_events() -> None:
    trace = abd_failure()
    starts = [e.id for e in trace.events if e.kind == "start"]
    assert why_before(happens_before(trace), starts[0], starts[1]) == ()
    assert why_before(happens_before(trace, [starts[0]]), starts[0], starts[1]) == ()


def event(trace: Trace, kind: str, node: str) -> int:
    """Return the first event of a kind at a node."""
    return next(e.id for e in trace.events if e.kind == kind and e.node == node)
