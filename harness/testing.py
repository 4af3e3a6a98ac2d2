"""From a scenario to a test, in two lines.

    import counterpoint
    test_register = counterpoint.verify(scenario)         # walks, then the state machine
    TestRegister = counterpoint.machine(scenario)         # the state machine alone: a test case

The first is a function that pytest collects, and that anybody may call. The second is a
`unittest.TestCase` of Hypothesis: its `settings`, `@seed`, `@reproduce_failure`, its example database
and `--hypothesis-seed` work as for any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from counterpoint.harness.plugin.effort import Effort, Strategy
from counterpoint.harness.plugin.verification import Verification
from counterpoint.model.scenario import Scenario

if TYPE_CHECKING:
    import hypothesis

    from counterpoint.model.search.stateful.bridge import MachineTestCase
    from counterpoint.model.search.stateful.machine import ScenarioMachine


def verify(
    scenario: Scenario,
    *,
    runs: int | None = None,
    seconds: float | None = None,
    strategy: Strategy | None = None,
    seed: int | None = None,
    examples: int | None = None,
) -> Callable[..., None]:
    """Return a test of a scenario: random walks for a while, then Hypothesis's state machine.

    It walks `runs` times or for so many `seconds`, whichever is over first, by a `strategy` ("mixed"
    if none is named), from a `seed`; then the state machine makes so many `examples`, 0 for none.
    What is not given here the pytest plugin sets, by its options and for each test another seed;
    without it the defaults hold, and seed 0.

    The test fails with `PropertyBroken` if a property does not hold, minimised, and with
    `ExaminedNothing` if the runs completed fewer calls than `scenario.calls_floor` a run.
    """
    verification = Verification(scenario, Effort(runs, seconds, strategy, seed, examples))

    def test(*_: object) -> None:  # in a class it gets `self`
        verification.check()

    test.__doc__ = f"The scenario {scenario.name!r} holds."
    test.counterpoint = verification  # type: ignore[attr-defined]
    return test


def machine(
    scenario: Scenario, *, name: str | None = None, settings: hypothesis.settings | None = None
) -> type[MachineTestCase]:
    """Return the test case of a scenario's state machine.

    `name` is that of the machine, under which Hypothesis keeps failing runs; it is made from what the
    scenario contains if none is given. `settings` replace the defaults: no deadline, as many steps
    as the scenario allows, no shrinking by Hypothesis, as ours is faster and gets further.
    """
    case: type[MachineTestCase] = state_machine_for(scenario, name=name).TestCase
    if settings is not None:
        case.settings = settings
    return case


def state_machine_for(scenario: Scenario, *, name: str | None = None) -> type[ScenarioMachine]:
    """Return the Hypothesis state machine of a scenario, to be decorated or subclassed."""
    from counterpoint.model.search.stateful.machine import state_machine_for as make

    return make(scenario, name=name)
