"""`counterpoint explore --reduction dpor`: one complete run of every class of equivalent runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from counterpoint.harness.embedding import named
from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.exploration.rounds import for_exploration, more_faults_asked, most_faults
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import KeptTrace, keep_trace
from counterpoint.harness.output import ProgressLine, columns, emit, finish, tell
from counterpoint.harness.report.terminal import WIDTH, report
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.cut_runs import cut_warnings
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.exploration.dpor import Reduced, Reducer
from counterpoint.model.search.exploration.ends import judges_ends
from counterpoint.model.search.exploration.explore import Limits, StateViolation
from counterpoint.model.search.failure import ToldRun, told_in_full
from counterpoint.model.search.impossible import impossible_faults
from counterpoint.model.search.judgements import (
    Judgements,
    judgement_forms,
    judgement_lines,
    why_undecided,
)
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.finding import Finding
from counterpoint.model.search.walks.shortest_finding import ShortestFinding
from counterpoint.model.values import Json

SECONDS_MAX = 5.0
"""So long the counterexample is minimised, and so long again a shorter one is looked for near it."""


def explore_reduced(
    scenario: Scenario, limits: Limits, faults: int, out: Path, *, as_json: bool
) -> NoReturn:
    """Explore with 0, 1 ... `faults` faults, print what was established, and end the command."""
    chosen = for_exploration(scenario)
    for warning in more_faults_asked(chosen, faults):
        tell(f"warning: {warning}", err=True)
    budgets = range(most_faults(chosen, faults) + 1)
    found, used, stopped = Reduced(), 0, 0
    judged: Judgements = {}
    for used in budgets:
        reducer = Reducer(chosen.replace(faults_max=used), limits=limits)
        stopped = _explore(reducer, used, quiet=as_json)
        found, judged = reducer.progress, reducer.judgements
        if found.stop != "complete":  # runs that a depth cut are cut alike with more faults
            break
    with Interruption() as later:
        kept = _tell(scenario, found, judged, used, out, as_json=as_json)
    finish(outcome(scenario, found, judged), kept, stopped=stopped or later.exit_code)


def outcome(scenario: Scenario, found: Reduced, judged: Judgements) -> str:
    """Return the outcome: runs cut short prove nothing, nor do claims that were judged in no run."""
    if found.violation is not None:
        return "broken"
    is_proof = _stopped(scenario, found) == "complete" and not not_judged(scenario)
    return "holds" if is_proof and not why_undecided(judged) else "undecided"


def not_judged(scenario: Scenario) -> list[str]:
    """Return the names of what a reduced exploration does not look at: goals, and most ends of runs."""
    ends = [prop.name for prop in scenario.properties if prop.is_of_ends]
    if ends and judges_ends(scenario):
        ends = []
    return [*ends, *(goal.name for goal in scenario.goals)]


def _left_out(scenario: Scenario) -> list[str]:
    """Return what the runs that were made leave out, by `system.left_out` if there is one."""
    ask: Any = getattr(scenario.system, "left_out", None)
    found = None if ask is None else ask()
    return [] if found is None else [found]


def _stopped(scenario: Scenario, found: Reduced) -> str:
    """Return why it stopped: "incomplete" if it made all runs that it makes, and these are not all."""
    is_less = found.stop == "complete" and (found.cut or _left_out(scenario))
    return "incomplete" if is_less else str(found.stop)


def _warnings(scenario: Scenario, found: Reduced, faults: int) -> Iterator[str]:
    yield from cut_warnings(found.cut_at, found.traces)
    if faults:
        yield from impossible_faults(scenario, {})


def _explore(reducer: Reducer, faults: int, *, quiet: bool) -> int:
    line = ProgressLine(quiet=quiet)
    try:
        for now in reducer.explore():
            line.show(f"{count_of(faults, 'fault')}: {now.traces:,} traces · {now.steps:,} steps")
    except KeyboardInterrupt as stop:
        reducer.interrupt()
        return exit_code_of(stop)
    finally:
        line.clear()
    return 0


def _minimised(scenario: Scenario, violation: StateViolation, faults: int) -> ToldRun:
    """Return a short run that breaks the same property, within the faults that were explored.

    The run that is met first breaks it at its end, however much of it has nothing to do with that.
    """
    within = for_exploration(scenario).replace(faults_max=faults)
    found = Finding(0, violation.property, violation.choices, within)
    compiled = Compiled(within)
    example = ShortestFinding(compiled, Examiner(compiled), seed=0).of([found], SECONDS_MAX)
    short = example.trace
    explored = short.scenario.replace(limits=scenario.limits, faults_max=scenario.faults_max)
    return told_in_full(explored, short.choices, violation.property)


def _tell(
    scenario: Scenario,
    found: Reduced,
    judged: Judgements,
    faults: int,
    out: Path,
    *,
    as_json: bool,
) -> KeptTrace | None:
    """Keep and tell what was found, and return where it is kept."""
    kept, violation, told = None, found.violation, None
    if violation is not None:
        told = _minimised(scenario, violation, faults)
        shrunk = (len(violation.choices), len(told.trace.choices))
        about: dict[str, Json] = {"shrunk": {"from": shrunk[0], "to": shrunk[1]}}
        kept = keep_trace(
            told.trace, told.verdicts, out, violation.property, "reduced", about=about
        )
        if not as_json:
            again = kept.replay_command
            width = columns(WIDTH)
            tell(
                report(told.trace, told.verdicts, width=width, shrunk=shrunk, replay_command=again)
            )
    if as_json:
        emit(_result(scenario, found, judged, faults, told, kept))
        return kept
    tell(
        f"{outcome(scenario, found, judged)} · {count_of(faults, 'fault')}: "
        f"{count_of(found.traces, 'trace')}, {found.steps:,} steps, "
        f"{found.blocked:,} given up as covered, longest {found.depth} choices, "
        f"{found.cut:,} cut short, {_stopped(scenario, found)} [{found.seconds:.1f} s]"
    )
    for line in judgement_lines(judged):
        tell(line)
    if found.violation is None and (why := why_undecided(judged)):
        tell(why)
    for name in not_judged(scenario):
        tell(f"not judged: {name}; leave --reduction out")
    for what in _left_out(scenario):
        tell(f"not explored: {what}")
    for warning in _warnings(scenario, found, faults):
        tell(f"warning: {warning}")
    return kept


def _result(
    scenario: Scenario,
    found: Reduced,
    judged: Judgements,
    faults: int,
    told: ToldRun | None,
    kept: KeptTrace | None,
) -> dict[str, object]:
    result: dict[str, object] = {
        "outcome": outcome(scenario, found, judged),
        **named(scenario.origin),
        "reduction": "dpor",
        "faults": faults,
        "traces": found.traces,
        "events": found.steps,
        "blocked": found.blocked,
        "depth": found.depth,
        "cut": found.cut,
        "stopped": _stopped(scenario, found),
        "seconds": round(found.seconds, 3),
        "judged": judgement_forms(judged),
        "not_explored": [*not_judged(scenario), *_left_out(scenario)],
        "warnings": list(_warnings(scenario, found, faults)),
    }
    if found.violation is not None and told is not None and kept is not None:
        result |= {
            "property": found.violation.property,
            "steps": len(told.trace.choices),
            "steps_found": len(found.violation.choices),
            "trace": kept.text,
            **({"not_kept": kept.problem} if kept.problem else {}),
        }
    return result
