"""A search by random walks: run after run, until something breaks or the budget is used up.

Run k of a campaign depends on the seed and on k alone, so that a campaign can be split into shards
(shard i of n makes the runs i, i + n, i + 2n ...) and any one run can be made again. When a run
breaks a property the search goes on for a few more such runs: each is minimised, and the shortest is
the counterexample, since the first one found is seldom the one that shrinks best.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from time import monotonic
from typing import Literal, NamedTuple

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.drawing import Drawing, block_of, drawn
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled, EnginesDisagree
from counterpoint.model.search.impossible import impossible_faults
from counterpoint.model.search.judgements import Judgements, judged_goals
from counterpoint.model.search.replay import NotEnabled
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.walks.block import RunBlock
from counterpoint.model.search.walks.case_coverage import CaseCoverage
from counterpoint.model.search.walks.coverage import Coverage, CoverageReader
from counterpoint.model.search.walks.examine import Examiner, broken_among
from counterpoint.model.search.walks.finding import FINDINGS_MAX, Counterexample, Finding
from counterpoint.model.search.walks.kinds import CallCounter
from counterpoint.model.search.walks.shortest_finding import ShortestFinding
from counterpoint.model.search.walks.spared import collected_seldom
from counterpoint.model.search.walks.strategy import DEFAULT, StrategyName
from counterpoint.model.search.walks.tables_max import TablesMax
from counterpoint.model.search.walks.tally import Progress, Tally
from counterpoint.model.search.walks.walk import Walk, walk
from counterpoint.model.trace import Trace
from counterpoint.model.workload import Workload
from counterpoint.model.world import Action

RUNS_AFTER_FINDING = 2_000
"""After the first failing run so many more runs look for others."""

PASSING_MAX = 51
"""So many passing runs are remembered, of which one is typical."""

REPLAY_EVERY = 2_000
"""Every so many passing runs one is replayed by the reference world, which must agree."""

ASK_EVERY = 32
"""Every so many runs a handler is asked something again that it has answered before."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """When a campaign ends: after so many runs, or so many seconds, whichever comes first."""

    runs: int | None = None
    seconds: float | None = None


class _Unbroken(NamedTuple):
    """A run that broke nothing, with the number of calls that were answered in it."""

    completed: int
    choices: tuple[Action, ...]
    scenario: Scenario

    @classmethod
    def of(cls, run: Simulation) -> _Unbroken:
        completed = sum(map(run.compiled.is_return.__getitem__, run.seen))
        return cls(completed, tuple(run.choices), run.scenario)


class Campaign:
    """A search in progress. Its fields tell what was found, also after an interruption.

    `is_full` tells whether it uses as much memory as it may: then it forgets its tables, and fills them
    anew. The runs are the same.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        strategy: StrategyName | Literal["hypothesis"] = DEFAULT,
        seed: int = 0,
        shard: tuple[int, int] = (0, 1),
        findings_max: int = FINDINGS_MAX,
        is_full: Callable[[], bool] | None = None,
    ) -> None:
        self.scenario = scenario
        self.strategy = strategy
        self.seed = seed
        self.findings: list[Finding] = []
        self._shard = shard
        self._findings_max = findings_max
        self._drawing = Drawing(scenario, seed) if isinstance(scenario.calls, Workload) else None
        self._block = 0
        self._grows = bool(getattr(scenario.system, "never_comes_back", False))
        self._compiled = Compiled(drawn(scenario, seed))
        self._coverage, self._coverage_reader = Coverage(), CoverageReader(self._compiled)
        self._tables_max = TablesMax(is_full)
        self._examiner = Examiner(self._compiled)
        self._passing: list[_Unbroken] = []
        self._made = self._first_found_at = 0
        self.first_found_seconds = 0.0
        self._tally = Tally()
        self._calls = CallCounter(self._compiled)
        self._stopped: float | None = None

    @property
    def progress(self) -> Progress:
        """What was done so far."""
        return self._tally.progress(findings=len(self.findings), until=self._stopped)

    @property
    def judgements(self) -> Judgements:
        """In how many runs each property held, broke, or stayed undecided."""
        judged = self._tally.judgements(self.scenario)
        return {**judged, **judged_goals(self.scenario, self._compiled.goals.names, self._runs)}

    @property
    def cases(self) -> CaseCoverage:
        """What the runs did, and what they never did."""
        return self._tally.cases

    @property
    def failing_runs(self) -> int:
        """How many runs broke anything."""
        return self._tally.failing_runs

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the runs say nothing about: faults that have a budget, and what comes after a cut."""
        return (*impossible_faults(self.scenario, self._tally.faults), *self._tally.warnings)

    @property
    def coverage(self) -> Coverage:
        """The node states and transitions that were seen so far."""
        self.new_coverage()
        return self._coverage

    def new_coverage(self) -> Coverage:
        """Return those that were seen since this was asked last, or since the tables were forgotten."""
        found = self._coverage_reader.read()
        self._coverage = self._coverage.plus(found)
        return found

    @property
    def is_idle(self) -> bool:
        """Tell whether the runs completed fewer calls than the scenario demands: a vacuous search."""
        floor = self.scenario.min_calls_per_run * self._runs
        return self._tally.completed_calls < floor or self._runs == 0

    @property
    def _runs(self) -> int:
        return self._tally.runs

    def search(self, budgets: Budgets, *, every_seconds: float = 0.2) -> Iterator[Progress]:
        """Walk until the budget is used up or enough is found; report every so many seconds."""
        started = self._tally.started = monotonic()
        report_at = started + every_seconds
        deadline = started + budgets.seconds if budgets.seconds is not None else None
        walks = self._walks()
        try:
            with collected_seldom(has_cycles=self._grows) as spare:
                while budgets.runs is None or self._runs < budgets.runs:
                    self._take(*next(walks))
                    spare(self._compiled.size)
                    now = monotonic()
                    if self.is_enough:
                        break
                    if deadline is not None and now >= deadline:
                        break
                    if now >= report_at:
                        report_at = now + every_seconds
                        yield self.progress
        finally:
            self._stopped = monotonic()
        yield self.progress

    def _walks(self) -> Iterator[tuple[int, Walk]]:
        if self.strategy == "hypothesis":
            # Imported here, as it takes longer than many a search.
            from counterpoint.model.search.stateful.tapes import walks_by_hypothesis

            yield from walks_by_hypothesis(self._compiled_of, number=self.seed, shard=self._shard)
            return
        for number in count(*self._shard):
            yield number, self._walk(number)

    def _walk(self, number: int) -> Walk:
        assert self.strategy != "hypothesis", "which makes its walks in batches"
        return walk(self._compiled_of(number), run_random(self.seed, number), self.strategy)

    def _compiled_of(self, number: int) -> Compiled:
        """Return the compiled form for the run of that number, with the calls that it draws."""
        if self._tables_max.is_reached(self._compiled.size):
            self._begin_anew(self._compiled.scenario)
        if self._drawing is None:
            if self._grows and block_of(number) != self._block:
                self._block = block_of(number)
                self._begin_anew(self._compiled.scenario)
            return self._compiled
        scenario = self._drawing.scenario(number).with_weights(self.scenario.weights)
        if block_of(number) != self._block:
            self._block = block_of(number)
            self._begin_anew(scenario)
        return self._compiled.with_calls_of(scenario)

    def _begin_anew(self, scenario: Scenario) -> None:
        """Forget all tables; with other operations come other states, and these have no end."""
        goals = self._compiled.goals
        self.new_coverage()
        self._compiled = Compiled(scenario)
        self._coverage_reader = CoverageReader(self._compiled)
        self._compiled.goals = goals.among(self._compiled.node_states)
        self._examiner = Examiner(self._compiled)
        self._calls = CallCounter(self._compiled)
        if self._grows:
            gc.collect()  # see `COLLECTED_SELDOM`

    def _take(self, number: int, walked: Walk) -> None:
        name = self._judge(walked)
        if name is not None:
            self._found(number, name, walked.run, self._runs)
        elif len(self._passing) < PASSING_MAX:
            self._passing.append(_Unbroken.of(walked.run))

    def _judge(self, walked: Walk) -> str | None:
        """Count a run, and return the name of the property that it breaks, None if it breaks none."""
        run = walked.run
        self._made += 1
        self._tally.add(run)
        self._calls.add(run.seen, self._tally.calls)
        rulings = self._examiner.of(run.compiled).rulings(run, walked.failure)
        self._tally.judge(rulings)
        name = broken_among(rulings)
        if name is None and self._made % REPLAY_EVERY == 1:
            self._compare(walked)
        if self._made % ASK_EVERY == 0:
            self._compiled.asking.ask_again()
        return name

    def typical_passing(self) -> Trace | None:
        """Return a run that broke nothing: of the first, the one in the middle by calls and length."""
        passing = self._passing or list(islice(self._passing_again(), PASSING_MAX))
        if not passing:
            return None
        ranked = sorted(passing, key=lambda run: (run.completed, len(run.choices)))
        middle = ranked[len(ranked) // 2]
        return run_reference(middle.scenario, middle.choices)

    def _passing_again(self) -> Iterator[_Unbroken]:
        """Make the first runs again that break nothing, where they were made elsewhere."""
        for number in islice(count(*self._shard), self._runs):
            walked = self._walk(number)
            if self._examiner.of(walked.run.compiled).broken(walked.run, walked.failure) is None:
                yield _Unbroken.of(walked.run)

    def _found(self, number: int, name: str, run: Simulation, at: int) -> None:
        """Remember a run that broke something, the one that was made after `at - 1` others."""
        if self.findings and name != self.findings[0].property:
            return
        if not self.findings:
            self._first_found_at = at
            self.first_found_seconds = monotonic() - self._tally.started
        self.findings.append(Finding(number, name, tuple(run.choices), run.scenario))

    @property
    def is_enough(self) -> bool:
        """Tell whether enough was found: for some runs after the first finding others are looked for.

        These are counted, so that a seed gives one result.
        """
        if len(self.findings) >= self._findings_max:
            return True
        return bool(self.findings) and self._runs >= self._last_at

    @property
    def _last_at(self) -> int:
        return self._first_found_at + RUNS_AFTER_FINDING

    # ---- runs that are made elsewhere ----

    def make_again(self, number: int, name: str) -> None:
        """Make a run again that is known to break the property of that name: it is a finding."""
        self._found(number, name, self._walk(number).run, self._runs)

    def go_by(self, strategy: StrategyName, weights: Mapping[str, float]) -> None:
        """Make the runs from now on by this strategy, with these weights; the tables are kept.

        How a run chooses has no part in what an input does to a node, so one table serves all ways.
        """
        self.strategy = strategy
        if weights != self.scenario.weights:
            self.scenario = self.scenario.with_weights(weights)
            self._compiled = self._compiled.with_weights(weights)
            self._examiner = self._examiner.of(self._compiled)

    def block(self, numbers: Iterable[int], is_over: Callable[[], bool]) -> RunBlock:
        """Make the runs of these numbers until `is_over`, and return what was counted in these alone."""
        findings: list[tuple[int, str]] = []
        self._tally, goals = Tally(), set(self._compiled.goals.names)
        with collected_seldom(has_cycles=self._grows) as spare:
            for number in numbers:
                spare(self._compiled.size)
                if is_over():
                    break
                name = self._judge(self._walk(number))
                if name is not None and len(findings) < self._findings_max:
                    findings.append((number, name))
        met = goals - set(self._compiled.goals.names)
        return RunBlock(self._tally, tuple(findings), tuple(sorted(met)))

    def gather(self, blocks: Iterable[RunBlock]) -> Iterator[Progress]:
        """Count blocks, in their order, as if they had been made here, until enough is found."""
        self._tally.started = monotonic()
        try:
            for block in blocks:
                self._adopt(block)
                if self.is_enough:
                    break
                yield self.progress
        finally:
            self._stopped = monotonic()
        yield self.progress

    def _adopt(self, block: RunBlock) -> None:
        self._tally.include(block.tally)
        self._compiled.goals.strike(block.goals_met)
        first, stride = self._shard
        for number, name in block.findings:
            at = (number - first) // stride + 1
            if not self.findings or (
                at <= self._last_at and len(self.findings) < self._findings_max
            ):
                self._found(number, name, self._walk(number).run, at)

    def _compare(self, walked: Walk) -> None:
        try:
            trace = run_reference(walked.run.scenario, walked.run.choices)
        except NotEnabled as error:
            self._compiled.asking.ask_everything_again()
            raise EnginesDisagree(f"one engine alone knows this run: {error}") from error
        compiled, final = self._compiled, trace.final
        node_states = tuple(
            compiled.node_states[node_state] for node_state in walked.run.node_states
        )
        if (node_states, walked.run.conditions) != (final.node_states, final.conditions):
            self._compiled.asking.ask_everything_again()
            raise EnginesDisagree(f"the engines disagree after {walked.run.choices!r}")

    def counterexample(self, seconds: float = 5.0) -> Counterexample | None:
        """Minimise what was found and return the shortest, None if nothing was.

        Where the findings do not agree on a shortest length, runs near the shortest are tried, too.
        """
        if not self.findings:
            return None
        return ShortestFinding(self._compiled, self._examiner, self.seed).of(self.findings, seconds)


def run_random(seed: int, number: int) -> Random:
    """Return the source of randomness of one run of a campaign."""
    return Random(seed * 0x9E3779B97F4A7C15 + number)
