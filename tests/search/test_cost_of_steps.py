"""What a step of a walk costs, counted in calls of functions: no more with many messages in flight."""

from __future__ import annotations

import sys
from random import Random
from types import FrameType

import pytest

from counterpoint.model.scenario import Network
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.strategy import StrategyName, strategy_for
from tests.support.flood import flood

PICKS = 50


def calls_of_picks(strategy: StrategyName, network: Network, messages: int) -> int:
    """Return how many functions are called to pick so often what comes next, after a flood."""
    run = Simulation(Compiled(flood(3, messages, network)))
    run.choose(run.offers()[0])
    assert len(run.flights) == 3 * messages
    random = Random(1)
    chooser = strategy_for(strategy, random, PICKS)
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        for _ in range(PICKS):
            chooser.pick(run, run.offers(), random)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("network", ["unordered", "ordered", "lanes"])
@pytest.mark.parametrize("strategy", ["uniform", "pct"])
def test_the_leading_link_is_found_without_asking_every_message(
    strategy: StrategyName, network: Network
) -> None:
    few, many = (calls_of_picks(strategy, network, messages) for messages in (4, 400))
    assert few >= PICKS
    assert many <= few + 10
