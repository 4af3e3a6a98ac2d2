"""Strategies: what a run depends on, and which orders partial-order sampling makes likely."""

from __future__ import annotations

from collections import Counter, deque
from random import Random
from typing import get_args

import pytest

import counterpoint as cp
from counterpoint.harness.catalog import build
from counterpoint.harness.plugin.effort import DEFAULTS, SearchStrategy
from counterpoint.model.scenario import Network, Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks import strategy
from counterpoint.model.search.walks.campaign import run_random
from counterpoint.model.search.walks.link_queues import LinkQueues
from counterpoint.model.search.walks.strategy import DEFAULT, MIX, Pct, StrategyName, strategy_for
from counterpoint.model.search.walks.walk import walk
from tests.support.abd import abd
from tests.support.echo import echo

NAMES: tuple[StrategyName, ...] = get_args(StrategyName)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("system", ["causal_deps"])
def test_a_run_depends_on_seed_and_number_alone_and_not_on_the_runs_before(
    system: str, name: StrategyName
) -> None:
    used, scenario = Compiled(build(system)), build(system)
    for number in range(3):
        walk(used, run_random(5, number), name)
    again = walk(used, run_random(5, 9), name).run
    fresh = walk(Compiled(scenario), run_random(5, 9), name).run
    assert again.choices == fresh.choices
    assert any(again.compiled.is_return[number] for number in again.seen)


def test_the_default_draws_each_strategy_of_its_mix_for_a_share_of_the_runs() -> None:
    drawn = [strategy_for(DEFAULT, Random(seed), 20) for seed in range(400)]
    shares = Counter(type(strategy).__name__ for strategy in drawn)
    assert set(shares) == {type(strategy_for(name, Random(0), 20)).__name__ for name in MIX}
    assert min(shares.values()) > 400 / len(MIX) * 0.7


def test_what_tests_search_by_if_nothing_is_said_is_the_default() -> None:
    assert DEFAULTS.strategy == DEFAULT
    assert {*get_args(SearchStrategy)} == {*NAMES, "hypothesis"}


class SlowPct(Pct):
    """`pct`, looking at every message in flight at every step."""

    def __init__(self, random: Random, steps: int, depth: int, *, timers: float = 1.0) -> None:
        super().__init__(random, steps, depth, timers=timers)
        self._queues = Anew()


class Anew(LinkQueues):
    """The messages by link, sorted anew each time."""

    def of(self, run: Simulation) -> dict[int, deque[int]]:
        """Sort them."""
        found: dict[int, deque[int]] = {}
        for message in run.flights:
            found.setdefault(run.compiled.link[message], deque()).append(message)
        return found


@pytest.mark.parametrize("network", get_args(Network))
@pytest.mark.parametrize("scenario", [echo(), abd(), build("causal_deps")], ids=lambda s: s.name)
def test_following_the_links_makes_the_runs_that_sorting_the_messages_makes(
    scenario: Scenario, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = Compiled(scenario.replace(network=network))
    quick = [walk(compiled, Random(seed), "pct").run.choices for seed in range(12)]
    monkeypatch.setattr(strategy, "Pct", SlowPct)
    assert [walk(compiled, Random(seed), "pct").run.choices for seed in range(12)] == quick


# ---- orders: one message to b, and so many in a row to c ----


@cp.value
class Token:
    number: int


@cp.value
class Place:
    came: tuple[int, ...] = ()


LONG = 6
"""So many messages follow each other to c, each sent when the one before has come."""


def start(state: Place, given: object) -> cp.Step[Place]:
    match given:
        case cp.Start():
            return cp.Step(state, [cp.Send("b", Token(0)), cp.Send("c", Token(1))])
    return cp.Step(state)


def collect(state: Place, given: object) -> cp.Step[Place]:
    match given:
        case cp.Receive(_, Token(number)):
            came = Place((*state.came, number))
            onward = [cp.Send("c", Token(number + 1))] if 0 < number < LONG else []
            return cp.Step(came, onward)
    return cp.Step(state)


def row() -> Compiled:
    nodes = {"a": (start, Place()), "b": (collect, Place()), "c": (collect, Place())}
    return Compiled(cp.Scenario("row", cp.system(nodes), calls={}, properties=[]))


def place_of_the_single_message(compiled: Compiled, name: StrategyName, number: int) -> int:
    """Return how many messages of the row came before the single one."""
    run, random = Simulation(compiled), Random(number)
    chooser = strategy_for(name, random, LONG + 1)
    while run.flights:
        choice = chooser.pick(run, run.offers(), random)
        assert isinstance(choice, int)
        run.deliver(choice)
    bodies = [choice.body.number for choice in run.choices]  # type: ignore[attr-defined]
    return bodies.index(0)


def places(name: StrategyName, runs: int = 1_500) -> Counter[int]:
    compiled = row()
    return Counter(place_of_the_single_message(compiled, name, number) for number in range(runs))


def test_partial_order_sampling_comes_to_late_places_that_uniform_walks_hardly_see() -> None:
    """The last place has chance 1 / (n + 1) where priorities are kept, and 1 / 2**n by coins."""
    sampled, uniform = places("pos"), places("uniform")
    share = sampled[LONG] / sampled.total()
    assert abs(share - 1 / (LONG + 1)) < 0.04
    assert uniform[LONG] / uniform.total() < 0.04


def test_priorities_are_kept_but_where_something_raced() -> None:
    run, random = Simulation(row()), Random(1)
    chooser = strategy_for("pos", random, 10)
    chooser.pick(run, [], random)
    kept = chooser._priorities  # type: ignore[attr-defined]
    (left,) = kept
    assert len(run.flights) == 2
    assert left in run.flights
