"""Runs near a failing one are runs like any other, and lead on where leaving out does not."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.harness.catalog import build
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.nearby import nearby
from counterpoint.model.search.walks.walk import walk
from tests.search.little import little


@pytest.mark.parametrize("seed", range(12))
def test_runs_nearby_are_legal_and_add_no_fault(seed: int) -> None:
    scenario = little(seed)
    compiled = Compiled(scenario)
    base = walk(compiled, Random(seed), "mixed").run.choices
    for number in range(20):
        found = nearby(compiled, base, Random(number))
        assert list(run(scenario, found.run.choices).choices) == found.run.choices
        followed = sum(choice.is_fault for choice in base)
        assert sum(choice.is_fault for choice in found.run.choices) <= followed


def test_runs_nearby_differ_by_their_source_of_chance_alone() -> None:
    compiled = Compiled(little(3))
    base = walk(compiled, Random(3), "mixed").run.choices
    runs = [nearby(compiled, base, Random(number)).run.choices for number in (1, 1, 2, 3, 4)]
    assert runs[0] == runs[1]
    assert any(other != runs[0] for other in runs[2:])


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("mutant", "name", "seed", "without", "steps"),
    [("B9", "regular", 2, 40, 29), ("B5", "linearizability", 7, 46, 35)],
)
def test_where_findings_do_not_agree_runs_nearby_lead_on(
    mutant: str, name: str, seed: int, without: int, steps: int
) -> None:
    whole = build("register", mutant=mutant)
    scenario = whole.replace(properties=tuple(p for p in whole.properties if p.name == name))
    campaign = Campaign(scenario, seed=seed)
    for _ in campaign.search(Budgets(runs=60_000)):
        pass
    example = campaign.counterexample(seconds=1_000)
    assert example is not None
    assert len(example.trace.choices) <= steps < without
