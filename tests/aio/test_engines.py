"""Programs on both engines: the same legal actions, the same outcome, each step, under every fault."""

from __future__ import annotations

from random import Random

import pytest

import counterpoint as cp
from counterpoint.harness.aio.past import Past
from counterpoint.model.exact import is_same
from counterpoint.model.legality import lane_of
from counterpoint.model.node import Invoke
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.semantics import Semantics
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.values import Value
from counterpoint.model.world import World
from tests.aio.store import register

EVERYTHING = cp.budgets(crash=2, reset=2, delay=3, cut=1, split=2, merge=2)


def assert_equal(simulation: Simulation, world: World) -> None:
    compiled = simulation.compiled
    assert tuple(compiled.node_states[c] for c in simulation.node_states) == world.node_states
    assert simulation.conditions == world.conditions
    for fast, slow in ((simulation.flights, world.flights), (simulation.held, world.held)):
        assert [compiled.contents[m] for m in fast] == [flight.content for flight in slow]
    heads = {compiled.contents[simulation.flights[k]] for k in simulation.heads()}
    assert heads == {f.content for f in world.flights if world.is_head(f.content)}


@pytest.mark.slow
@pytest.mark.parametrize("limits", [EVERYTHING, cp.budgets(refuse=2, delay=2)])
def test_both_engines_do_the_same_to_programs(limits: dict[str, cp.Budget]) -> None:
    kinds = set()
    for seed in range(6):
        scenario = register(limits=limits, timers="any")
        random, world = Random(seed), cp.run(scenario, ()).final
        simulation = Simulation(Compiled(register(limits=limits, timers="any")))
        for _ in range(60):
            options = cp.enabled(world)
            if not options:
                break
            action = random.choice(options)
            kinds.add(action.kind)
            try:
                world = action.apply(world).world
            except HandlerFailed:  # a client that is not made for broken connections
                with pytest.raises(HandlerFailed):
                    simulation.attempt(action)
                break
            assert simulation.attempt(action), action
            assert_equal(simulation, world)
    assert kinds >= set(limits) - {"merge"}


@pytest.mark.slow
def test_states_of_programs_are_a_tree() -> None:
    """Each state but those before a boot is reached by one input from one state, and is kept once."""
    compiled = Compiled(register(limits=cp.budgets(crash=1)))
    for seed in range(5):
        walk(compiled, Random(seed), "uniform")
    reached = [
        outcome.node_state
        for reactions in compiled.reactions
        for given, outcome in reactions.items()
        if given != "crash"
    ]
    assert len(set(reached)) == len(reached)
    pasts = [
        (compiled.node_of_node_state[k], compiled.node_states[k])
        for k in range(len(compiled.reactions))
    ]
    assert len(set(pasts)) == len(pasts) > 300


def test_what_stands_still_holds_back_what_comes_after_it() -> None:
    """A held chunk goes first when it is released, and nothing of its lane passes it."""
    world = cp.run(register(limits=cp.budgets(delay=1)), ()).final
    stall = next(option for option in cp.enabled(world) if option.kind == "delay")
    held = stall.apply(world).world
    lane = lane_of("lanes", held.held[0].content)
    arriving = [lane_of("lanes", o.content) for o in cp.enabled(held) if isinstance(o, cp.Deliver)]
    assert lane not in arriving
    release = next(option for option in cp.enabled(held) if option.kind == "release")
    again = release.apply(held).world
    assert lane_of("lanes", again.flights[0].content) == lane
    assert cp.Deliver(*again.flights[0].content) in cp.enabled(again)


def test_an_exploration_says_that_it_knows_no_lanes() -> None:
    with pytest.raises(cp.BadScenario, match="explore it with --reduction dpor"):
        Slots(register(), Semantics("keep"))


def test_a_program_that_was_asked_true_was_not_asked_1() -> None:
    start = Past()

    def asked(operation: Value) -> Past:
        return start.after(Invoke(operation), 0, None, (), (), None)

    assert asked(1) == asked(1) != asked(True)
    assert is_same(asked(1), asked(1))
