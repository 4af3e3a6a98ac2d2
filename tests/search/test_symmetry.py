"""Symmetry counts orbits, whatever the order of exploration, and changes no verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from math import factorial, prod
from pathlib import Path
from typing import Any

import pytest

from counterpoint.harness.exploration.rounds import (
    EngineName,
    ExploreOptions,
    NotSymmetric,
    explorer,
)
from counterpoint.model.node import Input, Receive, Send, Start, Step
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.search.exploration.explore import Explored, Limits
from counterpoint.model.search.exploration.symmetry import exchanges, renamed
from counterpoint.model.search.replay import enabled, record, run
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import World
from tests.oracles import cells, two_phase_commit
from tests.oracles.table import has_numpy
from tests.oracles.two_phase_commit import Manager, Vote
from tests.search.exploring import counts, finished

READERS = tuple(f"reader{k}" for k in range(4))


needs_numpy = pytest.mark.skipif(not has_numpy(), reason="the numpy engine is optional")
ENGINES: list[Any] = ["plain", pytest.param("numpy", marks=needs_numpy)]


def explored(scenario: Scenario, *, symmetry: bool, engine: EngineName = "plain") -> Explored:
    return finished(
        explorer(scenario, ExploreOptions(symmetry=symmetry, engine=engine, no_op="consume"))
    )


@dataclass(frozen=True, slots=True)
class Hello:
    """Says that somebody is there."""


@dataclass(frozen=True)
class Friends:
    """Whoever is heard first is a friend: alike nodes name each other, in circles and in trees.

    With `fails`, nobody is to be the friend of a friend.
    """

    size: int
    fails: bool = False

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        return tuple(f"f{k}" for k in range(self.size))

    def initial(self, node: NodeId) -> Value:
        del node
        return None

    def handle(self, node: NodeId, state: Value, given: Input) -> Step[Value]:
        match given:
            case Start():
                return Step(state, tuple(Send(n, Hello()) for n in self.nodes if n != node))
            case Receive(who, Hello()) if state is None:
                return Step(who, (Send(who, node),))
            case Receive(who, _) if self.fails and who == state:
                raise ValueError(f"{node} and {who} are friends")
        return Step(state)


def friends(size: int, *, fails: bool = False) -> Scenario:
    system = Friends(size, fails)
    return Scenario(
        "friends", system, calls={}, properties=(), symmetric=(system.nodes,), min_calls_per_run=0
    )


def told(world: World) -> Value:
    """Tell a world as a value in which no node has a place, only a name."""
    nodes = frozenset(zip(world.scenario.system.nodes, world.node_states, strict=True))
    return nodes, frozenset(Counter(flight.content for flight in world.flights).items())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("scenario", "states", "orbits"),
    [
        pytest.param(two_phase_commit.system("3"), 288, 80, id="two-phase commit"),
        pytest.param(friends(3), 729, 129, id="friends"),
    ],
)
def test_orbits_are_those_of_all_states(
    scenario: Scenario, states: int, orbits: int, engine: EngineName
) -> None:
    found, rest = set[Value](), [record(scenario).world]
    while rest:
        world = rest.pop()
        if told(world) not in found:
            found.add(told(world))
            rest += [action.apply(world).world for action in enabled(world)]
    all_orbits = {
        frozenset(renamed(state, names) for names in exchanges(scenario)) for state in found
    }
    assert len(found) == states
    assert len(all_orbits) == explored(scenario, symmetry=True, engine=engine).states == orbits


@pytest.mark.slow
@needs_numpy
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(two_phase_commit.system("3"), id="two-phase commit"),
        pytest.param(cells.readers("3").replace(symmetric=(READERS[:3],)), id="readers"),
        pytest.param(friends(3), id="friends"),
        pytest.param(friends(3, fails=True), id="a handler that fails"),
        pytest.param(
            two_phase_commit.system("4").replace(symmetric=(("rm0", "rm3"), ("rm1", "rm2"))),
            id="two groups",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_both_engines_count_the_same_orbits(scenario: Scenario, tmp_path: Path) -> None:
    """So do several workers, an exploration on disk, and one that was stopped half-way."""
    from counterpoint.model.search.columnar.explorer import VectorExplorer
    from counterpoint.model.search.columnar.folder import Portions

    plain = explored(scenario, symmetry=True)
    columns = VectorExplorer(scenario, no_op="consume", symmetry=True, chunk_states=10)
    several = VectorExplorer(scenario, no_op="consume", symmetry=True, chunk_states=10, workers=2)
    stored = VectorExplorer(scenario, no_op="consume", symmetry=True, chunk_states=10)
    stored.move_to(tmp_path / "states", Portions(1_000, 8, 40, 2))
    half = VectorExplorer(
        scenario,
        no_op="consume",
        symmetry=True,
        chunk_states=10,
        limits=Limits(depth=plain.depth // 2),
    )
    finished(half)
    half.save(tmp_path / "half")
    resumed = VectorExplorer(scenario, no_op="consume", symmetry=True, chunk_states=10)
    resumed.resume(tmp_path / "half")
    for each in (columns, several, stored, resumed):
        found = finished(each)
        if plain.violation is None:
            assert counts(found) == counts(plain)
        assert (found.violation is None) == (plain.violation is None)
        if found.violation is not None and plain.violation is not None:
            assert len(found.violation.choices) == len(plain.violation.choices)
            assert run(scenario, found.violation.choices).failure is not None


@needs_numpy
def test_all_exchanges_are_tried_only_where_alike_nodes_differ() -> None:
    in_order = explored(two_phase_commit.system("3"), symmetry=True, engine="numpy")
    assert in_order.by_all_exchanges == 0
    assert explored(friends(3), symmetry=True, engine="numpy").by_all_exchanges == 153
    assert explored(friends(3), symmetry=False, engine="numpy").by_all_exchanges is None


@pytest.mark.slow
@needs_numpy
def test_seven_managers_have_920_orbits() -> None:
    seven = explored(two_phase_commit.system("7"), symmetry=True, engine="numpy")
    assert (seven.states, seven.generated, seven.depth) == (920, 5_400, 23)


@needs_numpy
@pytest.mark.parametrize("sizes", [(1,), (2,), (5,), (3, 2), (2, 1, 4)])
def test_exchanged_neighbours_lead_through_every_order(sizes: tuple[int, ...]) -> None:
    from counterpoint.model.search.columnar.orbits import tour

    groups = [tuple((group, k) for k in range(size)) for group, size in enumerate(sizes)]
    pairs = [pair for group in groups for pair in pairwise(group)]
    place = {member: member for group in groups for member in group}
    seen = [tuple(place.values())]
    for one, other in (pairs[k] for k in tour(sizes)):
        place[one], place[other] = place[other], place[one]
        seen.append(tuple(place.values()))
    assert len(seen) == len(set(seen)) == prod(map(factorial, sizes))


@needs_numpy
def test_looks_are_exchanged_with_names() -> None:
    """Whatever a value is made of: who is called otherwise looks as the other did."""
    from counterpoint.model.search.columnar.looks import look_of

    members = ("a", "b", "c")
    values: list[Value] = [
        ("a", ("b", "c"), frozenset({"a", "c"})),
        (Hello(), "a", frozenset({("b", 1), ("c", 2)})),
        Receive("c", frozenset({"a", "b", "c"})),
    ]
    for value, order in product(values, permutations(members)):
        names = dict(zip(members, order, strict=True))
        for member in members:
            there = look_of(renamed(value, names), names[member], members)
            assert there == look_of(value, member, members)


def test_senders_that_differ_in_name_alone_are_one() -> None:
    scenario = cells.readers("4").replace(symmetric=(READERS,))
    full, reduced = explored(scenario, symmetry=False), explored(scenario, symmetry=True)
    assert (full.depth, full.terminal > 0) == (reduced.depth, reduced.terminal > 0)
    assert reduced.states < full.states / 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_violation_is_found_at_the_same_depth_and_its_run_is_real(
    limit: int, engine: EngineName
) -> None:
    def too_many(states: dict[str, object]) -> str | None:
        votes = [s.vote for s in states.values() if isinstance(s, Manager)]
        return "too many" if votes.count(Vote.PREPARED) >= limit else None

    scenario = two_phase_commit.system("3").replace(invariants=(Invariant("few", too_many),))
    full = explored(scenario, symmetry=False)
    reduced = explored(scenario, symmetry=True, engine=engine)
    assert full.violation is not None
    assert reduced.violation is not None
    assert len(full.violation.choices) == len(reduced.violation.choices) == limit
    final = run(scenario, reduced.violation.choices).final
    states = {node: final.node_state(node).state for node in scenario.system.nodes}
    assert too_many(states) == "too many"


def test_symmetry_is_refused_where_no_nodes_are_interchangeable() -> None:
    with pytest.raises(NotSymmetric, match="names no interchangeable nodes"):
        explorer(cells.readers("2"), ExploreOptions(symmetry=True))
