"""`counterpoint explore --reduction dpor`: one complete run of every class of equivalent runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from counterpoint.harness.embedding import named
from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.exploration.rounds import for_exploration
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import KeptTrace, keep_trace
from counterpoint.harness.output import ProgressLine, emit, finish, tell
from counterpoint.harness.report.terminal import report
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.cut_runs import cut_warnings
from counterpoint.model.search.exploration.dpor import Reduced, Reducer
from counterpoint.model.search.exploration.ends import judges_ends
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.failure import told_in_full
from counterpoint.model.search.impossible import impossible_faults
from counterpoint.model.search.judgements import (
    Judgements,
    judgement_forms,
    judgement_lines,
    why_undecided,
)


def explore_reduced(
    scenario: Scenario, limits: Limits, faults: int, out: Path, *, as_json: bool
) -> NoReturn:
    """Explore with 0, 1 ... `faults` faults, print what was established, and end the command."""
    chosen = for_exploration(scenario)
    budgets = range(faults + 1) if chosen.limits else range(1)
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
    kept, violation = None, found.violation
    if violation is not None:
        told = told_in_full(scenario, violation.choices, violation.property)
        kept = keep_trace(told.trace, told.verdicts, out, violation.property, "reduced")
        if not as_json:
            tell(report(told.trace, told.verdicts, replay_command=kept.replay_command))
    if as_json:
        emit(_result(scenario, found, judged, faults, kept))
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
    scenario: Scenario, found: Reduced, judged: Judgements, faults: int, kept: KeptTrace | None
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
    if found.violation is not None and kept is not None:
        result |= {
            "property": found.violation.property,
            "steps": len(found.violation.choices),
            "trace": kept.text,
            **({"not_kept": kept.problem} if kept.problem else {}),
        }
    return result
