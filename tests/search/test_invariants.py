"""Invariants: walks, exploration, replay and minimisation agree on what breaks one, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.report.causal_slice import basis
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.replay import first_broken, judge, run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.verdict import Outcome
from tests.support.echo import echo


def nobody_is_asked_often(most: int) -> Scenario:
    """No server is asked more often than that: wrong for little numbers, since the client repeats."""

    def violation(states: Mapping[str, Any]) -> str | None:
        asked = {n: s.count for n, s in states.items() if getattr(s, "count", 0) > most}
        return f"{min(asked)} was asked {asked[min(asked)]} times." if asked else None

    scenario = echo(invariants=(Invariant("asked seldom", violation),))
    return scenario.replace(limits={k: b for k, b in scenario.limits.items() if k == "fire"})


@pytest.mark.slow
def test_walks_find_the_violation_and_shrink_it_to_the_shortest_run() -> None:
    scenario = nobody_is_asked_often(2)
    campaign = Campaign(scenario, seed=3)
    for _ in campaign.search(Budgets(runs=500)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.property == "asked seldom"
    assert example.verdict.summary.endswith(" was asked 3 times.")
    explorer = Explorer(scenario)
    for _ in explorer.explore():
        pass
    violation = explorer.progress.violation
    assert violation is not None
    assert violation.property == "asked seldom"
    assert len(violation.choices) == len(example.trace.choices)


def test_the_verdict_names_the_step() -> None:
    scenario = nobody_is_asked_often(0)
    explorer = Explorer(scenario)
    for _ in explorer.explore():
        pass
    assert explorer.progress.violation is not None
    trace = run(scenario, explorer.progress.violation.choices)
    verdict = first_broken(judge(trace))
    assert verdict is not None
    assert verdict.examined == len(trace.choices) + 1
    assert verdict.because == ("after step 1, deliver(c1, s1, ask(1))",)
    assert verdict.culprits == ("s1",)


def test_a_verdict_about_two_nodes_rests_on_what_made_each_of_them_what_it_is() -> None:
    def violation(states: Mapping[str, Any]) -> str | None:
        asked = [n for n, s in states.items() if getattr(s, "count", 0) > 0]
        return f"{asked[0]} and {asked[1]} were asked" if len(asked) > 1 else None

    scenario = nobody_is_asked_often(9).replace(invariants=(Invariant("one", violation),))
    explorer = Explorer(scenario)
    for _ in explorer.explore():
        pass
    assert explorer.progress.violation is not None
    trace = run(scenario, explorer.progress.violation.choices)
    verdict = first_broken(judge(trace))
    assert verdict is not None
    last = trace.choices[-1].at
    assert last is not None
    assert set(verdict.culprits) == {"s1", "s2"}
    assert verdict.culprits[-1] == last
    verdict = replace(verdict, reasons=())  # what they name, it rests on besides
    alone = [
        basis(TraceExplanation(trace), replace(verdict, culprits=(n,))) for n in verdict.culprits
    ]
    assert basis(TraceExplanation(trace), verdict) == alone[0] | alone[1]
    assert alone[0] < basis(TraceExplanation(trace), verdict)


def test_an_invariant_that_holds_is_examined_in_every_world() -> None:
    scenario = nobody_is_asked_often(50)
    campaign = Campaign(scenario, seed=3)
    for _ in campaign.search(Budgets(runs=200)):
        pass
    assert campaign.findings == []
    (verdict, *_) = judge(run(scenario, ()))
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 1)
