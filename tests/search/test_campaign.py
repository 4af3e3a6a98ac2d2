"""Campaigns: what a seed promises, what shards share, what a finding shrinks to."""

from __future__ import annotations

import pytest

from counterpoint.model.node import Input, Step
from counterpoint.model.search.minimise import fewer_switches, minimiser_for, switches
from counterpoint.model.search.replay import HANDLER_PROPERTY, first_broken, judge, run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.support.abd import Abd, Read, State, abd
from tests.support.echo import echo

TRUE_MINIMUM = 12
"""Of the register whose reads skip the write-back; breadth-first search finds no shorter run."""


def finished(campaign: Campaign, runs: int) -> Campaign:
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uniform", "swarm", "pct"])
def test_the_wrong_register_shrinks_to_its_true_minimum(strategy: str) -> None:
    wrong = abd(writes_back=False)
    campaign = Campaign(wrong, strategy=strategy, seed=2, findings_max=1)  # type: ignore[arg-type]
    example = finished(campaign, 6_000).counterexample()
    assert example is not None
    assert example.verdict.summary == "c2 read 0 after it had already read 1."
    assert len(example.trace.choices) == TRUE_MINIMUM
    assert example.is_fixpoint
    assert example.faults == 0


@pytest.mark.slow
def test_the_right_register_holds() -> None:
    campaign = finished(Campaign(abd(), seed=1), 3_000)
    assert campaign.findings == []
    assert not campaign.is_idle
    assert set(campaign.progress.faults) == {"crash", "cut", "delay", "duplicate", "omit"}


@pytest.mark.slow
def test_the_same_seed_makes_the_same_campaign() -> None:
    first, second = (finished(Campaign(echo(), seed=9), 200).progress for _ in range(2))
    assert (first.runs, first.steps, first.faults) == (second.runs, second.steps, second.faults)
    other = finished(Campaign(echo(), seed=10), 200).progress
    assert other.steps != first.steps


@pytest.mark.slow
def test_shards_make_the_runs_of_the_whole_between_them() -> None:
    whole = finished(Campaign(echo(), seed=5), 60).progress
    parts = [finished(Campaign(echo(), seed=5, shard=(k, 3)), 20).progress for k in range(3)]
    assert sum(part.steps for part in parts) == whole.steps
    assert sum(part.completed_calls for part in parts) == whole.completed_calls


def test_a_search_that_completes_no_call_is_idle() -> None:
    assert finished(Campaign(abd(min_calls_per_run=50.0)), 50).is_idle


def test_a_handler_that_raises_is_a_finding_and_shrinks() -> None:
    class Fragile(Abd):
        def handle(self, node: str, state: State, given: Input) -> Step[State]:
            assert node != "r2" or getattr(given, "source", None) != "c2", "r2 knows no c2"
            return super().handle(node, state, given)

    scenario = abd().replace(system=Fragile())
    example = finished(Campaign(scenario, seed=1), 50).counterexample()
    assert example is not None
    assert example.verdict.property == HANDLER_PROPERTY
    assert "r2 knows no c2" in example.verdict.summary
    assert [choice.kind for choice in example.trace.choices] == ["call", "deliver"]


@pytest.mark.slow
def test_a_run_in_order_of_nodes_is_the_same_run() -> None:
    campaign = finished(Campaign(abd(writes_back=False), seed=4, findings_max=1), 6_000)
    trace = run(campaign.scenario, campaign.findings[0].choices)
    ordered = fewer_switches(trace)
    assert sorted(map(repr, ordered)) == sorted(map(repr, trace.choices))
    assert switches(ordered) <= switches(trace.choices)
    assert run(campaign.scenario, ordered).final.identity == trace.final.identity


def test_a_passing_run_cannot_be_minimised() -> None:
    with pytest.raises(ValueError, match="nothing to minimise"):
        minimiser_for(abd()).minimise((), "never back")


@pytest.mark.slow
def test_every_finding_breaks_what_it_says_when_replayed() -> None:
    campaign = finished(Campaign(abd(writes_back=False, calls={"c1": (), "c2": (Read(),)})), 300)
    assert campaign.findings == []
    wrong = finished(Campaign(abd(writes_back=False), seed=2), 6_000)
    assert len(wrong.findings) > 0
    for finding in wrong.findings:
        verdict = first_broken(judge(run(wrong.scenario, finding.choices)))
        assert verdict is not None
        assert verdict.property == finding.property
