"""The fast engine against the reference world: the same legal actions, the same outcome, each step."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from counterpoint.harness.catalog import entry
from counterpoint.harness.named_systems import SYSTEMS
from counterpoint.model.actions import Settle
from counterpoint.model.observer import OBSERVED
from counterpoint.model.scenario import Network, Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import NotEnabled, enabled, fit, run
from counterpoint.model.search.walks.strategy import StrategyName
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.world import World, begin
from tests.support.abd import abd
from tests.support.echo import echo
from tests.support.nights import by_day

STEPS = 50


def scenarios() -> list[Scenario]:
    networks: tuple[Network, ...] = ("unordered", "ordered")
    little = [make(network=network) for network in networks for make in (abd, echo)]
    return [*little, *(entry(name).scenario() for name in SYSTEMS)]


def assert_equal(simulation: Simulation, world: World) -> None:
    compiled = simulation.compiled
    assert tuple(compiled.node_states[core] for core in simulation.node_states) == world.node_states
    assert simulation.conditions == world.conditions
    fast = [[compiled.contents[m] for m in ms] for ms in (simulation.flights, simulation.held)]
    slow = [[flight.content for flight in flights] for flights in (world.flights, world.held)]
    links = [content[:2] for content in fast[0]]
    assert simulation.heads() == [k for k, link in enumerate(links) if link not in links[:k]]
    if world.scenario.network != "unordered":
        assert fast == slow
    else:  # of two equal messages either may have gone: only how many there are can be told
        assert list(map(Counter, fast)) == list(map(Counter, slow))


@pytest.mark.slow
@pytest.mark.parametrize("runs", by_day(8, 25))
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: f"{s.name}-{s.network}")
def test_both_engines_do_the_same(scenario: Scenario, runs: int) -> None:
    compiled = Compiled(scenario)
    for seed in range(runs):
        random, moved = Random(seed), begin(scenario)
        world, events, simulation = moved.world, list(moved.events), Simulation(compiled)
        for _ in range(STEPS):
            options = list(enabled(world))
            if random.random() < 0.03:
                options += Settle.options(world, None)
            if not options:
                break
            action = random.choice(options)
            moved = action.apply(world)
            world = moved.world
            events += moved.events
            assert simulation.attempt(action)
            assert_equal(simulation, world)
        seen = [compiled.observations[o] for o in simulation.seen]
        told = [(e.kind, e.node, e.value) for e in events if e.kind in OBSERVED]
        assert [(o.kind, o.node, o.value) for o in seen] == told


@pytest.mark.slow
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: f"{s.name}-{s.network}")
def test_what_is_illegal_in_one_engine_is_illegal_in_the_other(scenario: Scenario) -> None:
    """Choices of one run are tried in another: the world and the simulation agree on each."""
    compiled = Compiled(scenario)
    foreign = walk(compiled, Random(1), "swarm").run.choices
    for seed in range(10):
        random, world, simulation = Random(seed), begin(scenario).world, Simulation(compiled)
        takes_newest = bool(seed % 2)
        for action in random.sample(foreign, len(foreign)):
            fitting = fit(action, world, takes_newest=takes_newest)
            is_done = simulation.attempt(action, leniently=True, takes_newest=takes_newest)
            assert is_done is (fitting is not None)
            if fitting is not None:
                assert simulation.choices[-1] == fitting
                world = fitting.apply(world).world
            assert_equal(simulation, world)


@pytest.mark.slow
@pytest.mark.parametrize("runs", by_day(4, 15))
@pytest.mark.parametrize("strategy", ["uniform", "swarm", "pct"])
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda s: f"{s.name}-{s.network}")
def test_every_walk_is_a_run_of_the_reference_world(
    scenario: Scenario, strategy: str, runs: int
) -> None:
    compiled = Compiled(scenario)
    for seed in range(runs):
        walked = walk(compiled, Random(seed), strategy)  # type: ignore[arg-type]
        assert walked.failure is None
        trace = run(scenario, walked.run.choices)
        assert_equal(walked.run, trace.final)
        assert trace.final.conditions.settled is not None


@pytest.mark.parametrize("strategy", ["uniform", "swarm", "pct", "pos"])
def test_messages_that_name_no_lane_are_in_one_lane_of_their_link(strategy: StrategyName) -> None:
    scenario = abd().replace(limits={})  # what is held back goes first in lanes, and last in links
    ordered, lanes = (Compiled(scenario.replace(network=name)) for name in ("ordered", "lanes"))
    for seed in range(5):
        walked = walk(lanes, Random(seed), strategy).run
        assert walked.choices == walk(ordered, Random(seed), strategy).run.choices
        assert_equal(walked, run(lanes.scenario, walked.choices).final)


def test_a_choice_from_nowhere_is_refused_by_both() -> None:
    scenario = abd()
    simulation = Simulation(Compiled(scenario))
    choice = Settle(("c1",))
    assert not simulation.attempt(choice)
    with pytest.raises(NotEnabled):
        run(scenario, [choice])
