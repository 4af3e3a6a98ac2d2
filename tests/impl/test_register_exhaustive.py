"""Every run of small instances of the register: the right one holds, the wrong ones are too short."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from counterpoint.harness.systems.register import ENTRY
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.search.exploration.explore import Explored, Explorer


def explored(scenario: Scenario) -> Explored:
    """What is established by exploring every run."""
    explorer = Explorer(scenario)
    for _ in explorer.explore():
        pass
    return explorer.progress


def instance(
    writes: int, reads: int, *, clients: int = 1, mutant: str | None = None, **limits: int
) -> Scenario:
    """The scenario `small` with so many operations and faults."""
    settings = {"writes": str(writes), "reads": str(reads), "clients": str(clients)}
    scenario = ENTRY.scenario("small", mutant=mutant, settings=settings)
    return scenario.replace(limits=budgets(**limits))


COUNTS = [
    pytest.param(instance(1, 1, clients=0), 34, 63, 9, id="a write"),
    pytest.param(instance(0, 1), 214, 507, 14, id="a read"),
    pytest.param(instance(1, 1), 19_763, 78_413, 22, id="a write and a read"),
    pytest.param(
        instance(1, 1, omit=1), 163_192, 817_439, 23, id="one omission", marks=pytest.mark.slow
    ),
    pytest.param(
        instance(1, 1, crash=1), 247_244, 1_119_484, 25, id="a crash", marks=pytest.mark.nightly
    ),
    pytest.param(
        instance(1, 1, duplicate=1), 309_847, 1_384_959, 25, id="dup", marks=pytest.mark.nightly
    ),
    pytest.param(
        instance(2, 1), 346_274, 1_569_479, 30, id="two writes", marks=pytest.mark.nightly
    ),
    pytest.param(
        ENTRY.scenario("small"), 1_409_597, 6_826_292, 35, id="small", marks=pytest.mark.nightly
    ),
]


@pytest.mark.parametrize(("scenario", "states", "generated", "depth"), COUNTS)
def test_the_right_register_holds_in_every_run(
    scenario: Scenario, states: int, generated: int, depth: int
) -> None:
    found = explored(scenario)
    assert (found.stop, found.violation) == ("complete", None)
    assert (found.states, found.generated, found.depth) == (states, generated, depth)


def test_without_faults_no_run_ends_with_an_open_call() -> None:
    found = explored(instance(1, 1))
    assert found.terminal == 54
    assert found.terminal_pending == 0


SHORTEST: Mapping[str, tuple[Scenario, str, int]] = {
    "B1": (instance(1, 2, mutant="B1"), "no new/old inversion", 17),
    "B2": (instance(1, 2, mutant="B2"), "regular", 16),
    "B3": (instance(1, 2, mutant="B3"), "regular", 12),
    "B10": (ENTRY.scenario(mutant="B10", settings={"writes": "0"}), "authorisation", 7),
}

SHORTEST_NIGHTLY: Mapping[str, tuple[Scenario, str, int]] = {
    "B4": (instance(2, 1, mutant="B4"), "regular", 26),
    "B6": (instance(2, 1, mutant="B6", crash=1), "regular", 27),
    "B7": (instance(2, 1, mutant="B7"), "regular", 26),
    "B8": (instance(1, 1, mutant="B8", crash=1), "regular", 20),
    "B9": (instance(2, 1, mutant="B9"), "regular", 25),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "broken", "steps"),
    [
        *(pytest.param(*expected, id=name) for name, expected in SHORTEST.items()),
        *(
            pytest.param(*expected, id=name, marks=pytest.mark.nightly)
            for name, expected in SHORTEST_NIGHTLY.items()
        ),
    ],
)
def test_the_shortest_run_that_breaks_a_wrong_variant(
    scenario: Scenario, broken: str, steps: int
) -> None:
    violation = explored(scenario).violation
    assert violation is not None
    assert (violation.property, len(violation.choices)) == (broken, steps)
