"""Weights: how much more often than usual a walk lets timers go off, or a kind of fault happen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import counterpoint as cp
from counterpoint.harness.campaign.assignment import NamedSearch
from counterpoint.harness.catalog import build
from counterpoint.harness.cli import main
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.strategy import StrategyName
from tests.search.test_case_coverage import asking


def counts(weights: dict[str, Any], strategy: StrategyName = "mixed") -> dict[str, int]:
    """Return how often each kind of action was done in some runs of clients that ask again."""
    scenario = asking(
        limits=cp.faults(crash=3, duplicate=3),
        tolerates=cp.minority_of("server", "c1", "c2"),
        weights=weights,
    )
    campaign = Campaign(scenario, strategy=strategy, seed=1)
    for _ in campaign.search(Budgets(150)):
        pass
    return campaign.cases.actions


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uniform", "swarm", "pct"])
def test_heavy_timers_go_off_more_often_and_weightless_ones_hardly(strategy: StrategyName) -> None:
    usual, heavy = counts({}, strategy), counts({"fire": 8}, strategy)
    assert heavy["fire"] > 1.1 * usual["fire"]
    assert counts({"fire": 0}, strategy)["fire"] < usual["fire"]


@pytest.mark.slow
def test_heavy_faults_happen_more_often_and_weightless_ones_never() -> None:
    usual, heavy = counts({}), counts({"crash": 6})
    assert heavy["crash"] > 1.2 * usual["crash"]
    assert "crash" not in counts({"crash": 0})
    assert counts({"crash": 0})["duplicate"] > 0


@pytest.mark.slow
def test_weights_of_one_change_nothing() -> None:
    assert counts({}) == counts({"fire": 1, "crash": 1})


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        (
            {"meteor": 2},
            "gives a weight to 'meteor', which is nothing here that can have one; there are: fire, ",
        ),
        ({"deliver": 2}, "gives a weight to 'deliver', which is nothing here that can have one"),
        ({"crash": -1}, "gives 'crash' the weight -1; 1 is as usual"),
        ({"crash": True}, "gives 'crash' the weight True"),
        ({"crash": "2"}, "gives 'crash' the weight '2'"),
        ([("fire", 2)], "has weights = "),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: Any, error: str) -> None:
    with pytest.raises(cp.BadScenario, match=error):
        build("register").replace(weights=weights)


@pytest.mark.slow
def test_fuzz_takes_weights_and_gives_them_to_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["fuzz", "register", "--runs", "60", "--seed", "3", "--json"]
    weights = ["--weight", "crash=0", "--weight", "delay=5"]
    usual, weighed = (
        json.loads(CliRunner().invoke(main, [*asked, *more]).stdout)["faults"]
        for more in ([], weights)
    )
    assert "crash" in usual
    assert "crash" not in weighed
    assert weighed["delay"] > usual["delay"]
    wrong = CliRunner().invoke(main, [*asked[:-1], "--weight", "crash"])
    assert wrong.exit_code == 2
    assert "--weight is 'crash'; it must be KIND=N, such as fire=3" in wrong.output
    search = NamedSearch.of(build("register").replace(weights={"crash": 0}), "mixed", 1)
    assert search.scenario().weights == {"crash": 0}
