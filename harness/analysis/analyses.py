"""What re-running a failing trace tells: what had to happen, and when the failure was certain.

All of it is found by re-running changed choices within a budget of time; what the budget cut short
is named. The budget is the only source of differences between two analyses of one trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from random import Random
from time import process_time

from counterpoint.harness.analysis.rerun import Rerun, Runner
from counterpoint.harness.analysis.variants import Variant, is_default, variants
from counterpoint.harness.explanation.explanation import CallSpan, TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.trail import HolderTrail, trail_of
from counterpoint.model.actions import is_wrong
from counterpoint.model.search.minimise import Choices
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Verdict

BUDGET_SECONDS = 2.0
SAMPLES_MAX = 100


@dataclass(frozen=True, slots=True)
class Need:
    """A choice that a plain scheduler would not have made: `passed` of `tried` changed runs pass."""

    step: int
    tried: int
    passed: int

    @property
    def mark(self) -> str:
        """How a row shows it: ◆ needed, ◇ weakly needed, nothing for one that does not matter."""
        if self.passed == 0:
            return " "
        return "◆" if self.passed == self.tried else "◇"


@dataclass(frozen=True, slots=True)
class Nearest:
    """A passing run with the fewest choices changed.

    `change` says in words what was changed, `steps` which choices; `first_difference` is the first
    step at which the two runs choose differently.
    """

    change: str
    steps: tuple[int, ...]
    first_difference: int
    trace: Trace

    @property
    def spans(self) -> tuple[CallSpan, ...]:
        """What the calls of the passing run answered."""
        return TraceExplanation(self.trace).spans


@dataclass(frozen=True, slots=True)
class Analyses:
    """Everything that re-running told, within its budget.

    `chances[k]` estimates how likely the run fails, continued at random and without further faults
    after its first k choices; `samples` is how many runs each estimate rests on. `fault_free` says
    how the run ends without its faults. `unfinished` names what the budget cut short.
    """

    needs: tuple[Need, ...] = ()
    chances: tuple[float, ...] = ()
    samples: int = 0
    nearest: Nearest | None = None
    trail: HolderTrail | None = None
    fault_free: str = ""
    unfinished: tuple[str, ...] = ()


class TimeBudget:
    """A time to use, of this process, so that a busy machine does not change what is found."""

    def __init__(self, seconds: float) -> None:
        self._start, self._seconds = process_time(), seconds

    def is_left(self, share: float = 1.0) -> bool:
        """Tell whether less than this share of the time is spent."""
        return process_time() - self._start < self._seconds * share


def analyse(
    trace: Trace,
    verdict: Verdict,
    *,
    seconds: float = BUDGET_SECONDS,
    samples_max: int = SAMPLES_MAX,
    trail: tuple[str, object] | None = None,
) -> Analyses:
    """Re-run a failing trace in every way that tells something.

    `trail` names a field and the value whose trail to follow; without it the verdict may.

    Raises:
        ValueError: the verdict is no broken property of the trace's scenario.
    """
    budget = TimeBudget(seconds)
    runner, story = Runner(trace, verdict), TraceExplanation(trace)
    unfinished: list[str] = []
    fault_free = _without_faults(trace, runner)
    needs, passing, is_complete = _needs(trace, runner, budget)
    if not is_complete:
        unfinished.append("needed choices")
    nearest, is_complete = _nearest(trace, runner, passing, budget)
    if not is_complete:
        unfinished.append("nearest passing run")
    chances, samples = _chances(trace, runner, budget, samples_max)
    if samples < samples_max:
        unfinished.append(f"P(fail): {samples} of {samples_max} samples")
    found = trail_of(story, verdict, trail)
    return Analyses(needs, chances, samples, nearest, found, fault_free, tuple(unfinished))


# ---- without faults ------------------------------------------------------------------------------


def _without_faults(trace: Trace, runner: Runner) -> str:
    choices = tuple(choice for choice in trace.choices if not choice.is_fault)
    if not any(map(is_wrong, trace.choices)):
        return "this run has no faults: the order of deliveries is enough"
    if runner.again(choices).is_broken:
        return "fails as well: the faults are not needed"
    return "the same run without its faults passes"


# ---- needed choices ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Passing:
    variant: Variant
    rerun: Rerun


def _needs(
    trace: Trace, runner: Runner, budget: TimeBudget
) -> tuple[tuple[Need, ...], list[_Passing], bool]:
    """Change each choice that is no default one in every way, faults first."""
    needs: dict[int, Need] = {}
    passing: list[_Passing] = []
    asked = [step for step in range(len(trace.choices)) if not is_default(trace, step)]
    for step in sorted(asked, key=lambda k: not trace.choices[k].is_fault):
        if not budget.is_left(0.5):
            break
        tried = passed = 0
        for variant in variants(trace, step):
            rerun = runner.again(variant.of(trace.choices))
            tried += 1
            if not rerun.is_broken:
                passed += 1
                passing.append(_Passing(variant, rerun))
        needs[step] = Need(step, tried, passed)
    ordered = tuple(needs[step] for step in sorted(needs))
    return ordered, passing, len(needs) == len(asked)


# ---- the nearest passing run ---------------------------------------------------------------------


def _nearest(
    trace: Trace, runner: Runner, passing: list[_Passing], budget: TimeBudget
) -> tuple[Nearest | None, bool]:
    """Of the runs with one change take the one that tells most; else leave out two choices."""
    if passing:
        best = max(passing, key=lambda p: _telling(trace, p))
        return _as_nearest(trace, (best.variant.step,), best.variant.text, best.rerun), True
    for pair in combinations(range(len(trace.choices)), 2):
        if not budget.is_left(0.6):
            return None, False
        rerun = runner.again(c for k, c in enumerate(trace.choices) if k not in pair)
        if not rerun.is_broken:
            text = f"leave out steps {pair[0]} and {pair[1]}"
            return _as_nearest(trace, pair, text, rerun), True
    return None, True


def _telling(trace: Trace, passing: _Passing) -> tuple[bool, bool, int]:
    """Prefer to leave a fault out, then to put deliveries in order, then to stay alike for long."""
    variant = passing.variant
    is_fault = trace.choices[variant.step].is_fault
    same = _first_difference(trace.choices, passing.rerun.choices)
    return (is_fault, variant.how == ("without" if is_fault else "first"), same)


def _first_difference(one: Choices, other: Choices) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(one), len(other)))


def _as_nearest(trace: Trace, steps: tuple[int, ...], words: str, rerun: Rerun) -> Nearest:
    passing = run_reference(trace.scenario, rerun.choices)
    answers = _answers(TraceExplanation(trace), TraceExplanation(passing))
    change = f"{words} → {answers}" if answers else words
    return Nearest(change, steps, _first_difference(trace.choices, rerun.choices), passing)


def _answers(failing: TraceExplanation, passing: TraceExplanation) -> str:
    """Say which answers differ; operations of two runs are alike by client, and there by number."""
    before = dict(_by_client(failing))
    words = [
        f"{span.client}'s {plain(show(span.operation), 30)} returns {plain(show(span.result), 30)}"
        for key, span in _by_client(passing)
        if span.return_step is not None
        and key in before
        and before[key].return_step is not None
        and before[key].result != span.result
    ]
    return " · ".join(words[:2])


def _by_client(story: TraceExplanation) -> Iterator[tuple[tuple[str, int], CallSpan]]:
    counts: dict[str, int] = {}
    for span in story.spans:
        counts[span.client] = counts.get(span.client, 0) + 1
        yield (span.client, counts[span.client]), span


# ---- when it was certain -------------------------------------------------------------------------


def _chances(
    trace: Trace, runner: Runner, budget: TimeBudget, samples_max: int
) -> tuple[tuple[float, ...], int]:
    """Continue from every prefix at random, in rounds, so that each has the same number of samples."""
    prefixes = runner.prefixes(trace.choices)
    random = Random(0)
    failed = [0] * len(prefixes)
    samples = 0
    while samples < samples_max and budget.is_left():
        fresh = []
        for prefix in prefixes:
            if not budget.is_left(1.5):
                break
            fresh.append(runner.fails_from(prefix, random))
        if len(fresh) < len(prefixes):
            break
        failed = [count + is_failing for count, is_failing in zip(failed, fresh, strict=True)]
        samples += 1
    if samples == 0:
        return (), 0
    return tuple(count / samples for count in failed), samples
