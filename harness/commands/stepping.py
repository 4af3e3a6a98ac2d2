"""The parts of `counterpoint replay` that look into a run instead of comparing its digests."""

from __future__ import annotations

from pathlib import Path

from counterpoint.harness.analysis.stepping import (
    debug,
    difference,
    edited,
    first_step,
    parse_edit,
    states_before,
)
from counterpoint.harness.commands.load_trace import Opened, opened
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.sentences import sentence
from counterpoint.harness.output import columns, emit, finish, tell
from counterpoint.harness.report.terminal import WIDTH, broken_first, report
from counterpoint.model.search.replay import judge
from counterpoint.model.verdict import Outcome


def run(
    file: Path,
    *,
    step: int | None,
    until: str | None,
    edits: tuple[str, ...],
    diff: Path | None,
    pdb_step: int | None,
    as_json: bool,
) -> None:
    """Do what was asked for first, in the order: edit, diff, until, step, debugger.

    Raises:
        BadCondition: a step, condition or edit that means nothing in this run.
    """
    found = opened(file)
    if edits:
        _edit(found, edits, as_json)
    elif diff is not None:
        _diff(found, opened(diff), as_json)
    elif until:
        _until(found, until, as_json)
    elif step is not None:
        _states(found, step, as_json)
    elif pdb_step is not None:
        debug(found.trace, pdb_step)


def _edit(found: Opened, edits: tuple[str, ...], as_json: bool) -> None:
    trace = edited(found.trace, *map(parse_edit, edits))
    verdicts = judge(trace)
    worst = broken_first(verdicts)
    outcome = (Outcome.UNDECIDED if worst is None else worst.outcome).value
    if as_json:
        emit(
            {
                "outcome": outcome,
                "steps": len(trace.choices),
                "verdicts": {v.property: v.outcome.value for v in verdicts},
            }
        )
    else:
        tell(report(trace, verdicts, width=columns(WIDTH)))
    finish(outcome)


def _diff(one: Opened, other: Opened, as_json: bool) -> None:
    found = difference(one.trace, other.trace)
    if as_json:
        changes = [change.text for change in found.states]
        emit({"step": found.step, "one": found.one, "other": found.other, "states": changes})
        return
    if found.step is None:
        tell("the two runs are equal, step by step")
        return
    tell(f"the runs differ first at step {found.step}")
    tell(f"  {one.file.name}: {found.one or 'has ended'}")
    tell(f"  {other.file.name}: {found.other or 'has ended'}")
    for change in found.states:
        tell(f"  {change.node}.{change.text}")


def _until(found: Opened, condition: str, as_json: bool) -> None:
    step = first_step(found.trace, condition)
    if as_json:
        emit({"condition": condition, "step": step})
    elif step is None:
        tell(f"{condition}: never true in this run")
    elif step < 0:
        tell(f"{condition}: true from the start")
    else:
        tell(
            f"{condition}: true after step {step}, {sentence(TraceExplanation(found.trace), step)}"
        )
        tell("\n".join(states_before(found.trace, step + 1)))


def _states(found: Opened, step: int, as_json: bool) -> None:
    lines = list(states_before(found.trace, step))
    if as_json:
        emit({"step": step, "states": lines})
        return
    tell("\n".join(lines))
    if step < len(found.trace.choices):
        tell(f"next: {sentence(TraceExplanation(found.trace), step)}")
