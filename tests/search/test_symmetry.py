"""Symmetry counts orbits, whatever the order of exploration, and changes no verdict."""

from __future__ import annotations

from collections import Counter

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, NotSymmetric, explorer
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.search.exploration.explore import Explored, Explorer
from counterpoint.model.search.exploration.symmetry import exchanges, renamed
from counterpoint.model.search.replay import enabled, record, run
from counterpoint.model.values import Value
from counterpoint.model.world import World
from tests.oracles import cells
from tests.oracles.two_phase_commit import Manager, Vote, system


def explored(scenario: Scenario, *, symmetry: bool) -> Explored:
    *_, last = Explorer(scenario, symmetry=symmetry).explore()
    return last


def told(world: World) -> Value:
    """Tell a world as a value in which no node has a place, only a name."""
    nodes = frozenset(zip(world.scenario.system.nodes, world.node_states, strict=True))
    return nodes, frozenset(Counter(flight.content for flight in world.flights).items())


def test_orbits_are_those_of_all_states() -> None:
    scenario = system("3")
    found, rest = set[Value](), [record(scenario).world]
    while rest:
        world = rest.pop()
        if told(world) not in found:
            found.add(told(world))
            rest += [action.apply(world).world for action in enabled(world)]
    orbits = {frozenset(renamed(state, names) for names in exchanges(scenario)) for state in found}
    assert len(found) == 288
    assert len(orbits) == explored(scenario, symmetry=True).states == 80


def test_senders_that_differ_in_name_alone_are_one() -> None:
    scenario = cells.readers("4").replace(symmetric=(tuple(f"reader{k}" for k in range(4)),))
    full, reduced = explored(scenario, symmetry=False), explored(scenario, symmetry=True)
    assert (full.depth, full.terminal > 0) == (reduced.depth, reduced.terminal > 0)
    assert reduced.states < full.states / 4


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_violation_is_found_at_the_same_depth_and_its_run_is_real(limit: int) -> None:
    def too_many(states: dict[str, object]) -> str | None:
        votes = [s.vote for s in states.values() if isinstance(s, Manager)]
        return "too many" if votes.count(Vote.PREPARED) >= limit else None

    scenario = system("3").replace(invariants=(Invariant("few", too_many),))
    full, reduced = explored(scenario, symmetry=False), explored(scenario, symmetry=True)
    assert full.violation is not None
    assert reduced.violation is not None
    assert len(full.violation.choices) == len(reduced.violation.choices) == limit
    final = run(scenario, reduced.violation.choices).final
    states = {node: final.node_state(node).state for node in scenario.system.nodes}
    assert too_many(states) == "too many"


def test_symmetry_is_refused_where_no_nodes_are_interchangeable() -> None:
    with pytest.raises(NotSymmetric, match="names no interchangeable nodes"):
        explorer(cells.readers("2"), ExploreOptions(symmetry=True))
