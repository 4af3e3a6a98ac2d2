"""Every run of small instances of the stores; and the shortest runs that break the wrong variants."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.exploration.rounds import ExploreOptions, explorer
from counterpoint.impl.stores.words import Move, Read, StoreOperation, Write
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.exploration.explore import Explored
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.values import NodeId


def explored(scenario: Scenario, *, calm: bool = True) -> Explored:
    """What is established by exploring every run, without faults if `calm`, on the fastest engine."""
    current = explorer(scenario.replace(limits={}) if calm else scenario, ExploreOptions())
    for _ in current.explore():
        pass
    return current.progress


COUNTS = [
    pytest.param("causal_deps", "small", 218, 651, 19, id="deps-small"),
    pytest.param("causal_lamport", "small", 714, 2_402, 31, id="lamport-small"),
    pytest.param(
        "causal_deps", "lost_found_glad", 324_503, 1_931_148, 34, id="deps-story",
        marks=pytest.mark.nightly,
    ),
    pytest.param(
        "causal_lamport", "lost_found_glad", 505_118, 3_078_529, 46, id="lamport-story",
        marks=pytest.mark.nightly,
    ),
    pytest.param(
        "causal_deps", "race", 79_928, 357_321, 25, id="deps-race", marks=pytest.mark.nightly
    ),
    pytest.param(
        "causal_lamport", "race", 260_518, 1_059_817, 37, id="lamport-race",
        marks=pytest.mark.nightly,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("store", "name", "states", "generated", "depth"), COUNTS)
def test_the_right_store_holds_in_every_run(
    store: str, name: str, states: int, generated: int, depth: int
) -> None:
    if states > 100_000:
        pytest.importorskip("numpy")
    found = explored(build(store, scenario=name))
    assert (found.stop, found.violation, found.terminal_pending) == ("complete", None, 0)
    assert (found.states, found.generated, found.depth) == (states, generated, depth)


MOVES: Mapping[NodeId, tuple[StoreOperation, ...]] = {
    "alice": (Write("x", "a1"), Move("s2"), Read("x"), Write("y", "a2")),
    "bob": (Read("y"), Write("x", "b1"), Move("s3"), Read("x")),
}
"""Two clients that move between their writes."""


@pytest.mark.slow
@pytest.mark.parametrize(("store", "states"), [("causal_deps", 14_132), ("causal_lamport", 39_987)])
def test_the_right_store_holds_in_every_run_with_clients_that_move(store: str, states: int) -> None:
    scenario = build(store, scenario="moving", settings={"pushes": "no"})
    found = explored(scenario.replace(calls=MOVES))
    assert (found.stop, found.violation, found.terminal_pending) == ("complete", None, 0)
    assert found.states == states


@pytest.mark.slow
@pytest.mark.parametrize(
    ("store", "states"), [("causal_deps", 14_666), ("causal_lamport", 126_469)]
)
def test_no_copy_of_a_message_does_any_harm(store: str, states: int) -> None:
    scenario = build(store, scenario="small").replace(limits=budgets(duplicate=2))
    found = explored(scenario, calm=False)
    assert (found.stop, found.violation, found.terminal_pending) == ("complete", None, 0)
    assert found.states == states


SHORTEST = {
    "C1": ("causal order", 6),
    "C2": ("causal order", 13),
    "C3": ("session guarantees RYW, MR, MW, WFR, convergent", 9),
    "C4": ("convergence", 6),
    "C5": ("causal order", 6),
    "C6": ("Lamport clocks", 12),
    "D1": ("causal order", 15),
    "D2": ("same order", 13),
    "D3": ("same order", 8),
    "D4": ("same order", 9),
}
"""What breaks first in each mutant, and after how many steps at least."""


def store_of(mutant: str) -> str:
    """The store that a mutant is a variant of."""
    return "causal_deps" if mutant.startswith("C") else "causal_lamport"


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SHORTEST)
def test_the_shortest_run_that_breaks_a_wrong_variant(mutant: str) -> None:
    violation = explored(build(store_of(mutant), mutant=mutant)).violation
    assert violation is not None
    assert (violation.property, len(violation.choices)) == SHORTEST[mutant]


@pytest.mark.slow
def test_without_clocks_a_call_stays_open_after_sixteen_steps() -> None:
    found = explored(build("causal_lamport", mutant="D5"))
    assert (found.stop, found.terminal, found.terminal_pending) == ("complete", 13, 12)
    assert found.open_end is not None
    assert len(found.open_end) == 16


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("mutant", [*SHORTEST, "D5"])
def test_a_search_and_its_minimiser_come_to_the_shortest_run_or_near(
    mutant: str, seed: int
) -> None:
    campaign = Campaign(build(store_of(mutant), mutant=mutant), seed=seed)
    for _ in campaign.search(Budgets(runs=20_000)):
        pass
    example = campaign.counterexample(seconds=1_000)
    assert example is not None
    shortest = SHORTEST.get(mutant, ("liveness", 17))[1]
    assert shortest <= len(example.trace.choices) <= shortest + (2 if mutant == "D4" else 0)
