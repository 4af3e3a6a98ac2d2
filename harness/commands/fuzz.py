"""`counterpoint fuzz`: search a scenario by random runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import click

from counterpoint.harness.campaign.assignment import NamedSearch
from counterpoint.harness.campaign.team import Team
from counterpoint.harness.campaign.together import search_together
from counterpoint.harness.catalog import build
from counterpoint.harness.commands.shared import as_json, named_scenario, out_folder
from counterpoint.harness.embedding import named
from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.interruption import Interruption, exit_code_of
from counterpoint.harness.keeping import KeptTrace, keep_trace
from counterpoint.harness.memory import full_at_share, room_within
from counterpoint.harness.only import only_claim
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
from counterpoint.harness.ranges import WORKERS_MAX, PositiveNumber, shard_in
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.judgements import (
    judgement_forms,
    judgement_lines,
    why_undecided,
)
from counterpoint.model.search.replay import judge
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.case_coverage import case_lines
from counterpoint.model.search.walks.finding import Counterexample
from counterpoint.model.search.walks.strategy import DEFAULT, StrategyName
from counterpoint.model.search.walks.tally import Progress
from counterpoint.model.trace import Trace
from counterpoint.model.values import Json
from counterpoint.model.verdict import Verdict

STRATEGIES = (*get_args(StrategyName), "hypothesis")


@click.command(epilog=EXIT_HELP)
@named_scenario
@click.option("--servers", type=int, help="Short for --set servers=N; likewise:")
@click.option("--clients", type=int, help="--set clients=N")
@click.option("--requests", type=int, help="--set requests=N, for each client")
@click.option("--runs", type=click.IntRange(1), help="Stop after so many runs.")
@click.option("--seconds", type=PositiveNumber(), help="Stop after so long [10].")
@click.option("--seed", type=click.IntRange(0), default=0, help="Which runs are made [0].")
@click.option(
    "--strategy",
    type=click.Choice(STRATEGIES),
    default=DEFAULT,
    show_default=True,
    help="How a run chooses; mixed draws uniform, swarm, pct or pos for each.",
)
@click.option(
    "--property", "property_name", metavar="NAME", help="Judge this property or invariant alone."
)
@click.option(
    "--show-passing", is_flag=True, help="Show and keep a typical run that breaks nothing, too."
)
@click.option(
    "--memory",
    type=PositiveNumber(),
    metavar="GB",
    help="Forget what was worked out where it fills so much; the runs are the same [a quarter of the "
    "machine].",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="KIND=N",
    help="Let timers go off (fire=3; alarm=3 of asyncio programs), or a kind of fault happen (crash=5), "
    "so many times as often; 0: never.",
)
@click.option("--shard", default="1/1", metavar="I/N", show_default=True, help="Make part I of N.")
@click.option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=1,
    metavar="N",
    help=f"Search with N processes, {WORKERS_MAX} at most [1].",
)
@out_folder("Where the trace of a counterexample goes.")
@as_json
def fuzz(
    system: str,
    mutant: str | None,
    scenario: str | None,
    pairs: tuple[str, ...],
    servers: int | None,
    clients: int | None,
    requests: int | None,
    runs: int | None,
    seconds: float | None,
    seed: int,
    strategy: str,
    property_name: str | None,
    show_passing: bool,
    memory: float | None,
    weights: tuple[str, ...],
    shard: str,
    workers: int,
    out: Path,
    as_json: bool,
) -> None:
    """Search SYSTEM (a name of the catalog or of yours, or your module:factory) by random runs.

    A failing run is minimised, written as a trace file and shown. The same seed makes the same
    runs, with any number of workers; shards of one seed make disjoint runs. Ctrl-C ends the search
    and keeps what was found.

    \b
    counterpoint fuzz register --seconds 10
    counterpoint fuzz register --mutant B1 --seed 1 --json
    counterpoint fuzz register --scenario demo --strategy pct --runs 5000
    counterpoint fuzz register --mutant B3 --property regular
    counterpoint fuzz register --seconds 60 --workers 4
    counterpoint fuzz token_manager --weight fire=5 --weight crash=3
    counterpoint fuzz register --runs 100 --show-passing
    counterpoint fuzz token_manager --clients 6 --requests 50
    counterpoint fuzz mypackage.scenarios:bank --set accounts=3
    """
    numbers = {"servers": servers, "clients": clients, "requests": requests}
    short = {key: str(number) for key, number in numbers.items() if number is not None}
    with clear_errors(as_json=as_json):
        settings = settings_of(pairs) | short
        built = build(system, scenario=scenario, mutant=mutant, settings=settings)
        if property_name is not None:
            built = only_claim(built, property_name)
        if weights:
            built = built.replace(weights={**built.weights, **dict(map(_weight, weights))})
        part = shard_in(shard)
        if workers > 1 and strategy == "hypothesis":
            raise ValueError(
                "--strategy hypothesis is of one process; leave out --workers, or start several "
                "with --shard"
            )
        workers = min(workers, runs or workers)
        bytes_max = None if memory is None else int(memory * 2**30 / workers)
        is_full = full_at_share() if bytes_max is None else room_within(bytes_max)
        require_folder(out)
    budgets = Budgets(runs, seconds if seconds is not None or runs is not None else 10.0)
    campaign = Campaign(built, strategy=strategy, seed=seed, shard=part, is_full=is_full)  # type: ignore[arg-type]
    progress = campaign.search(budgets)
    if workers > 1:
        search = NamedSearch.of(built, strategy, seed, property_name or "")  # type: ignore[arg-type]
        team = Team(workers, bytes_max=bytes_max)
        progress = search_together(campaign, search, budgets, shard=part, team=team)
    stopped = _search(progress, quiet=as_json)
    with Interruption() as later:  # what was found is made short and kept, once that has begun
        example = campaign.counterexample()
        how: dict[str, Json] = {"seed": seed, "strategy": strategy, "shard": shard}
        kept = _keep(example, how, out) if example else None
        passing = _passing(campaign, how, out) if show_passing else None
    stopped = stopped or later.exit_code
    outcome = "broken" if example else "undecided" if _undecided(campaign) else "holds"
    if as_json:
        told = {} if passing is None else {"passing_trace": passing[1].text}
        emit(_result(campaign, example, outcome, kept, built, stopped) | told)
    else:
        if passing is not None:
            _tell_passing(*passing)
        _tell(campaign, example, outcome, kept, stopped)
    finish(outcome, kept, passing[1] if passing else None, stopped=stopped)


def _weight(text: str) -> tuple[str, float]:
    kind, _, number = text.partition("=")
    try:
        return kind, float(number)
    except ValueError:
        raise ValueError(f"--weight is {text!r}; it must be KIND=N, such as fire=3") from None


def _search(search: Iterator[Progress], *, quiet: bool) -> int:
    """Run a search under a line of progress; return the exit code of an interruption, else 0."""
    line = ProgressLine(quiet=quiet)
    try:
        for progress in search:
            rate = progress.steps / max(progress.seconds, 1e-9)
            per_run = progress.completed_calls / max(progress.runs, 1)
            line.show(
                f"{progress.runs} runs · {rate:,.0f} steps/s · {per_run:.1f} calls completed a run"
                f" · {count_of(sum(progress.faults.values()), 'fault')} · {progress.findings} failing"
            )
    except KeyboardInterrupt as stop:
        return exit_code_of(stop)
    finally:
        line.clear()
    return 0


def _keep(example: Counterexample, search: Mapping[str, Json], out: Path) -> KeptTrace:
    about: dict[str, Json] = {
        "search": {**search, "run": example.finding.run},
        "shrunk": {"from": len(example.finding.choices), "to": len(example.trace.choices)},
    }
    what = (example.verdict.property, *_search_words(search))
    return keep_trace(example.trace, example.verdicts, out, *what, about=about)


def _passing(
    campaign: Campaign, search: Mapping[str, Json], out: Path
) -> tuple[Trace, KeptTrace] | None:
    """Keep a typical run of those that break nothing; None where each breaks something."""
    trace = campaign.typical_passing()
    if trace is None:
        return None
    kept = keep_trace(
        trace, judge(trace), out, "passing", *_search_words(search), about={"search": dict(search)}
    )
    return trace, kept


def _tell_passing(trace: Trace, kept: KeptTrace) -> None:
    _tell_run(trace, judge(trace), kept)


def _tell_run(
    trace: Trace,
    verdicts: tuple[Verdict, ...],
    kept: KeptTrace | None,
    shrunk: tuple[int, int] | None = None,
) -> None:
    # Imported here, as most searches have nothing to show, and it takes longer than many a search.
    from counterpoint.harness.report.terminal import WIDTH, report

    again = kept.replay_command if kept else None
    width = columns(WIDTH)
    tell(report(trace, verdicts, width=width, shrunk=shrunk, replay_command=again))


def _search_words(search: Mapping[str, Json]) -> Iterator[str]:
    """Return what tells this search from others of the same scenario, for the name of a file."""
    yield str(search["seed"])
    if search["strategy"] != DEFAULT:
        yield str(search["strategy"])
    if search["shard"] != "1/1":
        yield "shard-" + str(search["shard"]).replace("/", "-of-")


def _result(
    campaign: Campaign,
    example: Counterexample | None,
    outcome: str,
    kept: KeptTrace | None,
    scenario: Scenario,
    stopped: int,
) -> dict[str, object]:
    progress = campaign.progress
    runs = max(progress.runs, 1)
    result: dict[str, object] = {
        "outcome": outcome,
        **named(scenario.origin),
        "seed": campaign.seed,
        "strategy": campaign.strategy,
        "runs": progress.runs,
        "steps": progress.steps,
        "completed_calls": progress.completed_calls,
        "calls_per_run": {kind: round(count / runs, 2) for kind, count in progress.calls.items()},
        "faults": dict(progress.faults),
        "seconds": round(progress.seconds, 3),
        "interrupted": bool(stopped),
        "judged": judgement_forms(campaign.judgements),
        "warnings": list(campaign.warnings),
        "coverage": campaign.cases.form(scenario),
    }
    if example is not None and kept is not None:
        result |= {
            "property": example.verdict.property,
            "summary": example.verdict.summary,
            "run": example.finding.run,
            "failing_runs": campaign.failing_runs,
            "first_failing_run": campaign.findings[0].run,
            "first_failing_seconds": round(campaign.first_found_seconds, 3),
            "steps_found": len(example.finding.choices),
            "steps_minimised": len(example.trace.choices),
            "faults_minimised": example.faults,
            "minimised_to_fixpoint": example.is_fixpoint,
            "trace": kept.text,
            **({"not_kept": kept.problem} if kept.problem else {}),
        }
    elif outcome == "undecided":
        result["reason"] = _undecided(campaign)
    return result


def _failing(campaign: Campaign) -> str:
    if not campaign.findings:
        return ""
    first, count = campaign.findings[0].run, campaign.failing_runs
    return (
        f"{count} of them failing, run {first} first after {campaign.first_found_seconds:.1f} s, "
    )


def _undecided(campaign: Campaign) -> str | None:
    """Say why a search that found nothing proves nothing, None if it proves something."""
    progress = campaign.progress
    if not campaign.is_idle:
        return why_undecided(campaign.judgements)
    return (
        f"{progress.completed_calls} calls completed in {progress.runs} runs; the scenario asks for "
        f"{campaign.scenario.min_calls_per_run} a run, fewer examine nothing"
    )


def _tell(
    campaign: Campaign,
    example: Counterexample | None,
    outcome: str,
    kept: KeptTrace | None,
    stopped: int,
) -> None:
    progress = campaign.progress
    if example is not None:
        shrunk = (len(example.finding.choices), len(example.trace.choices))
        _tell_run(example.trace, example.verdicts, kept, shrunk)
    faults = ", ".join(f"{count} {kind}" for kind, count in progress.faults.items()) or "none"
    per_run = (f"{n / progress.runs:.2g} {kind}" for kind, n in progress.calls.items())
    cases = campaign.cases
    told = f"{len(cases.taken)} of {len(cases.possible)} handler cases"
    tell(
        f"{outcome}{' (interrupted)' if stopped else ''}: {progress.runs} runs, {_failing(campaign)}"
        f"{progress.steps} steps, {progress.completed_calls} calls completed, faults: {faults}; "
        f"in a run: {', '.join(per_run) or 'no call'}; {told} "
        f"[{progress.seconds:.1f} s, seed {campaign.seed}]"
    )
    for line in judgement_lines(campaign.judgements):
        tell(line)
    for line in case_lines(cases, campaign.scenario):
        tell(f"  {line}")
    for warning in campaign.warnings:
        tell(f"warning: {warning}")
    if outcome == "undecided":
        tell(str(_undecided(campaign)))
