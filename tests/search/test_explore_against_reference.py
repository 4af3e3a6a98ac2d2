"""Both engines against the reference world: same actions, same successors, same counts and verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.exploration.rounds import EngineName, ExploreOptions, explorer
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.semantics import Semantics
from counterpoint.model.search.engine.slots import Slot, Slots, Transition
from counterpoint.model.search.exploration.explore import Explored, Limits
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.replay import enabled, record, run
from counterpoint.model.values import Value
from counterpoint.model.world import World
from tests.oracles import abd, cells, paxos, single_copy, two_phase_commit
from tests.oracles.table import has_numpy
from tests.search.little import BAD, KINDS, little
from tests.search.small_systems import PAYS, tokens
from tests.support.nights import each

ENGINES: tuple[EngineName, ...] = ("plain", "numpy") if has_numpy() else ("plain",)
STATES = 150
LITTLE = range(60)
VIOLATIONS_DEPTH = 6


@dataclass(frozen=True)
class Reference:
    """What a breadth-first search on reference worlds counts, level by level."""

    levels: tuple[int, ...]
    generated: int


def by_reference(scenario: Scenario, depth_max: int) -> Reference:
    """Explore on worlds, told apart by their identity alone."""
    level, seen = [record(scenario).world], {record(scenario).world.identity}
    levels, generated = [1], 1
    while level and len(levels) < depth_max:
        following = []
        for world in level:
            for action in enabled(world):
                after = action.apply(world).world
                generated += 1
                if after.identity not in seen:
                    seen.add(after.identity)
                    following.append(after)
        levels += [len(following)] if following else []
        level = following
    return Reference(tuple(levels), generated)


def by_engine(scenario: Scenario, engine: EngineName, depth_max: int) -> Explored:
    options = ExploreOptions(limits=Limits(depth=depth_max), no_op="consume", engine=engine)
    *_, last = explorer(scenario, options).explore()
    return last


def is_large(scenario: Scenario) -> bool:
    limits = Limits(depth=7, states=1_501)
    *_, last = explorer(scenario, ExploreOptions(limits, no_op="consume", engine="plain")).explore()
    return last.states > 1_500


SYSTEMS = [
    *each(3, (pytest.param(little(seed), id=f"little {seed}") for seed in LITTLE)),
    pytest.param(abd.system("2", "2", observer=True), id="abd"),
    pytest.param(abd.system("3", "2", network="ordered", observer=True), id="abd, ordered"),
    pytest.param(paxos.system("3", "2", observer=True), id="paxos"),
    pytest.param(single_copy.system("1", "3", observer=True), id="single copy"),
    pytest.param(two_phase_commit.system("3"), id="two-phase commit"),
    pytest.param(cells.lastzero("3"), id="lastzero"),
    *(
        pytest.param(
            build(system, scenario=None, mutant=None, settings={}).replace(faults_max=1), id=system
        )
        for system in ("register", "causal_deps", "causal_lamport", "token_manager")
    ),
    pytest.param(
        tokens(PAYS, clients=2, faults=2, omit=1, transform=1, duplicate=1),
        id="tokens with an omission and a change of role",
    ),
    pytest.param(tokens(PAYS, faults=2, crash=1, cut=1), id="tokens with a crash"),
]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SYSTEMS)
def test_engines_count_what_the_reference_counts(scenario: Scenario) -> None:
    scenario = scenario.replace(properties=())
    depth = 5 if is_large(scenario) else 7
    if scenario.name in ("default",):
        depth = 4 if len(scenario.system.nodes) < 10 else 3
    expected = by_reference(scenario, depth)
    for engine in ENGINES:
        found = by_engine(scenario, engine, depth)
        assert (found.levels, found.generated) == (expected.levels, expected.generated), engine


def slots_of(slots: Slots, world: World) -> tuple[int, ...]:
    """Number the slots of a world."""
    compiled = slots.compiled
    return tuple(
        slots.slot_id(
            node,
            Slot(
                compiled.node_state_id(node, world.node_states[node]),
                slots.filed([compiled.message_id(f.content) for f in world.addressed_to(name)]),
                tuple(sorted(compiled.message_id(f.content) for f in world.held if f.dst == name)),
            ),
        )
        for node, name in enumerate(compiled.nodes)
    )


def after(slots: Slots, before: tuple[int, ...], node: int, transition: Transition) -> Value:
    """Return the slots and the conditions after a transition of the compiled form."""
    state = list(before)
    if node < len(state):
        state[node] = transition.slot
    for other, batch in transition.batches:
        state[other] = slots.push(other, state[other], batch)
    return tuple(state), slots.environments[transition.environment]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SYSTEMS)
def test_actions_and_their_outcomes_are_the_same_in_every_world(scenario: Scenario) -> None:
    slots = Slots(scenario, Semantics("consume"))
    rest, seen = [record(scenario).world], set[Value]()
    while rest and len(seen) < STATES:
        world = rest.pop(0)
        if world.identity in seen:
            continue
        seen.add(world.identity)
        moved = {action: action.apply(world).world for action in enabled(world)}
        rest += moved.values()
        expected = {a: (slots_of(slots, w), w.conditions) for a, w in moved.items()}
        before, environment = (
            slots_of(slots, world),
            slots.interned.environment_id(world.conditions),
        )
        found = {
            t.action: after(slots, before, node, t)
            for node, slot in enumerate(before)
            for t in slots.expand(node, slot, environment)
        }
        nobody = len(before)
        found |= {
            t.action: after(slots, before, nobody, t) for t in slots.expand_network(environment)
        }
        assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", each(3, LITTLE))
def test_verdicts_are_the_same_and_violations_are_shortest(seed: int) -> None:
    scenario, expected = little(seed), _shortest_violation(seed)
    for engine in ENGINES:
        violation = by_engine(scenario, engine, VIOLATIONS_DEPTH).violation
        assert (None if violation is None else len(violation.choices)) == expected, engine
        if violation is not None:
            trace = run(scenario, violation.choices)
            assert answer_of(scenario.properties[0], trace).is_broken


def _shortest_violation(seed: int) -> int | None:
    """Return the length of a shortest run of a system in which a call returns what it must not."""
    level, seen = [record(little(seed)).world], set[Value]()
    for length in range(1, VIOLATIONS_DEPTH):
        following = []
        for world in level:
            for action in enabled(world):
                moved = action.apply(world)
                if any(e.kind == "return" and e.value == BAD for e in moved.events):
                    return length
                if moved.world.identity not in seen:
                    seen.add(moved.world.identity)
                    following.append(moved.world)
        level = following
    return None


@pytest.mark.slow
def test_the_generated_systems_are_of_every_kind() -> None:
    scenarios = [little(seed) for seed in LITTLE]
    kinds = Counter(kind for scenario in scenarios for kind in scenario.limits)
    assert set(KINDS) <= set(kinds)
    assert {s.network for s in scenarios} == {"ordered", "unordered"}
    found = [by_engine(scenario, "plain", VIOLATIONS_DEPTH) for scenario in scenarios]
    assert min(Counter(explored.violation is None for explored in found).values()) >= 10
    assert sum(explored.states > 100 for explored in found) >= 20
