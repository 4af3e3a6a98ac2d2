"""`counterpoint campaign`: search for as long as one likes, and keep what was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from counterpoint.harness.campaign.cluster import ClusterTeam
from counterpoint.harness.campaign.for_people import outlook, to_html, to_markdown
from counterpoint.harness.campaign.for_tools import json_form, to_json, to_junit, to_sarif
from counterpoint.harness.campaign.lead import CampaignLead, CampaignProgress, plan_of
from counterpoint.harness.campaign.lead_lock import led_alone
from counterpoint.harness.campaign.merging import merge as merge_campaigns
from counterpoint.harness.campaign.store import CampaignStore, NotKept
from counterpoint.harness.campaign.summary import CampaignSummary, summary_of
from counterpoint.harness.campaign.targets import CampaignPlan, targets_of
from counterpoint.harness.campaign.team import Team
from counterpoint.harness.commands.shared import as_json, together
from counterpoint.harness.durations import seconds_in
from counterpoint.harness.explanation.plain import count_of
from counterpoint.harness.interruption import exit_code_of
from counterpoint.harness.output import (
    EXIT_HELP,
    ProgressLine,
    clear_errors,
    emit,
    finish,
    require_folder,
    tell,
)
from counterpoint.harness.ranges import WORKERS_MAX, shard_in
from counterpoint.model.writing import replacing

FORMATS = {
    "md": ("report.md", to_markdown),
    "html": ("report.html", to_html),
    "json": ("report.json", to_json),
    "junit": ("report.xml", to_junit),
    "sarif": ("report.sarif", to_sarif),
}

_time = click.option("--time", "time_text", default="10m", show_default=True, help="For how long.")
_workers = click.option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=1,
    show_default=True,
    help=f"With how many processes, {WORKERS_MAX} at most.",
)
_cluster = together(
    click.option(
        "--cluster",
        metavar="ADDRESS",
        help="With the workers of a dask scheduler: tls://HOST:PORT.",
    ),
    click.option(
        "--certificates",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="The folder with ca.pem, cert.pem and key.pem for tls://.",
    ),
)
_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def campaign() -> None:
    """Search systems for as long as you like; keep, minimise and confirm what is found.

    \b
    counterpoint campaign run register token_manager --time 10m --workers 4 --out nightly
    counterpoint campaign status nightly
    counterpoint campaign resume nightly --time 1h
    counterpoint campaign merge shard-1 shard-2 --out all
    counterpoint campaign report all
    """


@campaign.command(epilog=EXIT_HELP)
@click.argument("what", nargs=-1, required=True)
@_time
@_workers
@_cluster
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which runs.")
@click.option("--shard", default="1/1", metavar="I/N", show_default=True, help="Make part I of N.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("campaign"),
    show_default=True,
    help="The folder in which the campaign is kept.",
)
@as_json
def run(
    what: tuple[str, ...],
    time_text: str,
    workers: int,
    cluster: str | None,
    certificates: Path | None,
    seed: int,
    shard: str,
    out: Path,
    as_json: bool,
) -> None:
    """Search WHAT: systems, systems:mutants, or files of TOML with a table [[target]] for each.

    Where the folder holds a campaign already, this one goes on in it: runs that the same code has made
    are not made again, and failures that are known are tried in the code of today.

    \b
    counterpoint campaign run register:B1 token_manager --time 60s --workers 2 --out campaign
    counterpoint campaign run campaign.toml --time 8h --shard 3/100
    """
    with clear_errors(as_json=as_json):
        plan = CampaignPlan(targets_of(what), seed, shard_in(shard))
        seconds = seconds_in(time_text)
        require_folder(out)
        team = _team(workers, cluster, certificates)
        store = CampaignStore(out, is_new=True)
    _lead(store, plan, team, seconds=seconds, as_json=as_json)


@campaign.command(epilog=EXIT_HELP)
@_folder
@_time
@_workers
@_cluster
@as_json
def resume(
    folder: Path,
    time_text: str,
    workers: int,
    cluster: str | None,
    certificates: Path | None,
    as_json: bool,
) -> None:
    """Go on with the campaign in FOLDER, however it ended: first with what nobody has minimised."""
    with clear_errors(as_json=as_json):
        seconds = seconds_in(time_text)
        store = CampaignStore(folder)
        plan = plan_of(store)
        team = _team(workers, cluster, certificates)
    _lead(store, plan, team, seconds=seconds, as_json=as_json)


@campaign.command(epilog=EXIT_HELP)
@_folder
@as_json
def status(folder: Path, as_json: bool) -> None:
    """Say what the campaign in FOLDER has done and found so far, also while it runs."""
    with clear_errors(as_json=as_json), CampaignStore(folder) as store:
        _tell(summary_of(store), as_json=as_json)


@campaign.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where."
)
@as_json
def merge(folders: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Put the campaigns of FOLDERS, as shards on other machines leave them, into one."""
    with clear_errors(as_json=as_json):
        require_folder(out)
        merge_campaigns(folders, out)
        with CampaignStore(out) as store:
            _tell(summary_of(store), as_json=as_json)


