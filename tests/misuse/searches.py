"""Every search there is, as one question: what is broken, and by which run?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis
import pytest

from counterpoint.harness.testing import machine, verify
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.columnar.explorer import VectorExplorer
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explorer, StateViolation
from counterpoint.model.search.failure import PropertyBroken, told_in_full
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
    *_, last = Explorer(_with_few_faults(scenario)).explore()
    return None if last.violation is None else _told(scenario, last.violation)


def by_numpy(scenario: Scenario) -> Found:
    *_, last = VectorExplorer(_with_few_faults(scenario)).explore()
    return None if last.violation is None else _told(scenario, last.violation)


def by_dpor(scenario: Scenario) -> Found:
    *_, last = Reducer(_with_few_faults(scenario)).explore()
    return None if last.violation is None else _told(scenario, last.violation)


def _with_few_faults(scenario: Scenario) -> Scenario:
    return scenario.replace(faults_max=1)


def _told(scenario: Scenario, violation: StateViolation) -> Found:
    told = told_in_full(scenario, violation.choices, violation.property)
    return told.trace, told.verdict


SEARCHES: Mapping[str, Callable[[Scenario], Found]] = {
    "walks": by_walks,
    "verify": by_verify,
    "machine": by_machine,
    "plain": by_plain,
    "numpy": by_numpy,
    "dpor": by_dpor,
}


FAST = ("walks", "plain")
"""The two that take next to no time."""


def _raised(test: Callable[[], None]) -> Found:
    try:
        test()
    except PropertyBroken as error:
        return error.trace, error.verdict
    return None


def in_searches(rows: Sequence[Any], *, in_all: int = 1) -> list[Any]:
    """Return each row of a table of cases with two searches, and the first ones with all."""
    chosen = [(row, "walks") for row in rows] + [(row, "plain") for row in rows]
    chosen += [(row, name) for row in rows[:in_all] for name in SEARCHES if name not in FAST]
    return [
        pytest.param(*row.values, name, id=f"{row.id or row.values}-{name}") for row, name in chosen
    ]
