"""The judge of the minimiser: how short a counterexample can be at all, by exploring every run.

| mutant | scenario | a shortest run | fuzz and minimise |
|---|---|---|---|
| B1 | default | 17 | 17 |
| B2 | default | 16 | 16 |
| B3 | default | 12 | 12 |
| B4 | 2 writes, 1 read | 26 (25 with another reader) | 25 |
| B7 | 2 writes, 1 read | 26 | 26 |
| B9 | races: 2 writes, 1 read | 25 | 25 |
| B10 | rogue | 7 | 7 |

All without faults. B5, B6 and B8 need a crash, and their spaces are too large to be searched to the
depth of what was found (34, 27 and 20 choices).
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.exploring import FaultRounds, Options
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.campaign import Budgets, Campaign, Counterexample
from counterpoint.model.search.replay import run

SMALL = {"writes": "2", "reads": "1", "clients": "1"}

# A shortest run is sought in the small setting, whose runs are all runs of the usual one, too.
MINIMA = [
    pytest.param("B10", {}, "authorisation", 7, id="B10"),
    pytest.param("B3", {}, "regular", 12, id="B3"),
    pytest.param("B1", {}, "no new/old inversion", 17, id="B1", marks=pytest.mark.slow),
    pytest.param("B2", {}, "regular", 16, id="B2", marks=pytest.mark.slow),
    pytest.param("B4", SMALL, "regular", 26, id="B4", marks=pytest.mark.nightly),
    pytest.param("B7", SMALL, "regular", 26, id="B7", marks=pytest.mark.nightly),
    pytest.param("B9", SMALL, "regular", 25, id="B9", marks=pytest.mark.nightly),
]


def only(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario in which this property alone must hold."""
    return scenario.but(properties=tuple(p for p in scenario.properties if p.name == name))


def found_by_fuzzing(scenario: Scenario, *, seed: int) -> Counterexample:
    campaign = Campaign(scenario, seed=seed)
    for _ in campaign.search(Budgets(runs=60_000)):
        pass
    example = campaign.counterexample(seconds=10)
    assert example is not None, "nothing was found"
    return example


@pytest.mark.parametrize(("mutant", "settings", "name", "minimum"), MINIMA)
def test_a_shortest_counterexample_has_this_length(
    mutant: str, settings: Mapping[str, str], name: str, minimum: int
) -> None:
    scenario = only(build("register", mutant=mutant, settings=settings), name)
    rounds = FaultRounds(scenario, Options(), faults_max=0)
    *_, last = rounds.explore()
    assert last.explored.violation is not None
    assert len(last.explored.violation.choices) == minimum
    trace = run(scenario, last.explored.violation.choices)
    assert scenario.properties[0].check(trace).is_broken


@pytest.mark.parametrize(("mutant", "settings", "name", "minimum"), MINIMA)
def test_fuzzing_and_minimising_gets_there(
    mutant: str, settings: Mapping[str, str], name: str, minimum: int
) -> None:
    del settings
    scenario = only(build("register", mutant=mutant), name)
    example = found_by_fuzzing(scenario, seed=0)
    assert (example.verdict.property, example.faults) == (name, 0)
    assert len(example.trace.choices) <= minimum
