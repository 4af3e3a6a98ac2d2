"""What a glance says of the token manager's histories is what the checks say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from counterpoint.harness.catalog import build, entry
from counterpoint.harness.systems.token_glance import CONSERVATION, LINEARIZABILITY
from counterpoint.impl.token_manager.words import OK, Pay, Rejected
from counterpoint.model.observer import Observation
from counterpoint.model.values import Value
from tests.support.glances import glanced_as_checked, histories, spoilt
from tests.support.nights import by_day


def elsewhere(one: Observation, other: Observation) -> Observation:
    """Return an observation of the value of another of its kind, or of another answer, or elsewhere."""
    if one.kind == other.kind:
        return replace(one, value=other.value)
    if one.kind == "return":
        return replace(one, value=Rejected("not the owner") if one.value == OK else OK)
    return replace(one, node=other.node)


@pytest.mark.slow
def test_a_glance_tells_of_nearly_all_runs_that_all_holds() -> None:
    scenario = build("token_manager")
    told = glanced_as_checked(scenario, histories(scenario, 12))
    assert set(told) == {CONSERVATION, LINEARIZABILITY}
    assert min(told.values()) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(3, 8))
def test_of_runs_of_wrong_token_managers_a_glance_says_no_more_than_the_checks(count: int) -> None:
    for mutant in entry("token_manager").mutants:
        wrong = build("token_manager", scenario="default", mutant=mutant)
        glanced_as_checked(wrong, histories(wrong, count))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"tokens": "2"}, {"clients": "2", "tokens": "1"}])
def test_of_histories_that_no_token_manager_makes_a_glance_says_no_more_than_the_checks(
    settings: dict[str, str],
) -> None:
    scenario, random = build("token_manager", settings=settings), Random(1)
    runs, told = list(histories(scenario, 25)), Counter[str]()
    for times in (1, 1, 1, 2, 2, 4, 4):
        told += glanced_as_checked(scenario, spoilt(runs, elsewhere, random, times))
    assert min(told.values()) >= 5, "and it says something of some"


@pytest.mark.parametrize("answer", [None, Rejected("no such token"), Rejected("")])
def test_a_payment_with_an_answer_that_no_ledger_gives_is_left_to_the_check(answer: Value) -> None:
    scenario = build("token_manager")
    seen = [Observation("invoke", "c1", Pay(0, 2)), Observation("return", "c1", answer)]
    assert not glanced_as_checked(scenario, [seen])
