"""`counterpoint explore --reduction dpor`: one complete run of every class of equivalent runs."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from counterpoint.harness.embedding import named
from counterpoint.harness.exploring import for_exploration
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import Kept, keep_trace
from counterpoint.harness.output import Progress, emit, finish, tell
from counterpoint.harness.report.terminal import report
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.exploration.dpor import Reduced, Reducer
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.replay import judge, run


def explore_reduced(
    scenario: Scenario, limits: Limits, faults: int, out: Path, *, as_json: bool
) -> NoReturn:
    """Explore with 0, 1 ... `faults` faults, print what was established, and end the command."""
    chosen = for_exploration(scenario)
    budgets = range(faults + 1) if chosen.limits else range(1)
    found, used, stopped = Reduced(), 0, 0
    for used in budgets:
        reducer = Reducer(chosen.but(faults_max=used), limits=limits)
        stopped = _explore(reducer, used, quiet=as_json)
        found = reducer.progress
        if found.stop != "complete" or found.cut:
            break
    with Interruption() as later:
        kept = _tell(scenario, found, used, out, as_json=as_json)
    finish(outcome(scenario, found), kept, stopped=stopped or later.exit_code)


def outcome(scenario: Scenario, found: Reduced) -> str:
    """Return the outcome: runs cut short prove nothing, nor do invariants that seem to hold."""
    if found.violation is not None:
        return "broken"
    is_proof = found.stop == "complete" and not found.cut and not scenario.invariants
    return "holds" if is_proof else "undecided"


def _explore(reducer: Reducer, faults: int, *, quiet: bool) -> int:
    line = Progress(quiet=quiet)
    try:
        for now in reducer.explore():
            line.show(f"{faults} faults: {now.traces:,} traces · {now.steps:,} steps")
    except KeyboardInterrupt as stop:
        reducer.interrupt()
        return exit_code_of(stop)
    finally:
        line.clear()
    return 0


def _tell(
    scenario: Scenario, found: Reduced, faults: int, out: Path, *, as_json: bool
) -> Kept | None:
    """Keep and tell what was found, and return where it is kept."""
    trace = None if found.violation is None else run(scenario, found.violation.choices)
    verdicts = () if trace is None else judge(trace)
    name = "" if found.violation is None else found.violation.property
    kept = None if trace is None else keep_trace(trace, verdicts, out, name, "reduced")
    if as_json:
        emit(_result(scenario, found, faults, kept))
        return kept
    if trace is not None and kept is not None:
        tell(report(trace, verdicts, replay_command=kept.replay_command))
    tell(
        f"{outcome(scenario, found)} · {faults} faults: {found.traces:,} traces, {found.steps:,} steps, "
        f"{found.blocked:,} given up as covered, longest {found.depth} choices, "
        f"{found.cut:,} cut short, {found.stop} [{found.seconds:.1f} s]"
    )
    for invariant in scenario.invariants:
        tell(f"not explored in full: {invariant.name}, an invariant; leave --reduction out")
    for goal in scenario.goals:
        tell(f"not looked for: {goal.name}, a goal; leave --reduction out")
    return kept


def _result(
    scenario: Scenario, found: Reduced, faults: int, kept: Kept | None
) -> dict[str, object]:
    result: dict[str, object] = {
        "outcome": outcome(scenario, found),
        **named(scenario.origin),
        "reduction": "dpor",
        "faults": faults,
        "traces": found.traces,
        "events": found.steps,
        "blocked": found.blocked,
        "depth": found.depth,
        "cut": found.cut,
        "stopped": found.stop,
        "seconds": round(found.seconds, 3),
        "not_explored": [i.name for i in scenario.invariants] + [g.name for g in scenario.goals],
    }
    if found.violation is not None and kept is not None:
        result |= {
            "property": found.violation.property,
            "steps": len(found.violation.choices),
            "trace": kept.text,
            **({"not_kept": kept.problem} if kept.problem else {}),
        }
    return result
