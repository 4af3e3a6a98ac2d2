"""Every search there is, as one question: what is broken, and by which run?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import hypothesis

from counterpoint.harness.testing import machine, verify
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.columnar.explorer import VectorExplorer
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.replay import first_broken, judge, run
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict

Found = tuple[Trace, Verdict] | None


def by_walks(scenario: Scenario) -> Found:
    campaign = Campaign(scenario)
    for _ in campaign.search(Budgets(runs=30)):
        pass
    example = campaign.counterexample()
    return None if example is None else (example.trace, example.verdict)


def by_verify(scenario: Scenario) -> Found:
    return _raised(verify(scenario, runs=30, examples=0))


def by_machine(scenario: Scenario) -> Found:
    settings = hypothesis.settings(database=None, deadline=None, max_examples=20)
    return _raised(machine(scenario, settings=settings)("runTest").runTest)


def by_plain(scenario: Scenario) -> Found:
    explorer = Explorer(scenario.but(faults_max=0))
    *_, last = explorer.explore()
    return None if last.violation is None else _first(scenario, last.violation.choices)


def by_numpy(scenario: Scenario) -> Found:
    explorer = VectorExplorer(scenario.but(faults_max=0))
    *_, last = explorer.explore()
    return None if last.violation is None else _first(scenario, last.violation.choices)


def by_dpor(scenario: Scenario) -> Found:
    *_, last = Reducer(scenario.but(faults_max=0)).explore()
    return None if last.violation is None else _first(scenario, last.violation.choices)


SEARCHES: Mapping[str, Callable[[Scenario], Found]] = {
    "walks": by_walks,
    "verify": by_verify,
    "machine": by_machine,
    "plain": by_plain,
    "numpy": by_numpy,
    "dpor": by_dpor,
}


def _raised(test: Callable[[], None]) -> Found:
    try:
        test()
    except PropertyBroken as error:
        return error.trace, error.verdict
    return None


def _first(scenario: Scenario, choices: object) -> Found:
    trace = run(scenario, choices)  # type: ignore[arg-type]
    verdict = first_broken(judge(trace))
    assert verdict is not None, "the run of an exploration breaks nothing"
    return trace, verdict
