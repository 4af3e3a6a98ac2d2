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

from counterpoint.harness.only import only_claim
from counterpoint.harness.plugin.effort import SearchEffort, SearchStrategy
from counterpoint.harness.plugin.verification import Verification
from counterpoint.model.mistakes import BadScenario, brief
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
    strategy: SearchStrategy | None = None,
    seed: int | None = None,
    examples: int | None = None,
    expect: str | None = None,
) -> Callable[..., None]:
    """Return a test of a scenario: random walks for a while, then Hypothesis's state machine.

    It walks `runs` times or for so many `seconds`, whichever is over first, by a `strategy` ("mixed"
    if none is named), from a `seed`; then the state machine makes so many `examples`, 0 for none.
    What is not given here the pytest plugin sets, by its options and for each test another seed;
    without it the defaults hold, and seed 0.

    With `expect`, the name of a property, the test is of a scenario that is wrong on purpose: it
    passes as soon as that property breaks, and fails with `NothingBroke` if it does not. No other
    property is judged.

    The test fails with `PropertyBroken` if a property does not hold, minimised, and with
    `ExaminedNothing` if the runs completed fewer calls than `scenario.min_calls_per_run` a run, or if
    some property was decided in none of them.

    Raises:
        BadScenario: what is given is no scenario, asks for no runs, or has no such property.
    """
    _require_scenario("verify", scenario)
    _require_effort(runs=runs, seconds=seconds, examples=examples)
    if expect is not None:
        only_claim(scenario, expect)
    effort = SearchEffort(runs, seconds, strategy, seed, examples)
    verification = Verification(scenario, effort, expect or "")

    def test(*_: object) -> None:  # in a class it gets `self`
        verification.check()

    said = f"breaks {expect!r}" if expect else "holds"
    test.__doc__ = f"The scenario {scenario.name!r} {said}."
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
    _require_scenario("machine", scenario)
    case: type[MachineTestCase] = state_machine_for(scenario, name=name).TestCase
    if settings is not None:
        case.settings = settings
    return case


def state_machine_for(scenario: Scenario, *, name: str | None = None) -> type[ScenarioMachine]:
    """Return the Hypothesis state machine of a scenario, to be decorated or subclassed."""
    from counterpoint.model.search.stateful.machine import state_machine_for as make

    return make(scenario, name=name)


def _require_scenario(name: str, given: object) -> None:
    if isinstance(given, Scenario):
        return
    if callable(given):
        called = getattr(given, "__name__", type(given).__name__)
        raise BadScenario(
            f"{name} was given the function {called}; it is no decorator, and takes a scenario: "
            f"test_{called.removeprefix('test_')} = counterpoint.{name}({called}())"
        )
    raise BadScenario(f"{name} was given {brief(given)}; it takes a Scenario")


def _require_effort(*, runs: int | None, seconds: float | None, examples: int | None) -> None:
    if runs is not None and runs < 1:
        raise BadScenario(f"verify was asked for {runs} runs, which judge nothing; 1 is the least")
    if seconds is not None and seconds <= 0:
        raise BadScenario(f"verify was asked for {seconds:g} seconds of runs; it takes more than 0")
    if examples is not None and examples < 0:
        raise BadScenario(f"verify was asked for {examples} examples; 0 is the least, for none")
