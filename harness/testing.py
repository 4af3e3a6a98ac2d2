"""From a scenario to a test, in two lines.

    import counterpoint
    test_register = counterpoint.verify(scenario)         # walks, then the state machine
    TestRegister = counterpoint.machine(scenario)         # the state machine alone: a test case

The first is a function that pytest collects, and that anybody may call. The second is a
`unittest.TestCase` of Hypothesis: its `settings`, `@seed`, `@reproduce_failure`, its example database
and `--hypothesis-seed` work as for any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterpoint.harness.effort import DEFAULTS, UNSAID, Effort, Shard, Strategy
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.campaign import Budgets, Campaign, Counterexample, Progress
from counterpoint.model.search.failure import PropertyBroken, require_yield
from counterpoint.model.values import Json

if TYPE_CHECKING:
    import hypothesis

    from counterpoint.model.search.bridge import MachineTestCase
    from counterpoint.model.search.machine import ScenarioMachine

EXAMPLES_SHARE = 5
"""A test takes one in so many of the examples that the Hypothesis profile in force grants."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a test has done: the seed, runs, their steps and completed calls, faults by kind."""

    seed: int
    runs: int = 0
    steps: int = 0
    completed_calls: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)

    def plus(self, progress: Progress) -> Searched:
        """Return the sum with the progress of a search."""
        kinds = {*self.faults, *progress.faults}
        return Searched(
            self.seed,
            self.runs + progress.runs,
            self.steps + progress.steps,
            self.completed_calls + progress.completed_calls,
            {k: self.faults.get(k, 0) + progress.faults.get(k, 0) for k in sorted(kinds)},
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """A scenario and how hard it is to be searched; what stands behind a test made by `verify`."""

    scenario: Scenario
    effort: Effort = UNSAID

    def check(
        self, effort: Effort = UNSAID, defaults: Effort = DEFAULTS, shard: Shard = (0, 1)
    ) -> Searched:
        """Search as hard as asked here, else as the test itself says, else by the defaults.

        Raises:
            PropertyBroken: a run broke a property; it is minimised.
            ExaminedNothing: the runs completed fewer calls than the scenario's floor.
        """
        asked = effort.over(self.effort).within(defaults)
        walked = self._walk(asked, shard)
        return walked if asked.examples == 0 else walked.plus(self._check_machine(asked, shard))

    def _walk(self, asked: Effort, shard: Shard) -> Searched:
        campaign = Campaign(
            self.scenario,
            strategy=asked.strategy or "mixed",
            seed=asked.seed or 0,
            shard=shard,
        )
        runs = None if asked.runs is None else _share(asked.runs, shard)
        for _ in campaign.search(Budgets(runs, asked.seconds)):
            pass
        example, progress = campaign.counterexample(), campaign.progress
        if example is not None:
            raise _failure(campaign, example)
        require_yield(self.scenario, runs=progress.runs, completed=progress.completed_calls)
        return Searched(campaign.seed).plus(progress)

    def _check_machine(self, asked: Effort, shard: Shard) -> Progress:
        # Imported here, as it takes longer than many a search.
        import hypothesis

        from counterpoint.model.search.bridge import check, default_settings
        from counterpoint.model.search.machine import state_machine_for

        chosen = default_settings(self.scenario)
        granted = max(chosen.max_examples // EXAMPLES_SHARE, 1)
        examples = _share(granted if asked.examples is None else asked.examples, shard)
        number = (asked.seed or 0) * shard[1] + shard[0]
        machine = hypothesis.seed(number)(state_machine_for(self.scenario))
        return check(machine, hypothesis.settings(chosen, max_examples=examples))


def _share(count: int, shard: Shard) -> int:
    """Return a shard's part of a count, at least 1.

    >>> _share(5, (0, 2)), _share(5, (1, 2))
    (3, 2)
    """
    part, parts = shard
    return max((count - part + parts - 1) // parts, 1)


def _failure(campaign: Campaign, example: Counterexample) -> PropertyBroken:
    search: dict[str, Json] = {
        "seed": campaign.seed,
        "strategy": campaign.strategy,
        "run": example.finding.run,
    }
    return PropertyBroken(
        example.trace,
        example.verdict,
        example.verdicts,
        steps_found=len(example.finding.choices),
        search=search,
    )


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
    from counterpoint.model.search.machine import state_machine_for as make

    return make(scenario, name=name)


def verification_of(test: object) -> Verification | None:
    """Return what stands behind a test that `verify` made, None for any other."""
    found = getattr(test, "counterpoint", None)
    return found if isinstance(found, Verification) else None


def scenario_of(test: object) -> Scenario | None:
    """Return the scenario of a test function or of a test case, None if it has none."""
    verification = verification_of(test)
    found = verification.scenario if verification else getattr(test, "counterpoint_scenario", None)
    return found if isinstance(found, Scenario) else None
