"""Counting what a search did, run by run."""

from __future__ import annotations

from collections import Counter
from time import monotonic

from counterpoint.model.kind import faults_by_kind
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.judgements import Judgements, Ruling, asked_of, counted
from counterpoint.model.search.walks.campaign import Progress


class Tally:
    """Counts runs, steps, completed calls and faults, as a campaign does for its walks."""

    def __init__(self) -> None:
        self._runs = self._steps = self._completed = 0
        self._faults: Counter[str] = Counter()
        self._rulings: Counter[tuple[Ruling, ...]] = Counter()
        self._started = monotonic()

    def judge(self, rulings: tuple[Ruling, ...]) -> None:
        """Count what one more run was judged to be."""
        self._rulings[rulings] += 1

    def judgements(self, scenario: Scenario) -> Judgements:
        """In how many runs each property held, broke, or stayed undecided."""
        return counted(self._rulings, asked_of(scenario))

    def add(self, run: Simulation) -> None:
        """Count one more run, as far as it got."""
        self._runs += 1
        self._steps += len(run.choices)
        self._completed += sum(map(run.compiled.is_return.__getitem__, run.seen))
        self._faults.update(faults_by_kind(run.conditions))

    @property
    def progress(self) -> Progress:
        """What was counted so far."""
        seconds = monotonic() - self._started
        faults = dict(sorted(self._faults.items()))
        return Progress(self._runs, self._steps, self._completed, faults, 0, seconds)
