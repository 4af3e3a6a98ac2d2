"""What stands behind a test of a scenario: walks, then the state machine, as hard as was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

from counterpoint.harness.interruption import HeardSignal
from counterpoint.harness.memory import full_at_share
from counterpoint.harness.only import only_claim
from counterpoint.harness.plugin.effort import DEFAULTS, UNSAID, SearchEffort, Shard
from counterpoint.harness.plugin.stopped import SearchStopped
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.failure import (
    NothingBroke,
    PropertyBroken,
    require_yield,
    told_in_full,
)
from counterpoint.model.search.judgements import Judgements, together
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.case_coverage import CaseCoverage
from counterpoint.model.search.walks.coverage import Coverage
from counterpoint.model.search.walks.finding import FINDINGS_MAX, Counterexample
from counterpoint.model.search.walks.strategy import DEFAULT
from counterpoint.model.search.walks.tally import Progress
from counterpoint.model.values import Json, show

WHOLE: Shard = (0, 1)
"""All runs of a search."""

WALKS_SHARE = 0.7
"""Where the time of a test is limited, so much of it is for walks, and the rest for the machine."""

STOPPED_SECONDS = 2.0
"""So long what was found is made short when somebody waits for the session to end."""

EXAMPLES_SHARE = 5
"""A test takes one in so many of the examples that the Hypothesis profile in force grants."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a test has done: the seed, runs, their steps and completed calls, faults by kind.

    `judged` tells in how many runs each property held or stayed undecided; `warnings` say which
    faults with a budget were not possible in any run. `expected` is the property that was to break,
    and did; empty where all was to hold. It took so many `seconds`. `walks` are the runs that were
    walks, and `coverage` is what these have seen; `cases` is what happened in all runs.
    """

    seed: int
    runs: int = 0
    steps: int = 0
    completed_calls: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    judged: Judgements = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    expected: str = ""
    seconds: float = field(default=0.0, compare=False)
    coverage: Coverage = field(default_factory=Coverage)
    walks: int = 0
    cases: CaseCoverage = field(default_factory=CaseCoverage)

    @property
    def progress(self) -> Progress:
        """What was done, as far as a search in progress tells it."""
        return Progress(self.runs, self.steps, self.completed_calls, self.faults, 0, self.seconds)

    def with_walks(self, campaign: Campaign) -> Searched:
        """Return the sum with a search by walks."""
        searched = self.plus(
            campaign.progress, campaign.judgements, campaign.cases, campaign.warnings
        )
        return replace(searched, coverage=campaign.coverage, walks=campaign.progress.runs)

    def plus(
        self,
        progress: Progress,
        judged: Judgements,
        cases: CaseCoverage,
        warnings: tuple[str, ...] = (),
    ) -> Searched:
        """Return the sum with the progress of a search, and with what it has judged and seen."""
        kinds = {*self.faults, *progress.faults}
        return replace(
            self,
            runs=self.runs + progress.runs,
            steps=self.steps + progress.steps,
            completed_calls=self.completed_calls + progress.completed_calls,
            seconds=self.seconds + progress.seconds,
            faults={k: self.faults.get(k, 0) + progress.faults.get(k, 0) for k in sorted(kinds)},
            judged=together(self.judged, judged),
            warnings=self.warnings or warnings,
            cases=self.cases.plus(cases),
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """A scenario and how hard it is to be searched; what stands behind a test made by `verify`.

    `expect` names the property that must break, and is then the only one that is judged; with none
    named, all must hold.
    """

    scenario: Scenario
    effort: SearchEffort = UNSAID
    expect: str = ""

    def check(
        self,
        effort: SearchEffort = UNSAID,
        defaults: SearchEffort = DEFAULTS,
        shard: Shard = WHOLE,
    ) -> Searched:
        """Search as hard as asked here, else as the test itself says, else by the defaults.

        Raises:
            PropertyBroken: a run broke a property; it is minimised.
            ExaminedNothing: the runs completed fewer calls than the scenario's floor.
            NothingBroke: the property that was to break did not.
            SearchStopped: Ctrl-C was pressed.
        """
        with HeardSignal():
            return self._checked(effort.over(self.effort).within(defaults), shard)

    def _checked(self, asked: SearchEffort, shard: Shard) -> Searched:
        if asked.limit is not None:
            most = asked.limit * (1.0 if asked.examples == 0 else WALKS_SHARE)
            asked = asked._replace(seconds=min(asked.seconds or most, most))
        until = None if asked.limit is None else monotonic() + asked.limit
        if self.expect:
            return self._broken_as_expected(asked, until)
        walked = self._walk(asked, shard)
        if asked.examples == 0:
            return walked
        try:
            return walked.plus(*self._check_machine(asked, shard, until))
        except SearchStopped as stop:
            raise stop.after(walked.progress) from None

    def _broken_as_expected(self, asked: SearchEffort, until: float | None) -> Searched:
        """Search until the expected property breaks: one run is enough, and is not minimised."""
        judged = replace(self, scenario=only_claim(self.scenario, self.expect))
        campaign = judged._searched(asked, WHOLE, findings_max=1)
        for finding in campaign.findings:
            told_in_full(finding.scenario, finding.choices, finding.property)
        searched = Searched(campaign.seed, expected=self.expect).with_walks(campaign)
        if campaign.findings:
            return searched
        judged._require_yield(campaign)
        if asked.examples != 0:
            try:
                searched = searched.plus(*judged._check_machine(asked, WHOLE, until))
            except PropertyBroken:
                return searched
        raise NothingBroke(
            f"{self.expect} of {self.scenario.name!r} was to break, and held in {searched.runs:,} "
            f"runs ({searched.completed_calls:,} calls completed, seed {searched.seed}): search "
            "longer (runs=, seconds=), or what is wrong on purpose is not"
        )

    def _searched(
        self, asked: SearchEffort, shard: Shard, findings_max: int = FINDINGS_MAX
    ) -> Campaign:
        campaign = Campaign(
            self.scenario,
            strategy=asked.strategy or DEFAULT,
            seed=asked.seed or 0,
            shard=shard,
            findings_max=findings_max,
            is_full=full_at_share(),
        )
        runs = None if asked.runs is None else _share(asked.runs, shard)
        try:
            for _ in campaign.search(Budgets(runs, asked.seconds)):
                pass
        except KeyboardInterrupt as stop:
            example = None if self.expect else campaign.counterexample(STOPPED_SECONDS)
            found = None if example is None else _failure(campaign, example)
            raise SearchStopped.at(campaign.progress, found) from stop
        return campaign

    def _walk(self, asked: SearchEffort, shard: Shard) -> Searched:
        campaign = self._searched(asked, shard)
        example = campaign.counterexample()
        if example is not None:
            raise _failure(campaign, example)
        self._require_yield(campaign)
        return Searched(campaign.seed).with_walks(campaign)

    def _require_yield(self, campaign: Campaign) -> None:
        progress = campaign.progress
        require_yield(
            self.scenario,
            runs=progress.runs,
            completed=progress.completed_calls,
            judgements=campaign.judgements,
        )

    def _check_machine(
        self, asked: SearchEffort, shard: Shard, until: float | None
    ) -> tuple[Progress, Judgements, CaseCoverage]:
        # Imported here, as it takes longer than many a search.
        import hypothesis

        from counterpoint.model.search.stateful.bridge import check, default_settings
        from counterpoint.model.search.stateful.machine import state_machine_for

        chosen = default_settings(self.scenario)
        granted = max(chosen.max_examples // EXAMPLES_SHARE, 1)
        examples = _share(granted if asked.examples is None else asked.examples, shard)
        number = (asked.seed or 0) * shard[1] + shard[0]
        machine = hypothesis.seed(number)(state_machine_for(self.scenario))
        machine.bench.until = until
        try:
            progress = check(machine, hypothesis.settings(chosen, max_examples=examples))
        except PropertyBroken as error:
            error.search = {**error.search, "seed": number}
            raise
        except KeyboardInterrupt as stop:
            raise SearchStopped.at(machine.bench.tally.progress()) from stop
        tally = machine.bench.tally
        return progress, tally.judgements(self.scenario), tally.cases


def _share(count: int, shard: Shard) -> int:
    """Return a shard's part of a count, at least 1.

    >>> _share(5, (0, 2)), _share(5, (1, 2))
    (3, 2)
    """
    part, parts = shard
    return max((count - part % parts + parts - 1) // parts, 1)


def _failure(campaign: Campaign, example: Counterexample) -> PropertyBroken:
    search: dict[str, Json] = {
        "seed": campaign.seed,
        "strategy": campaign.strategy,
        "run": example.finding.run,
    }
    error = PropertyBroken(
        example.trace,
        example.verdict,
        example.verdicts,
        steps_found=len(example.finding.choices),
        search=search,
    )
    steps = (f"{step:4}  {show(choice)}" for step, choice in enumerate(example.trace.choices))
    error.add_note("\n".join(["The steps:", *steps]))
    return error


def verification_of(test: object) -> Verification | None:
    """Return what stands behind a test that `verify` made, None for any other."""
    found = getattr(test, "counterpoint", None)
    return found if isinstance(found, Verification) else None


def scenario_of(test: object) -> Scenario | None:
    """Return the scenario of a test function or of a test case, None if it has none."""
    verification = verification_of(test)
    found = verification.scenario if verification else getattr(test, "counterpoint_scenario", None)
    return found if isinstance(found, Scenario) else None
