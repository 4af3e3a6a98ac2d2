"""How a finished run is ruled: what is told at once is what the check says of the whole run."""

from __future__ import annotations

from collections import Counter

import pytest

from counterpoint.checkers.liveness import check_liveness
from counterpoint.harness.catalog import build
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.judgements import ruling_of
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.search.replay import run
from counterpoint.model.search.walks.campaign import run_random
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.walk import walk
from tests.search.little import little

pytestmark = pytest.mark.slow

LIVENESS = Property("liveness", check_liveness, reads="end")


def ruled(scenario: Scenario, runs: int) -> Counter[str]:
    """Rule some runs both ways, and return how often each outcome was met."""
    [liveness] = [prop for prop in scenario.properties if prop.name == "liveness"]
    compiled, outcomes = Compiled(scenario), Counter[str]()
    examiner = Examiner(compiled)
    for number in range(runs):
        walked = walk(compiled, run_random(3, number), "mixed")
        if walked.failure is not None:
            continue
        [said] = examiner.rulings(walked.run)
        whole = ruling_of(verdict_of(liveness, run(scenario, walked.run.choices)))
        assert said.outcome == whole.outcome, walked.run.choices
        outcomes[said.outcome] += 1
    return outcomes


def test_generated_systems_are_ruled_as_their_whole_runs_are() -> None:
    outcomes = Counter[str]()
    for seed in range(60):
        outcomes += ruled(little(seed).replace(properties=(LIVENESS,)), runs=8)
    assert set(outcomes) == {"holds", "broken", "undecided"}


@pytest.mark.parametrize("system", ["register", "causal_deps"])
def test_systems_of_ours_are_ruled_as_their_whole_runs_are(system: str) -> None:
    scenario = build(system)
    liveness = tuple(prop for prop in scenario.properties if prop.name == "liveness")
    assert ruled(scenario.replace(properties=liveness), runs=25)["holds"] >= 10
