"""Raft, whose liveness hangs on timers: the right one holds in every run, and each variant breaks."""

from __future__ import annotations

import pytest
from docs.gallery.raft import scenario as raft

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.verdict import Outcome

pytestmark = pytest.mark.slow

NAMES = ("one leader a term", "agreement", "linearizability", "liveness")


def searched(scenario: Scenario, runs: int, seed: int = 0) -> Campaign:
    campaign = Campaign(scenario, seed=seed)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


def test_right_raft_is_live_in_every_run_and_every_run_is_judged() -> None:
    campaign = searched(raft(), runs=150)
    of = {name: (c.held, c.broken, c.undecided_count) for name, c in campaign.judgements.items()}
    assert of == dict.fromkeys(NAMES, (150, 0, 0))
    assert campaign.progress.completed_calls == 150 * 4
    assert campaign.progress.steps < 150 * 100, "as long as the work takes, and no longer"


def test_candidates_that_never_back_off_duel_for_ever() -> None:
    campaign = searched(raft("never backs off"), runs=8)
    assert {finding.property for finding in campaign.findings} == {"liveness"}


def test_a_leader_that_does_not_begin_its_term_leaves_an_older_entry_unanswered() -> None:
    campaign = searched(raft("does not begin its term"), runs=150, seed=1)
    assert {finding.property for finding in campaign.findings} == {"liveness"}
    found = campaign.counterexample(seconds=1)
    assert found is not None
    assert found.verdict.outcome is Outcome.BROKEN
    assert len(found.trace.choices) < 60
