"""Causal checks of hundreds of operations: what stores promise, and certificates for every verdict.

Histories of this size take the paths that small ones do not: windows of writes cut short, several
rounds of demands, lanes with many entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random

import networkx as nx
import pytest

from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import History
from counterpoint.checkers.reads_from import INITIAL, Sessions, match_reads
from counterpoint.checkers.sessions.check import GUARANTEES
from counterpoint.checkers.sessions.judge import (
    Guarantee,
    Guarantees,
    judge_by_lanes,
    judge_guarantees,
    rule_between,
)
from tests.checkers.causal_by_orders import is_causal
from tests.checkers.causal_certificates import complaint
from tests.checkers.replicated_stores import Policy, store_history

LEVELS: tuple[Level, ...] = ("cc", "ccv", "cm")


def judged(history: History, level: Level) -> bool:
    """Judge a history, check the certificate of the verdict, and tell whether it is broken."""
    verdict = check_causal(history, level=level)
    if verdict.is_broken:
        core = tuple(op for op in history if op.id in verdict.culprits)
        assert len(core) <= 30, verdict
        assert not is_causal(core, level=level), verdict
    else:
        wrong = complaint(history, verdict, level=level)
        assert not wrong, wrong
    return verdict.is_broken


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("policy", "promised"),
    [
        pytest.param("last writer wins", ("cc", "ccv"), id="last writer wins"),
        pytest.param("last arrival wins", ("cc", "cm"), id="last arrival wins"),
    ],
)
def test_stores_that_wait_for_dependencies_keep_what_they_promise(
    policy: Policy, promised: tuple[Level, ...], seed: int
) -> None:
    """Whoever wins by stamp converges; whoever wins by arrival has a view for each session."""
    history = store_history(Random(seed), policy, client_count=2 + seed % 4, key_count=1 + seed % 3)
    broken = {level for level in LEVELS if judged(history, level)}
    assert not broken & set(promised)


@pytest.mark.slow
def test_each_promise_is_broken_by_the_other_store() -> None:
    """Some of these histories break what their store does not promise."""
    by_stamp = [
        store_history(
            Random(seed), "last writer wins", client_count=5, key_count=10, arrival_rate=0.2
        )
        for seed in range(60)
    ]
    by_arrival = [store_history(Random(seed), "last arrival wins") for seed in range(6)]
    assert sum(judged(history, "cm") for history in by_stamp) >= 3
    assert sum(judged(history, "ccv") for history in by_arrival) >= 3


def test_a_store_that_waits_for_nothing_is_caught() -> None:
    """With a core that an exhaustive search refuses, out of two hundred operations."""
    histories = [store_history(Random(seed), "nothing waits", key_count=6) for seed in range(12)]
    assert sum(judged(history, "cc") for history in histories) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_guarantees_are_judged_by_lanes_as_by_the_graph_of_their_rules(seed: int) -> None:
    """Every set of guarantees, per observer and convergent, on sixty operations."""
    random = Random(seed)
    policy: Policy = random.choice(("last writer wins", "last arrival wins", "nothing waits"))
    history = store_history(
        random, policy, operation_count=60, client_count=3, key_count=2, arrival_rate=0.2
    )
    sessions = match_reads(history).sessions
    for chosen in subsets():
        for convergent in (False, True):
            lanes = judge_by_lanes(sessions, chosen, convergent=convergent)
            assert bool(lanes.core) is breaks_rules(sessions, chosen, convergent)
            judgement = judge_guarantees(sessions, chosen, convergent=convergent)
            assert bool(judgement.core) is bool(lanes.core)


def subsets() -> Iterator[Guarantees]:
    """Every non-empty set of guarantees."""
    for size in range(1, 5):
        yield from map(frozenset, combinations(GUARANTEES, size))


def breaks_rules(sessions: Sessions, chosen: Guarantees, convergent: bool) -> bool:
    """The rules of `session_order` as a graph with an edge for every pair that they order."""
    visible = rule_graph(sessions, chosen)
    if not nx.is_directed_acyclic_graph(visible):
        return True
    reads = [i for i, source in enumerate(sessions.source) if source >= INITIAL]
    for observer in {-1} if convergent else {sessions.session_of[i] for i in reads}:
        order = visible.copy()
        for read in reads:
            if observer in (-1, sessions.session_of[read]):
                for lost in same_key_writes(sessions, read):
                    if nx.has_path(visible, lost, read) and lost != sessions.source[read]:
                        order.add_edge(lost, sessions.source[read])
                own = [w for w in same_key_writes(sessions, read) if is_own(sessions, w, read)]
                if "RYW" in chosen:
                    order.add_edges_from(combinations(own, 2))
        order.add_edges_from(
            (INITIAL, i) for i, op in enumerate(sessions.operations) if op.f == "write"
        )
        if not nx.is_directed_acyclic_graph(order):
            return True
    return False


def rule_graph(sessions: Sessions, chosen: Guarantees) -> nx.DiGraph[int]:
    """Reads-from, and every pair of one session that a chosen guarantee orders."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(sessions.operations)))
    for after, later in enumerate(sessions.operations):
        if sessions.source[after] >= 0:
            graph.add_edge(sessions.source[after], after)
        for before in range(after):
            earlier = sessions.operations[before]
            rule: Guarantee = rule_between(earlier.f == "write", later.f == "write")
            if earlier.client == later.client and rule in chosen:
                graph.add_edge(before, after)
    return graph


def same_key_writes(sessions: Sessions, read: int) -> list[int]:
    """The writes of the key of a read, by position."""
    key = sessions.operations[read].key
    return [i for i, op in enumerate(sessions.operations) if op.f == "write" and op.key == key]


def is_own(sessions: Sessions, write: int, read: int) -> bool:
    """Tell whether a write comes before a read in one session."""
    return sessions.session_of[write] == sessions.session_of[read] and write < read
