"""What a glance says of the stores' histories is what the checks say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from counterpoint.harness.catalog import build, entry
from counterpoint.impl.stores.words import Applied, Found, Told
from counterpoint.model.observer import Observation
from tests.support.glances import glanced_as_checked, histories, spoilt
from tests.support.nights import by_day

STORES = ("causal_deps", "causal_lamport")


def elsewhere(one: Observation, other: Observation) -> Observation:
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


@pytest.mark.slow
@pytest.mark.parametrize("system", STORES)
def test_a_glance_tells_of_nearly_all_runs_that_all_holds(system: str) -> None:
    scenario = build(system)
    told = glanced_as_checked(scenario, histories(scenario, 20))
    assert set(told) == {prop.name for prop in scenario.properties if prop.glance is not None}
    assert min(told.values()) >= 16


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["default", "moving"])
@pytest.mark.parametrize("system", STORES)
@pytest.mark.parametrize("count", by_day(8, 25))
def test_of_runs_of_wrong_stores_a_glance_says_no_more_than_the_checks(
    system: str, scenario: str, count: int
) -> None:
    for mutant in entry(system).mutants:
        wrong = build(system, scenario=scenario, mutant=mutant)
        glanced_as_checked(wrong, histories(wrong, count))


@pytest.mark.slow
@pytest.mark.parametrize("system", STORES)
def test_of_histories_that_no_store_makes_a_glance_says_no_more_than_the_checks(
    system: str,
) -> None:
    scenario, random = build(system), Random(1)
    runs, told = list(histories(scenario, 50)), Counter[str]()
    for times in (1, 1, 1, 2, 3):
        told += glanced_as_checked(scenario, spoilt(runs, elsewhere, random, times))
    assert min(told.values()) >= 5, "and it says something of some"
