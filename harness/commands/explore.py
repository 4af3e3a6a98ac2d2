"""`counterpoint explore`: every reachable state of a scenario, breadth first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from counterpoint.harness.catalog import build
from counterpoint.harness.commands.shared import as_json, named_scenario, out_folder
from counterpoint.harness.embedding import named
from counterpoint.harness.exploration.disk_space import DiskSpace
from counterpoint.harness.exploration.figures import figures_of, lines_of, progress_line
from counterpoint.harness.exploration.goals import goals_result, goals_told
from counterpoint.harness.exploration.reducing import explore_reduced
from counterpoint.harness.exploration.rounds import EngineName, ExploreOptions, FaultRounds, Round
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import KeptTrace, keep_trace
from counterpoint.harness.memory import full_at
from counterpoint.harness.output import (
    EXIT_HELP,
    ProgressLine,
    clear_errors,
    columns,
    emit,
    finish,
    require_folder,
    settings_of,
    tell,
)
from counterpoint.harness.ranges import PositiveNumber
from counterpoint.harness.report.terminal import WIDTH, report
from counterpoint.model.scenario import Network, Scenario
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.goals import GoalReached
from counterpoint.model.search.failure import told_in_full
from counterpoint.model.search.judgements import judgement_forms, judgement_lines
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict


@click.command(epilog=EXIT_HELP)
@named_scenario
@click.option("--network", type=click.Choice(["unordered", "ordered"]), help="Order on each link.")
@click.option("--lossy", is_flag=True, help="Any message that can arrive can be lost, without end.")
@click.option(
    "--no-op",
    type=click.Choice(["keep", "consume", "forget"]),
    help="What becomes of an ignored message: it stays and nothing happened, or it is gone; forget: "
    "it stays until it can never matter again [unordered: keep, ordered: consume].",
)
@click.option("--depth", type=click.IntRange(1), help="Stop at this depth; the first state is 1.")
@click.option("--states", type=click.IntRange(1), help="Stop after so many states.")
@click.option("--seconds", type=PositiveNumber(), help="Stop after so long.")
@click.option(
    "--memory",
    type=PositiveNumber(),
    metavar="GB",
    help="Stop there; with --disk, work within it [with --disk: a quarter of the machine].",
)
@click.option(
    "--disk",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the states in this folder instead of in memory; go on from what is there.",
)
@click.option(
    "--faults",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Explore with 0, 1 ... K faults, within the budgets and the faults_max of the scenario.",
)
@click.option("--history", is_flag=True, help="Count whole histories as part of a state.")
@click.option("--symmetry", is_flag=True, help="Count states that differ in names alone as one.")
@click.option(
    "--liveness",
    is_flag=True,
    help="Let the faults stop in every state, too: no call that is owed an answer may stay open, and "
    "what is claimed of rest is judged at every end.",
)
@click.option(
    "--reduction",
    type=click.Choice(["none", "dpor"]),
    default="none",
    show_default=True,
    help="dpor: one run of every class that differs in the order of independent steps; "
    "judges whole traces.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many threads share the work, with numpy.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save there now and then and at the end; go on from there if it exists.",
)
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    help="How long to wait between two checkpoints.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "plain", "numpy"]),
    default="auto",
    show_default=True,
    help="auto: numpy where it is installed and can do what was asked.",
)
@out_folder("Where the trace of a counterexample goes.")
@as_json
def explore(
    system: str,
    mutant: str | None,
    scenario: str | None,
    pairs: tuple[str, ...],
    network: Network | None,
    lossy: bool,
    no_op: NoOp | None,
    depth: int | None,
    states: int | None,
    seconds: float | None,
    memory: float | None,
    disk: Path | None,
    faults: int,
    history: bool,
    symmetry: bool,
    liveness: bool,
    reduction: str,
    workers: int,
    checkpoint: Path | None,
    checkpoint_seconds: float,
    engine: EngineName,
    out: Path,
    as_json: bool,
) -> None:
    """Visit every reachable state of SYSTEM (of the catalog, or your module:factory).

    The first counterexample met is a shortest one, and with --faults it has as few faults as
    possible; with --reduction dpor it is one of some length, which is minimised as `fuzz` does.
    A scenario that holds holds for every run within what was explored: the result says how far.
    Of each goal of the scenario it says by which shortest run it is met; if by none, that is broken.
    Ctrl-C and limits end with what was established.

    \b
    counterpoint explore register --mutant B1
    counterpoint explore register --set writes=1 --set reads=1 --faults 1
    counterpoint explore tests.oracles.abd:system --set servers=3 --set clients=1 --history --json
    """
    with clear_errors(as_json=as_json):
        built = build(system, scenario=scenario, mutant=mutant, settings=settings_of(pairs))
        if network is not None:
            built = built.replace(network=network)
        memory_bytes = None if memory is None else int(memory * 2**30)
        space = None if disk is None else DiskSpace.of(disk, memory_bytes)
        if space is not None and checkpoint is not None:
            raise ValueError("what is in the folder of --disk needs no --checkpoint; leave one out")
        if space is not None:
            memory_bytes = space.memory_bytes
        is_memory_full = full_at(memory_bytes) if memory_bytes is not None else None
        limits = Limits(depth, states, is_memory_full, seconds)
        require_folder(out)
        if reduction == "dpor" and space is not None:
            raise ValueError("--reduction dpor keeps no states; leave --disk out")
        if reduction == "dpor":
            explore_reduced(built, limits, faults, out, as_json=as_json)
        options = ExploreOptions(
            limits,
            no_op,
            lossy,
            history,
            engine,
            workers,
            checkpoint,
            checkpoint_seconds,
            symmetry=symmetry,
            disk=space,
            liveness=liveness,
        )
        rounds = FaultRounds(built, options, faults_max=faults)
        stopped = _explore(rounds, quiet=as_json)
    final = rounds.last
    outcome = _outcome(rounds)
    with Interruption() as later:  # what was found is kept, once that has begun
        how = _options_in_words(network, no_op, is_lossy=lossy)
        example = _counterexample(built, final, out, *how)
        shortest = {g.goal: _keep_goal(built, g, out, *how) for g in rounds.reached if g.is_met}
    if as_json:
        goals = goals_result(rounds, shortest)
        emit(_result(built, rounds, outcome, example) | goals)
    else:
        _tell(rounds, outcome, example)
        for line in goals_told(rounds, shortest):
            tell(line)
    for problem in rounds.problems:
        tell(f"counterpoint: {problem}", err=True)
    kept = None if example is None else example.kept
    finish(outcome, kept, *shortest.values(), stopped=stopped or later.exit_code)


def _options_in_words(network: str | None, no_op: str | None, *, is_lossy: bool) -> tuple[str, ...]:
    """Return what tells this exploration from others of the same scenario, for the name of a file."""
    return tuple(filter(None, (network, no_op, "lossy" if is_lossy else None)))


def _outcome(rounds: FaultRounds) -> str:
    explored = rounds.last.explored
    if explored.violation is not None:
        return "broken"
    if explored.stop != "complete" or rounds.not_judged:
        return "undecided"
    if rounds.unreached:
        return "broken"
    return "undecided" if rounds.undecided else "holds"


def _explore(rounds: FaultRounds, *, quiet: bool) -> int:
    """Explore under a line of progress; return the exit code of an interruption, else 0."""
    line = ProgressLine(quiet=quiet)
    try:
        with Interruption() as interruption, closing(rounds.explore()) as reports:
            for current in reports:
                line.show(progress_line(current))
                if interruption.exit_code and current.explored.stop is None:
                    return interruption.exit_code
        if rounds.are_endings_due:
            rounds.judge_endings()
    except KeyboardInterrupt as stop:
        return exit_code_of(stop)
    finally:
        line.clear()
    return 0


@dataclass(frozen=True, slots=True)
class _Counterexample:
    """The run that breaks a property, what is said of it, and where it is kept."""

    trace: Trace
    verdicts: tuple[Verdict, ...]
    kept: KeptTrace


def _counterexample(
    scenario: Scenario, final: Round, out: Path, *how: str
) -> _Counterexample | None:
    violation = final.explored.violation
    if violation is None:
        return None
    told = told_in_full(scenario, violation.choices, violation.property)
    kept = keep_trace(told.trace, told.verdicts, out, violation.property, "explored", *how)
    return _Counterexample(told.trace, told.verdicts, kept)


def _keep_goal(scenario: Scenario, goal: GoalReached, out: Path, *how: str) -> KeptTrace:
    trace = run(scenario, goal.choices)
    return keep_trace(trace, judge(trace), out, "reaches", goal.goal, *how)


def _result(
    scenario: Scenario, rounds: FaultRounds, outcome: str, example: _Counterexample | None
) -> dict[str, object]:
    final = rounds.last.explored
    result: dict[str, object] = {
        "outcome": outcome,
        **named(scenario.origin),
        "network": scenario.network,
        "faults": rounds.last.faults,
        **figures_of(final),
        "rounds": [
            {"faults": r.faults, "unique": r.explored.states, "generated": r.explored.generated}
            for r in rounds.rounds
        ],
        "not_explored": rounds.not_judged,
        "timers_max": rounds.timers_max,
        "without": rounds.left_out,
        "warnings": list(rounds.warnings),
        "judged": judgement_forms(rounds.judged),
    }
    if outcome == "undecided" and final.stop == "complete":
        result["reason"] = rounds.undecided
    if example is not None and final.violation is not None:
        result |= {
            "property": final.violation.property,
            "summary": _summary(example.verdicts, final.violation.property),
            "steps": len(example.trace.choices),
            "trace": example.kept.text,
            **({"not_kept": example.kept.problem} if example.kept.problem else {}),
        }
    return result


def _summary(verdicts: tuple[Verdict, ...], name: str) -> str:
    return next((v.summary for v in verdicts if v.property == name and v.is_broken), "")


def _tell(rounds: FaultRounds, outcome: str, example: _Counterexample | None) -> None:
    if example is not None:
        again = example.kept.replay_command
        tell(report(example.trace, example.verdicts, width=columns(WIDTH), replay_command=again))
    for line in lines_of(rounds):
        tell(line)
    slots = ", ".join(f"{node} {count:,}" for node, count in rounds.last.explored.slots.items())
    tell(f"{outcome} · slots: {slots}")
    for line in judgement_lines(rounds.judged):
        tell(line)
    if outcome == "undecided" and rounds.undecided and rounds.last.explored.stop == "complete":
        tell(str(rounds.undecided))
    if rounds.timers_max is not None:
        tell(f"explored: runs in which timers go off {rounds.timers_max} times at most")
    for name, how in rounds.judged_otherwise.items():
        tell(f"not explored: {name}; use {how}")
    if rounds.left_out:
        tell(
            f"explored without {rounds.left_out}, which the scenario allows; use --faults 1 or more"
        )
    for warning in rounds.warnings:
        tell(f"warning: {warning}")
