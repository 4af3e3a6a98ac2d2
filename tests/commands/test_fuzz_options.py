"""`fuzz --property` judges one property alone, `--show-passing` shows a run that breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.campaign.team import Team
from counterpoint.harness.cli import main
from counterpoint.harness.commands import fuzz as fuzzing
from counterpoint.harness.starting.adder import HASTY, SCENARIO
from counterpoint.model.search.replay import judge
from counterpoint.model.search.walks.campaign import Budgets, Campaign

ADDER = "counterpoint.harness.starting.adder:SUITE"


def fuzz(*arguments: str) -> Result:
    """Run a search in this process."""
    return CliRunner().invoke(main, ["fuzz", ADDER, "--runs", "60", *arguments])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
def test_a_property_is_judged_alone() -> None:
    broken = fuzz("--mutant", "hasty", "--property", "linearizability", "--json")
    assert json.loads(broken.stdout)["property"] == "linearizability"
    holds = fuzz("--mutant", "hasty", "--property", "liveness", "--json")
    assert json.loads(holds.stdout)["outcome"] == "holds"
    assert list(json.loads(holds.stdout)["judged"]) == ["liveness"]


def test_a_property_that_there_is_not_is_refused() -> None:
    result = fuzz("--property", "speed")
    assert (
        "'speed' is no property of 'adder'; there are: linearizability, liveness" in result.stderr
    )
    assert result.exit_code == 2


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [(), ("--mutant", "hasty")])
def test_a_passing_run_is_shown_and_kept_on_request(mutant: tuple[str, ...]) -> None:
    shown = fuzz("--show-passing", *mutant)
    assert " ✓ " in shown.output
    assert "-passing-0.trace.jsonl" in shown.output
    kept = json.loads(fuzz("--show-passing", *mutant, "--json").stdout)["passing_trace"]
    header, *lines = map(json.loads, Path(kept).read_text().splitlines())
    assert header["search"]["seed"] == 0
    outcomes = {line["outcome"] for line in lines if line["type"] == "verdict"}
    assert "broken" not in outcomes
    assert "passing_trace" not in json.loads(fuzz("--json").stdout)


def test_the_passing_run_is_the_one_in_the_middle_and_breaks_nothing() -> None:
    campaign = Campaign(SCENARIO.replace(system=HASTY), seed=7)
    for _ in campaign.search(Budgets(runs=40)):
        pass
    assert campaign.findings
    trace = campaign.typical_passing()
    assert trace is not None
    assert not any(verdict.is_broken for verdict in judge(trace))
    assert len([event for event in trace.events if event.kind == "return"]) == 3


def test_where_each_run_breaks_something_none_is_typical() -> None:
    campaign = Campaign(SCENARIO)
    assert campaign.typical_passing() is None


@pytest.mark.slow
def test_no_more_workers_than_runs_and_as_many_seconds_as_one_likes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: list[int] = []

    class Counted(Team):
        def __init__(self, count: int, *, bytes_max: int | None = None) -> None:
            counts.append(count)
            super().__init__(count, bytes_max=bytes_max)

    monkeypatch.setattr(fuzzing, "Team", Counted)
    result = CliRunner().invoke(
        main, ["fuzz", ADDER, "--runs", "2", "--workers", "256", "--seconds", "1e30", "--json"]
    )
    assert json.loads(result.stdout)["outcome"] == "holds"
    assert counts == [2]


def test_workers_without_end_are_refused() -> None:
    result = fuzz("--workers", "100000000000")
    assert result.exit_code == 2
    assert "is not in the range 1<=x<=256" in result.stderr