@campaign.command()
@_folder
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(tuple(FORMATS)),
    help="Which report; all of them if none is named.",
)
def report(folder: Path, formats: tuple[str, ...]) -> None:
    """Write reports of the campaign in FOLDER into it: Markdown, HTML, JSON, JUnit XML, SARIF."""
    with clear_errors():
        with CampaignStore(folder) as store:
            summary = summary_of(store)
        for name in formats or tuple(FORMATS):
            file_name, written = FORMATS[name]
            with replacing(folder / file_name) as file:
                file.write(written(summary).encode())
            tell(str(folder / file_name))


def _team(workers: int, cluster: str | None, certificates: Path | None) -> Team | ClusterTeam:
    if cluster is None:
        return Team(workers)
    return ClusterTeam(cluster, certificates)


def _lead(
    store: CampaignStore,
    plan: CampaignPlan,
    team: Team | ClusterTeam,
    *,
    seconds: float,
    as_json: bool,
) -> None:
    """Lead a campaign under a line of progress, and end the command with what it came to."""
    stopped, not_kept = 0, ""
    with store, clear_errors(as_json=as_json), led_alone(store.folder):
        line = ProgressLine(quiet=as_json)
        try:
            lead = CampaignLead(store, plan)
            with (
                team,
                closing(lead.run(team, seconds)) as steps,  # before the store is
            ):
                for progress in steps:
                    line.show(_shown(progress))
        except KeyboardInterrupt as stop:
            stopped = exit_code_of(stop)
        except NotKept as error:
            not_kept = f"{error}; what came before is kept, and campaign resume goes on from there"
        finally:
            line.clear()
        summary = summary_of(store)
    if stopped and not as_json:
        tell(f"interrupted; counterpoint campaign resume {store.folder} goes on", err=True)
    _tell(summary, as_json=as_json, stopped=stopped, not_kept=not_kept)


def _shown(progress: CampaignProgress) -> str:
    seconds = max(progress.seconds, 1e-9)
    return (
        f"{progress.runs:,} runs · {progress.steps / seconds:,.0f} steps/s · "
        f"{progress.node_states:,} node states, {progress.new_share:.0%} new · "
        f"{progress.findings} failing, {count_of(progress.failures, 'failure')}"
    )


def _tell(summary: CampaignSummary, *, as_json: bool, stopped: int = 0, not_kept: str = "") -> None:
    if as_json:
        problem = {"not_kept": not_kept} if not_kept else {}
        emit({**json_form(summary), "interrupted": bool(stopped), **problem})
    else:
        for text in _lines(summary):
            tell(text)
    finish(summary.outcome, stopped=stopped, problem=not_kept)


def _lines(summary: CampaignSummary) -> Iterator[str]:
    runs = sum(target.done.runs for target in summary.targets)
    yield f"{summary.outcome}: {count_of(runs, 'run')}, {count_of(len(summary.failures), 'failure')}"
    for target in summary.targets:
        done = target.done
        yield (
            f"  {done.target}: {target.outcome}, {done.runs:,} runs, {done.steps:,} steps, "
            f"{done.calls / max(done.runs, 1):.1f} calls a run, {count_of(done.faults, 'fault')}, "
            f"{target.node_states:,} node states, {target.transitions:,} transitions"
        )
        yield f"    {outlook(target)}"
        yield from (f"    {note}" for note in target.notes)
    for failure in summary.failures:
        times = "once" if failure.count == 1 else f"{failure.count} times"
        yield (
            f"{failure.target}: {failure.property_name}: {failure.summary} "
            f"({failure.steps_found} steps -> {failure.steps}; found {times})"
        )
        yield f"  {summary.replay_command(failure)}"
