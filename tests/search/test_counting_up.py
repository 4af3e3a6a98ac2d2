"""Where contents count up, shrinking gets to the least all the same: exploration is the judge."""

from __future__ import annotations

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, explorer, for_exploration
from counterpoint.harness.starting.adder import HASTY, SCENARIO
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.minimise import Minimiser
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.examine import Examiner

WRONG = SCENARIO.replace(system=HASTY)
"""A server that adds what comes twice: each sum has another content, whatever came before."""


@pytest.fixture(scope="module")
def least() -> int:
    """Return how many steps a shortest counterexample has."""
    one_fault = for_exploration(WRONG.replace(faults_max=1))
    *_, explored = explorer(one_fault, ExploreOptions(limits=Limits(depth=12))).explore()
    assert explored.violation is not None
    return len(explored.violation.choices)


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, 2, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (1, *range(3, 10)))]
)
def test_every_seed_gets_to_the_least(seed: int, least: int) -> None:
    campaign = Campaign(WRONG, seed=seed)
    for _ in campaign.search(Budgets(runs=200)):
        pass
    example = campaign.counterexample(seconds=60)
    assert example is not None
    assert len(example.trace.choices) == least


def test_what_stands_in_for_a_message_that_is_gone_may_have_to_be_the_newest_like_it() -> None:
    """Without the other client's part the last sum is less, and an older sum is on its way, too."""
    compiled = Compiled(WRONG)
    campaign = Campaign(WRONG, seed=2)
    for _ in campaign.search(Budgets(runs=200)):
        pass
    minimiser, found = Minimiser(compiled, Examiner(compiled)), campaign.findings[0]
    loosely = minimiser.minimise(found.choices, found.property, 60)
    closely = minimiser.minimise(loosely.choices, found.property, 60, closely=True)
    assert loosely.is_fixpoint
    assert len(closely.choices) < len(loosely.choices)
