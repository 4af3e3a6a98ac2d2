"""What a glance says of the stores' histories is what the checks say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from counterpoint.harness.catalog import build, entry
from counterpoint.harness.systems.stores_properties import GLANCE
from counterpoint.impl.stores.words import Applied, Found, Told
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Ruling, ruling_of
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.walks.walk import walk

STORES = ("causal_deps", "causal_lamport")


def histories(scenario: Scenario, runs: int) -> Iterator[list[Observation]]:
    """Return what was seen of some walks."""
    compiled = Compiled(scenario)
    for seed in range(runs):
        seen = walk(compiled, Random(seed), "mixed").run.seen
        yield [compiled.observations[number] for number in seen]


def spoilt(seen: Sequence[Observation], random: Random) -> list[Observation]:
    """Return a history that no store would make: a thing less, two exchanged, another copy seen."""
    found = list(seen)
    here, there = random.randrange(len(found)), random.randrange(len(found))
    match random.randrange(4):
        case 0:
            del found[here]
        case 1:
            found[here], found[there] = found[there], found[here]
        case 2:
            found.insert(here, found[there])
        case 3:
            found[here] = _elsewhere(found[here], found[there])
    return found


def _elsewhere(one: Observation, other: Observation) -> Observation:
    """Return an observation of the copy of another, or of none, or what the other saw at its node."""
    match one.value, other.value:
        case Found(key), Applied(copy):
            return replace(one, value=Found(key, copy))
        case Applied(copy), Applied(_, held):
            return replace(one, value=Applied(copy, held))
        case Told(), Applied(copy):
            return replace(one, value=Told(copy))
        case Found(key), _:
            return replace(one, value=Found(key))
        case _:
            return replace(one, node=other.node)


def glanced_as_checked(scenario: Scenario, runs: Iterator[list[Observation]]) -> Counter[str]:
    """See that what holds at a glance holds, and count how often each property was told of."""
    told: Counter[str] = Counter()
    props = [prop for prop in scenario.properties if prop.glance is not None]
    for seen in runs:
        holding, trace = GLANCE.look(seen)(range(len(seen))), history_trace(scenario, seen)
        for prop in props:
            if prop.name in holding:
                told[prop.name] += 1
                assert ruling_of(answer_of(prop, trace)) == Ruling(prop.name, "holds"), seen
    return told


@pytest.mark.parametrize("system", STORES)
def test_a_glance_tells_of_nearly_all_runs_that_all_holds(system: str) -> None:
    scenario = build(system)
    told = glanced_as_checked(scenario, histories(scenario, 20))
    assert set(told) == {prop.name for prop in scenario.properties if prop.glance is not None}
    assert min(told.values()) >= 16


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["default", "moving"])
@pytest.mark.parametrize("system", STORES)
def test_of_runs_of_wrong_stores_a_glance_says_no_more_than_the_checks(
    system: str, scenario: str
) -> None:
    for mutant in entry(system).mutants:
        wrong = build(system, scenario=scenario, mutant=mutant)
        glanced_as_checked(wrong, histories(wrong, 40))


@pytest.mark.slow
@pytest.mark.parametrize("system", STORES)
def test_of_histories_that_no_store_makes_a_glance_says_no_more_than_the_checks(
    system: str,
) -> None:
    scenario, random = build(system), Random(1)
    told: Counter[str] = Counter()
    for times in (1, 3):
        told += glanced_as_checked(scenario, _spoilt(histories(scenario, 120), random, times))
    assert min(told.values()) >= 5, "and it says something of some"


def _spoilt(
    runs: Iterator[list[Observation]], random: Random, times: int
) -> Iterator[list[Observation]]:
    for seen in runs:
        for _ in range(times):
            seen = spoilt(seen, random)
        yield seen
