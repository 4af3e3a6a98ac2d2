"""`counterpoint replay`: run a trace file again and compare every digest."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from counterpoint.harness.catalog import origin_in, rebuild
from counterpoint.harness.commands.shared import as_json
from counterpoint.harness.embedding import named
from counterpoint.harness.output import EXIT_CODES, clear_errors, emit, tell
from counterpoint.model.search.replay import judge, led_by
from counterpoint.model.search.replay_file import Diverged
from counterpoint.model.search.replay_file import replay as replay_file
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import TraceFile, broken_in, read_trace
from counterpoint.model.verdict import Verdict


@click.command(
    epilog="Exit codes: 0 reproduced, 1 the verdict is another, 2 bad input, 3 the run diverged, or is "
    "undecided once edited."
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--step", type=click.IntRange(0), help="Show every node's state before this step.")
@click.option("--until", metavar="CONDITION", help="Show when this becomes true: 'r1.value == 1'.")
@click.option("--edit", multiple=True, metavar="N=CHOICE", help="Change a choice: 11=skip.")
@click.option("--diff", type=click.Path(path_type=Path), help="Where another trace differs first.")
@click.option("--pdb", "pdb_step", type=click.IntRange(0), help="Debug the choice of this step.")
@click.option("--fault-free", "is_fault_free", is_flag=True, help="Its calls without any faults.")
@click.option("--expect-fixed", is_flag=True, help="Whether it breaks nothing any more: 0, 1 or 3.")
@as_json
def replay(
    file: Path,
    step: int | None,
    until: str | None,
    edit: tuple[str, ...],
    diff: Path | None,
    pdb_step: int | None,
    is_fault_free: bool,
    expect_fixed: bool,
    as_json: bool,
) -> None:
    """Make every choice of a trace FILE again; compare the digest after every step, and the verdicts.

    \b
    counterpoint replay .counterpoint/register-B1-linearizability-1.trace.jsonl
    counterpoint replay FILE --json
    counterpoint replay FILE --until 's50054.pending != none'
    counterpoint replay FILE --edit 11=skip
    counterpoint replay FILE --fault-free

    With --edit the run that the changed choices make is judged anew. 0: everything holds in it;
    1: something breaks; 3: something is undecided, as what is owed at the end of a run that is cut.

    With --expect-fixed the run is one that was kept of a bug that is mended: each choice is made as
    it fits the code of today, and if one does not fit any more, the run is then ended without
    faults. 0: the property that it broke holds; 1: something breaks; 3: it cannot be followed.

    \b
    counterpoint replay FILE --expect-fixed
    """
    if expect_fixed:
        from counterpoint.harness.commands import fixed

        if step is not None or until or edit or diff or pdb_step is not None or is_fault_free:
            raise click.UsageError("--expect-fixed goes with no other way to replay")
        fixed.run(file, as_json=as_json)
    if is_fault_free:
        from counterpoint.harness.commands import fault_free

        fault_free.run(file, as_json=as_json)
        return
    if step is not None or until or edit or diff or pdb_step is not None:
        from counterpoint.harness.commands import stepping

        with clear_errors(as_json=as_json):
            stepping.run(
                file, step=step, until=until, edits=edit, diff=diff, pdb_step=pdb_step,
                as_json=as_json,
            )  # fmt: skip
        return
    with clear_errors(as_json=as_json):
        recorded = read_trace(file)
        scenario = rebuild(origin_in(recorded))
    result: dict[str, object] = {
        "file": str(file),
        **named(scenario.origin),
        "steps": len(recorded.steps),
    }
    try:
        trace = replay_file(recorded, scenario)
    except Diverged as error:
        result |= {"outcome": "diverged", "step": error.step, "reason": error.reason}
        _finish(result, f"diverged at step {error.step}: {error.reason}", as_json)
    verdicts = led_by(judge(trace), broken_in(recorded))
    result |= _compare(recorded, trace, verdicts)
    text = f"{result['outcome']}: {result['digests_equal']} of {len(recorded.steps)} digests equal"
    for verdict in verdicts:
        if verdict.is_broken:
            text += f"\n{verdict.property}: {verdict.summary}"
    _finish(result, text, as_json)


def _compare(recorded: TraceFile, trace: Trace, verdicts: tuple[Verdict, ...]) -> dict[str, object]:
    """Say whether the verdicts are those of the file."""
    then = {str(form.get("property")): form.get("outcome") for form in recorded.verdicts}
    now = {verdict.property: verdict.outcome.value for verdict in verdicts}
    is_same = all(now.get(name) == outcome for name, outcome in then.items())
    return {
        "outcome": "reproduced" if is_same else "different",
        "digests_equal": len(trace.choices),
        "verdicts": now,
        **({} if is_same else {"verdicts_in_file": then}),
    }


def _finish(result: dict[str, object], text: str, as_json: bool) -> None:
    if as_json:
        emit(result)
    else:
        tell(text)
    sys.exit(EXIT_CODES[str(result["outcome"])])
