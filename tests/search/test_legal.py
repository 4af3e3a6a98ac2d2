"""What a simulation says is legal is what the actions themselves say of the world."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from counterpoint.model.actions import Deliver
from counterpoint.model.kind import kinds_of
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.stateful.legal import legal
from tests.support.abd import abd
from tests.support.echo import echo
from tests.support.nights import by_day


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(echo(), id="every fault"),
        pytest.param(echo(network="ordered"), id="ordered"),
        pytest.param(abd(), id="abd"),
    ],
)
@pytest.mark.parametrize("runs", by_day(10, 25))
def test_legal_actions_are_the_options_of_the_actions(scenario: Scenario, runs: int) -> None:
    compiled, random, seen = Compiled(scenario), Random(5), set[str]()
    places = (*scenario.system.nodes, None)
    for _ in range(runs):
        run = Simulation(compiled)
        for _ in range(50):
            world = run.world()
            choices: list[Any] = []
            for action in scenario.actions:
                found = legal(run, action)
                options = [option for place in places for option in action.options(world, place)]
                assert sorted(map(repr, found)) == sorted(map(repr, options))
                assert not found or action in kinds_of(scenario)
                choices += found
            if not choices:
                break
            choice = random.choice(choices)
            seen.add(choice.kind)
            assert run.attempt(choice)
    impossible = {"transform", "fire", "drop", "reorder"} if scenario.name == "abd" else set()
    if scenario.network == "unordered":
        impossible |= {"reorder"}
    assert {action.kind for action in kinds_of(scenario)} - impossible <= seen


def test_kinds_without_a_budget_are_no_possible_actions() -> None:
    kinds = {action.kind for action in kinds_of(echo(limits=budgets(crash=1)))}
    assert kinds == {"deliver", "call", "fire", "crash", "restart", "drop"}


def test_deliveries_come_oldest_first() -> None:
    run = Simulation(Compiled(abd()))
    for client in ("c2", "c1"):
        [call] = [a for a in legal(run, abd().actions[1]) if a.at == client]
        run.attempt(call)
    deliveries = [action for action in legal(run, Deliver) if isinstance(action, Deliver)]
    assert [delivery.dst for delivery in deliveries] == ["r1", "r2", "r3"] * 2
    assert deliveries[0].src == "c2"
