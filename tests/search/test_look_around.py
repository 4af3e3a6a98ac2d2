"""Looking around a failing run: what leads on breaks the same, and each kind is tried once."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimised, Minimiser, size_of
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.walks import look_around
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.finding import Finding
from counterpoint.model.search.walks.look_around import LookAround, ingredients_of
from tests.support.abd import abd


@pytest.fixture(scope="module")
def finding() -> Finding:
    """A run of the register whose reads skip the write-back, as it was found."""
    campaign = Campaign(abd(writes_back=False), seed=4, findings_max=1)
    for _ in campaign.search(Budgets(runs=6_000)):
        pass
    return campaign.findings[0]


def around(scenario: Scenario, choices: Choices, name: str, seed: int) -> Minimised | None:
    """Look around a run."""
    compiled = Compiled(scenario)
    best = Minimised(choices, tried=0, is_fixpoint=True)
    return LookAround(compiled, Examiner(compiled), name).shorter(best, Random(seed))


@pytest.mark.slow
def test_what_it_leads_to_is_shorter_and_breaks_the_same(finding: Finding) -> None:
    found = around(finding.scenario, finding.choices, finding.property, seed=1)
    assert found is not None
    assert size_of(found.choices) < size_of(finding.choices)
    broken = [v.property for v in judge(run(finding.scenario, found.choices)) if v.is_broken]
    assert finding.property in broken
    again = around(finding.scenario, finding.choices, finding.property, seed=1)
    assert again == found


@pytest.mark.slow
def test_of_each_kind_of_failing_run_one_is_minimised(
    finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    minimised: list[Choices] = []
    failing = 0
    minimise, broken = Minimiser.minimise, Minimiser.broken

    def counted(self: Minimiser, choices: Choices, name: str, seconds: float) -> Minimised:
        minimised.append(choices)
        return minimise(self, choices, name, seconds)

    def counted_broken(self: Minimiser, choices: Choices, name: str) -> Choices | None:
        nonlocal failing
        found = broken(self, choices, name)
        failing += found is not None
        return found

    monkeypatch.setattr(Minimiser, "minimise", counted)
    monkeypatch.setattr(Minimiser, "broken", counted_broken)
    around(finding.scenario, finding.choices, finding.property, seed=1)
    kinds = [ingredients_of(choices) for choices in minimised]
    assert len(set(kinds)) == len(kinds) >= 1
    assert ingredients_of(finding.choices) not in kinds
    assert failing >= 5 * len(kinds), "most fail in a way that is known"


def test_it_ends_where_no_run_fails_in_a_new_way(
    finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def nothing(*_arguments: object) -> None:
        nonlocal tried
        tried += 1

    monkeypatch.setattr(Minimiser, "broken", nothing)
    monkeypatch.setattr(Examiner, "is_broken", lambda *_arguments: True)
    assert around(finding.scenario, finding.choices, finding.property, seed=1) is None
    assert tried == look_around.TRIES_IN_VAIN + 1


def test_no_time_leads_nowhere(finding: Finding) -> None:
    compiled = Compiled(finding.scenario)
    best = Minimised(finding.choices, tried=0, is_fixpoint=True)
    late = LookAround(compiled, Examiner(compiled), finding.property, deadline=0.0)
    assert late.shorter(best, Random(1)) is None
