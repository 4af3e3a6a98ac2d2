"""What a step of a walk costs, counted in calls of functions: no more with many messages in flight."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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


class Looked(list[int]):
    """Messages in flight that count how many of them are looked at one by one."""

    looked_at = 0

    def __iter__(self) -> Iterator[int]:
        """Count all of them."""
        self.looked_at += len(self)
        return super().__iter__()

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        """Count those of a slice."""
        found = super().__getitem__(place)
        self.looked_at += len(found) if isinstance(found, list) else 1
        return found


@pytest.mark.parametrize("network", ["unordered", "ordered", "lanes"])
def test_a_walk_by_links_looks_at_each_message_once(network: Network) -> None:
    run = Simulation(Compiled(flood(3, 100, network)))
    run.choose(run.offers()[0])
    looked = run.flights = Looked(run.flights)
    random = Random(1)
    chooser = strategy_for("pct", random, PICKS)
    for _ in range(PICKS):
        choice = chooser.pick(run, run.offers(), random)
        assert isinstance(choice, int)
        run.deliver(choice)
    assert looked.looked_at == 300
