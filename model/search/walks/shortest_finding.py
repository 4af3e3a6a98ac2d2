"""From several failing runs of a search to one counterexample, the shortest that any leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from time import monotonic

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.around import explored
from counterpoint.model.search.detours import Detours
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.failure import told_in_full
from counterpoint.model.search.minimise import Minimised, Minimiser, size_of
from counterpoint.model.search.simplify import Simplifier
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.finding import FINDINGS_MAX, Counterexample, Finding
from counterpoint.model.search.walks.look_around import LookAround

AGREED_MIN = 5
"""If so many failing runs become equally short, no shorter one is looked for near them."""

LOOKS_MAX = 3
"""So often it is looked around in vain: each time other runs near the shortest are drawn."""


class ShortestFinding:
    """Minimises the findings of a search, with its tables and its judge."""

    def __init__(self, compiled: Compiled, examiner: Examiner, seed: int) -> None:
        self._compiled = compiled
        self._examiner = examiner
        self._seed = seed
        self._is_agreed = False

    def of(self, findings: Sequence[Finding], seconds: float) -> Counterexample:
        """Return the shortest counterexample that is found in about twice so many seconds."""
        deadline = monotonic() + seconds
        best = self._minimised(findings, deadline, seconds)
        finding, result = best[0], self._around(*best, deadline, seconds)
        if finding.scenario.drawn_from is None:
            return self._example(finding, finding.scenario, result)
        compiled = self._compiled_for(finding)
        simplifier = Simplifier(compiled, self._examiner.of(compiled), finding.property)
        return self._example(finding, *simplifier.simplify(result, seconds))

    def _minimised(
        self, findings: Sequence[Finding], deadline: float, seconds: float
    ) -> tuple[Finding, Minimised]:
        results: list[tuple[Finding, Minimised]] = []
        for finding in sorted(findings, key=lambda finding: len(finding.choices)):
            if results and monotonic() > deadline:
                break
            left = max(deadline - monotonic(), seconds / FINDINGS_MAX)
            minimiser = self._minimiser_of(finding)
            result = minimiser.minimise(finding.choices, finding.property, left)
            results.append((finding, result))
        results.sort(key=lambda pair: findings.index(pair[0]))  # of equal ones the first is told
        best = min(results, key=lambda pair: size_of(pair[1].choices))
        least = size_of(best[1].choices)
        self._is_agreed = sum(size_of(r.choices) == least for _, r in results) >= AGREED_MIN
        return best

    def _minimiser_of(self, finding: Finding) -> Minimiser:
        compiled = self._compiled_for(finding)
        return Minimiser(compiled, self._examiner.of(compiled))

    def _compiled_for(self, finding: Finding) -> Compiled:
        if finding.scenario is self._compiled.scenario:
            return self._compiled
        return self._compiled.with_calls_of(finding.scenario)

    def _around(
        self, finding: Finding, best: Minimised, deadline: float, seconds: float
    ) -> Minimised:
        """Return the shortest run that is found by what takes longer than leaving out."""
        while monotonic() < deadline:
            ways = self._ways_around(finding, best, deadline, seconds)
            shorter = next(
                (w for w in ways if w and size_of(w.choices) < size_of(best.choices)), None
            )
            if shorter is None:
                break
            best = shorter
        return best

    def _ways_around(
        self, finding: Finding, best: Minimised, deadline: float, seconds: float
    ) -> Iterator[Minimised | None]:
        """Yield what each way leads to, what is soonest first; each goes on from the best."""
        compiled, name = self._compiled_for(finding), finding.property
        examiner = self._examiner.of(compiled)
        minimiser = Minimiser(compiled, examiner)
        left = max(deadline - monotonic(), 0.0)
        yield minimiser.minimise(best.choices, name, left, closely=True)
        if self._is_agreed:
            return
        if not examiner.is_of_ends(name):  # runs near one are not brought to rest
            for number in range(LOOKS_MAX):
                random = Random(self._seed * LOOKS_MAX + number)
                yield LookAround(compiled, examiner, name, deadline).shorter(best, random)
        else:
            shorter = Detours(compiled, minimiser, name, deadline).shorter(best.choices)
            yield None if shorter is None else replace(best, choices=shorter)
        yield explored(compiled, examiner, best, name, seconds)

    def _example(self, finding: Finding, scenario: Scenario, result: Minimised) -> Counterexample:
        told = told_in_full(scenario, result.choices, finding.property)
        return Counterexample(
            told.trace, told.verdict, told.verdicts, finding, result.is_fixpoint, result.tried
        )
