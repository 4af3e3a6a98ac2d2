"""The judge of the minimiser for the token manager: shortest runs, by exploring every shorter one.

| mutant | scenario | a shortest run | fuzz and minimise |
|---|---|---|---|
| A1 | paid_twice, 2 payments | 8 | 8 |
| A2 | snapshots | 11 | 11 |
| A4 | paid_twice, 2 payments | 11 | 11 |
| A5 | contested, a payment each of two | 13 | 13 |
| A9 | paid_twice, 2 payments | 5 | 5 |
| A10 | paid_twice, 2 payments | 15 (14 with a fault) | 14 to 25 |
| A11 | paid_twice, 2 payments | 16, with a crash | 16 to 18 |

The spaces of A3 (20 steps), A6 (38), A7 (39), A8 (26) and A12 (31) are too large to be searched to
the depth of what was found. Of A8 with two payments all runs of 24 steps were (45 million states, in
ten minutes): its shortest has 25 or 26.
"""

from __future__ import annotations

from types import MappingProxyType

import pytest

from counterpoint.harness.catalog import build
from counterpoint.harness.exploring import FaultRounds, Options
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.campaign import Budgets, Campaign
from counterpoint.model.search.replay import run


def twice(mutant: str, **limits: int) -> Scenario:
    """Return `paid_twice` with two payments, and with these faults alone."""
    scenario = build("token_manager", mutant=mutant)
    calls = MappingProxyType({"c1": scenario.calls["c1"][:2]})
    return scenario.but(calls=calls, limits=budgets(**limits))


def one_each(mutant: str) -> Scenario:
    """Return `contested` with a payment of the owner and one of its payee, and without faults."""
    scenario = build("token_manager", scenario="contested", mutant=mutant)
    calls = MappingProxyType({client: scenario.calls[client][:1] for client in ("c1", "c2")})
    return scenario.but(calls=calls, limits=budgets(fire=0))


MINIMA = [
    pytest.param(twice("A9"), 0, 5, id="A9"),
    pytest.param(twice("A1"), 0, 8, id="A1"),
    pytest.param(twice("A4", fire=2), 0, 11, id="A4"),
    pytest.param(twice("A10", fire=2), 0, 15, id="A10", marks=pytest.mark.slow),
    pytest.param(twice("A11", crash=1, fire=0), 1, 16, id="A11", marks=pytest.mark.slow),
    pytest.param(one_each("A5"), 0, 13, id="A5"),
    pytest.param(build("token_manager", mutant="A2"), 0, 11, id="A2", marks=pytest.mark.nightly),
]


@pytest.mark.parametrize(("scenario", "faults", "minimum"), MINIMA)
def test_a_shortest_counterexample_has_this_length(
    scenario: Scenario, faults: int, minimum: int
) -> None:
    rounds = FaultRounds(scenario, Options(), faults_max=faults)
    *_, last = rounds.explore()
    violation = last.explored.violation
    assert violation is not None
    assert (last.faults, len(violation.choices)) == (faults, minimum)
    (broken,) = [p for p in scenario.properties if p.name == violation.property]
    assert broken.check(run(scenario, violation.choices)).is_broken


@pytest.mark.parametrize(
    ("mutant", "minimum"), [("A1", 8), ("A2", 11), ("A4", 11), ("A5", 13), ("A9", 5)]
)
def test_fuzzing_and_minimising_gets_there(mutant: str, minimum: int) -> None:
    campaign = Campaign(build("token_manager", mutant=mutant), seed=0, findings_max=10)
    for _ in campaign.search(Budgets(runs=20_000)):
        pass
    example = campaign.counterexample(seconds=10)
    assert example is not None
    assert (len(example.trace.choices), example.is_fixpoint) == (minimum, True)
