"""What Python calls equal is not the same to any search, if a handler can tell it apart."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, explorer
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.lasso import Endings, explore_endings
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.judge.drawing import drawn
from tests.judge.own_faults import OWN_FAULTS
from tests.judge.spelling import SPELLINGS, spelled
from tests.judge.systems import Drawn, scenario_of
from tests.oracles.table import has_numpy
from tests.support.nights import by_day

pytestmark = pytest.mark.slow


def explored(scenario: Scenario, **options: Any) -> tuple[Any, ...]:
    limits = Limits(states=1_000, depth=8)
    search = explorer(scenario.replace(faults_max=1), ExploreOptions(limits, **options))
    *_, last = search.explore()
    found = None if last.violation is None else last.violation
    broken = found and (found.property, len(found.choices))
    return last.states, last.generated, last.levels, last.terminal, last.slots, last.stop, broken


def reduced(scenario: Scenario) -> tuple[Any, ...]:
    *_, last = Reducer(scenario.replace(faults_max=1), limits=Limits(states=300)).explore()
    broken = last.violation and (last.violation.property, len(last.violation.choices))
    return last.traces, last.steps, last.stop, broken


def ended(scenario: Scenario, explore: Callable[..., Endings], **options: bool) -> Any:
    found = explore(scenario.replace(faults_max=1), Limits(states=300), **options)
    broken = found.violation and (found.violation.property, len(found.violation.choices))
    return replace(found, violation=None), broken


def walked(scenario: Scenario) -> tuple[Any, ...]:
    campaign = Campaign(scenario)
    for _ in campaign.search(Budgets(runs=10)):
        pass
    told = campaign.progress
    return told.runs, told.steps, told.completed_calls, told.findings, campaign.failing_runs


@pytest.mark.parametrize("count", by_day(10, 300))
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_search_finds_of_equal_words_what_it_finds_of_different_ones(
    spelling: str, count: int
) -> None:
    examined = 0
    for number in range(count):
        one = without_claims(drawn(Random(number)))
        plain, words = scenario_of(one), spelled(one, SPELLINGS[spelling])
        try:
            Compiled(plain)
        except BadScenario:  # no run can begin
            continue
        examined += 1
        for engine in ("plain", "numpy") if has_numpy() else ("plain",):
            for symmetry in {False, bool(one.group)}:
                options = {"engine": engine, "symmetry": symmetry}
                assert explored(words, **options) == explored(plain, **options), (number, options)
        assert ended(words, explore_endings) == ended(plain, explore_endings), number
        if has_numpy():
            endings = importlib.import_module("counterpoint.model.search.columnar.endings")
            for symmetry in {False, bool(one.group)}:
                by_columns = partial(ended, explore=endings.explore_endings, symmetry=symmetry)
                assert by_columns(words) == by_columns(plain), number
        assert reduced(words) == reduced(plain), number
        assert walked(words) == walked(plain), number
    assert examined > count / 2


def without_claims(one: Drawn) -> Drawn:
    """Leave out what reads texts, or makes some of its own."""
    limits = tuple(limit for limit in one.limits if limit[0] not in OWN_FAULTS)
    liveness = tuple(words for words in one.properties if words[0] == "liveness")
    return one.replace(own=(), properties=liveness, goals=(), limits=limits)
