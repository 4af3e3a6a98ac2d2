"""From several failing runs of a search to one counterexample, the shortest that any leads to."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from time import monotonic

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.around import explored
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.failure import told_in_full
from counterpoint.model.search.minimise import Minimised, Minimiser, size_of
from counterpoint.model.search.simplify import Simplifier
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.finding import FINDINGS_MAX, Counterexample, Finding
from counterpoint.model.search.walks.look_around import LookAround

AGREED_MIN = 5
"""If so many failing runs become equally short, no shorter one is looked for near them."""


class ShortestFinding:
    """Minimises the findings of a search, with its tables and its judge."""

    def __init__(self, compiled: Compiled, examiner: Examiner, seed: int) -> None:
        self._compiled = compiled
        self._examiner = examiner
        self._seed = seed
        self._is_agreed = False

    def of(self, findings: Sequence[Finding], seconds: float) -> Counterexample:
        """Return the shortest counterexample that there is time to find."""
        deadline = monotonic() + seconds
        best = self._minimised(findings, deadline, seconds)
        finding, result = best[0], self._around(*best, deadline) or best[1]
        if finding.scenario.drawn_from is None:
            return self._example(finding, finding.scenario, result)
        compiled = self._compiled_for(finding)
        simplifier = Simplifier(compiled, self._examiner.of(compiled), finding.property)
        return self._example(finding, *simplifier.simplify(result, seconds))

    def _minimised(
        self, findings: Sequence[Finding], deadline: float, seconds: float
    ) -> tuple[Finding, Minimised]:
        results: list[tuple[Finding, Minimised]] = []
        for finding in findings:
            if results and monotonic() > deadline:
                break
            left = max(deadline - monotonic(), seconds / FINDINGS_MAX)
            minimiser = self._minimiser_of(finding)
            result = minimiser.minimise(finding.choices, finding.property, left)
            results.append((finding, result))
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

    def _around(self, finding: Finding, best: Minimised, deadline: float) -> Minimised | None:
        """Return what runs near the shortest lead to, if that is shorter still."""
        name = finding.property
        if self._is_agreed or self._examiner.reads(name) == "end":
            return None
        compiled = self._compiled_for(finding)
        examiner = self._examiner.of(compiled)
        shorter = LookAround(compiled, examiner, name, deadline).shorter(best, Random(self._seed))
        return explored(compiled, examiner, shorter or best, name) or shorter

    def _example(self, finding: Finding, scenario: Scenario, result: Minimised) -> Counterexample:
        told = told_in_full(scenario, result.choices, finding.property)
        return Counterexample(
            told.trace, told.verdict, told.verdicts, finding, result.is_fixpoint, result.tried
        )
