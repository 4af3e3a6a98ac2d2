"""Counting what a search did, run by run, and adding up what was counted in several places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import MappingProxyType

from counterpoint.model.kind import faults_by_kind
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.cut_runs import cut_warnings, where_cut
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.judgements import Judgements, Ruling, asked_of, counted
from counterpoint.model.search.walks.case_coverage import CaseCoverage


@dataclass(frozen=True, slots=True)
class Progress:
    """What a search has done so far. `faults` counts by kind, and so does `calls` completed ones."""

    runs: int
    steps: int
    completed_calls: int
    faults: Mapping[str, int]
    findings: int
    seconds: float
    calls: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(slots=True)
class Tally:
    """Counts runs, steps, completed calls, faults and rulings; whoever knows kinds counts `calls`."""

    runs: int = 0
    steps: int = 0
    completed_calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    rulings: Counter[tuple[Ruling, ...]] = field(default_factory=Counter)
    cases: CaseCoverage = field(default_factory=CaseCoverage)
    cut: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=monotonic)

    def add(self, run: Simulation) -> int:
        """Count one more run, as far as it got, and return how many calls were completed in it."""
        completed = sum(map(run.compiled.is_return.__getitem__, run.seen))
        self.runs += 1
        self.steps += len(run.choices)
        self.completed_calls += completed
        self.faults.update(faults_by_kind(run.conditions))
        self.cases.add(run)
        cut_at = where_cut(run)
        if cut_at is not None:
            self.cut[cut_at] += 1
        return completed

    def judge(self, rulings: tuple[Ruling, ...]) -> None:
        """Count what one more run was judged to be."""
        self.rulings[rulings] += 1

    def include(self, other: Tally) -> None:
        """Count what was counted elsewhere as well."""
        self.runs += other.runs
        self.steps += other.steps
        self.completed_calls += other.completed_calls
        self.faults.update(other.faults)
        self.calls.update(other.calls)
        self.rulings.update(other.rulings)
        self.cases.include(other.cases)
        self.cut.update(other.cut)

    @property
    def warnings(self) -> Iterator[str]:
        """Say how many runs ended with something left to do."""
        yield from cut_warnings(self.cut, self.runs)

    @property
    def failing_runs(self) -> int:
        """How many runs broke anything."""
        return sum(
            count
            for rulings, count in self.rulings.items()
            if any(ruling.outcome == "broken" for ruling in rulings)
        )

    def judgements(self, scenario: Scenario) -> Judgements:
        """In how many runs each property held, broke, or stayed undecided."""
        return counted(self.rulings, asked_of(scenario))

    def progress(self, *, findings: int = 0, until: float | None = None) -> Progress:
        """What was counted so far, or by the time `until`, with the number of `findings`."""
        return Progress(
            self.runs,
            self.steps,
            self.completed_calls,
            dict(sorted(self.faults.items())),
            findings,
            (until or monotonic()) - self.started,
            dict(sorted(self.calls.items())),
        )
