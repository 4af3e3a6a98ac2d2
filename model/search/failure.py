"""A broken property as an exception: what a test raises, with the run and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.model.determinism import AskedAgain, NotDeterministic
from counterpoint.model.mistakes import BadScenario, OwnDefect
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Judgements, why_undecided
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.replay import NotEnabled, is_enabled, judge, led_by, record
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.trace import Trace
from counterpoint.model.values import Json
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action


class PropertyBroken(AssertionError):
    """A run broke a property.

    `trace` is the run and `verdict` the judgement of the property, `verdicts` those of all.
    `steps_found` is how long the run was before it was minimised, None if it was not; `search` says
    how it was found, as a trace file records it.
    """

    def __init__(
        self,
        trace: Trace,
        verdict: Verdict,
        verdicts: tuple[Verdict, ...],
        *,
        steps_found: int | None = None,
        search: Mapping[str, Json] = MappingProxyType({}),
    ) -> None:
        self.trace, self.verdict = trace, verdict
        self.verdicts = led_by(verdicts, verdict.property)
        self.steps_found, self.search = steps_found, search
        count = len(trace.choices)
        length = f"{count} steps" if steps_found is None else f"{steps_found} steps -> {count}"
        super().__init__(f"{verdict.property}: {verdict.summary} ({length})")


def failure_of(
    scenario: Scenario,
    choices: Sequence[Action],
    name: str,
    *,
    steps_found: int | None = None,
    search: Mapping[str, Json] = MappingProxyType({}),
) -> PropertyBroken:
    """Return the exception that says how these choices break the property of that name.

    The reference world makes the run again; if it finds nothing wrong, the engines disagree.
    """
    found = told_in_full(scenario, choices, name)
    return PropertyBroken(
        found.trace, found.verdict, found.verdicts, steps_found=steps_found, search=search
    )


@dataclass(frozen=True, slots=True)
class ToldRun:
    """A run told in full by the reference world, with the verdict that was looked for, and all."""

    trace: Trace
    verdict: Verdict
    verdicts: tuple[Verdict, ...]


def told_in_full(scenario: Scenario, choices: Sequence[Action], name: str) -> ToldRun:
    """Return the run of these choices, which a search says break the property of that name.

    Raises:
        BadScenario: the property says so of calls and answers alone, and not of the whole run.
        OwnDefect: the engines disagree.
    """
    try:
        trace = run_reference(scenario, choices)
    except NotEnabled as error:
        require_determinism(scenario, choices)
        raise OwnDefect(
            f"the reference world does not know the run of a search: {error}"
        ) from error
    verdicts = led_by(judge(trace), name)
    verdict = next((v for v in verdicts if v.is_broken and v.property == name), None)
    if verdict is not None:
        return ToldRun(trace, verdict, verdicts)
    for prop in scenario.properties:
        if prop.name == name and prop.reads == "operations":
            raise _reads_more(prop, trace)
    require_determinism(scenario, choices)
    raise OwnDefect(f"the reference world does not break {name!r} after {tuple(choices)!r}")


def require_determinism(scenario: Scenario, choices: Sequence[Action]) -> None:
    """Ask the handler for each step of a run several times, as far as the run can be made again.

    Raises:
        NotDeterministic: it answers in two ways, at the step that is named.
    """
    asking = AskedAgain(scenario.system, often=len(choices) + len(scenario.system.nodes) + 1)
    recorder = record(scenario.replace(system=asking))
    for step, choice in enumerate(choices):
        if recorder.failure is not None or not is_enabled(choice, recorder.world):
            return
        try:
            recorder.take(choice)
        except NotDeterministic as error:
            raise error.at(step) from None


def _reads_more(prop: Property, trace: Trace) -> BadScenario:
    """Return what is wrong with a property whose verdict depends on more than it says it reads."""
    seen = [
        Observation(event.kind, event.node, event.value)
        for event in trace.events
        if event.kind in OBSERVED and event.node is not None
    ]
    alone = answer_of(prop, history_trace(trace.scenario, seen))
    return BadScenario(
        f"property {prop.name!r} reads more than 'operations' gives it: of calls, answers and notes "
        f"alone it is broken ({alone.summary}), of the whole run it is not; say reads='end' if it "
        "reads the last world, or reads='trace'"
    )


class ExaminedNothing(AssertionError):
    """A search that has judged nothing, or some property in no run: it proves nothing."""


class NothingBroke(AssertionError):
    """A property that was expected to break, and did not."""


for _error in (PropertyBroken, ExaminedNothing, NothingBroke):
    _error.__module__ = (
        "counterpoint"  # where users import it from; summaries have room for no more
    )


def require_yield(scenario: Scenario, *, runs: int, completed: int, judgements: Judgements) -> None:
    """Refuse a search that completed fewer calls than the scenario demands, or decided too little.

    Raises:
        ExaminedNothing: as it says.
    """
    if runs and completed >= scenario.min_calls_per_run * runs:
        why = why_undecided(judgements)
        if why is not None:
            raise ExaminedNothing(f"the search of {scenario.name!r} is undecided: {why}")
        return
    per_run = completed / runs if runs else 0.0
    raise ExaminedNothing(
        f"the search of {scenario.name!r} examined nothing: {completed} calls completed in {runs} "
        f"runs, {per_run:.2f} a run; its floor is {scenario.min_calls_per_run} "
        "(Scenario.min_calls_per_run). "
        "Give the runs more steps or fewer faults, or the clients calls that can complete"
    )
