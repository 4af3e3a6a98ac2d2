"""`counterpoint live`: a real cluster, real load, real faults, and verdicts on what happened."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from counterpoint.harness.commands.shared import as_json, out_folder, settings
from counterpoint.harness.keeping import KeptTrace, keep_trace
from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.nemesis import KINDS
from counterpoint.harness.output import (
    EXIT_HELP,
    ProgressLine,
    clear_errors,
    columns,
    emit,
    finish,
    refuse,
    require_folder,
    settings_of,
    show,
    tell,
)
from counterpoint.model.values import Json

if TYPE_CHECKING:
    from counterpoint.harness.live.verification import LiveOutcome, LiveVerification
    from counterpoint.model.search.walks.finding import Counterexample


@click.command(epilog=EXIT_HELP)
@click.argument("system")
@click.option(
    "--seconds", type=click.FloatRange(2, 3600), default=20.0, help="Call for so long [20]."
)
@click.option("--clients", type=click.IntRange(1, 12), default=8, help="So many clients call [8].")
@click.option(
    "--processes", type=click.IntRange(1, 12), default=3, help="In so many processes [3]."
)
@click.option("--nemesis", default="", metavar="KINDS", help=f"What goes wrong: {','.join(KINDS)}.")
@click.option("--mutant", help="A deliberately wrong variant, such as B1.")
@settings("A setting of the cluster.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of calls and faults [0].")
@click.option("--pace", type=click.FloatRange(0), default=0.05, help="A client's pause [0.05 s].")
@click.option("--no-sync", is_flag=True, help="Do not wait for the disk.")
@click.option("--no-log", is_flag=True, help="Log only calls: faster, and less is judged.")
@click.option(
    "--search-seconds", type=click.FloatRange(0), default=20.0, help="Simulate so long [20]."
)
@out_folder("Where logs, picture and traces go.")
@as_json
def live(
    system: str,
    seconds: float,
    clients: int,
    processes: int,
    nemesis: str,
    mutant: str | None,
    pairs: tuple[str, ...],
    seed: int,
    pace: float,
    no_sync: bool,
    no_log: bool,
    search_seconds: float,
    out: Path,
    as_json: bool,
) -> None:
    """Run SYSTEM as processes on this machine, let clients call it while a nemesis kills and pauses
    nodes and cuts, slows and resets their links, and judge the history by the same checkers.

    What breaks is searched for in the simulator, among runs of the calls around it, and minimised.

    \b
    counterpoint live register --seconds 60 --nemesis kill,pause,partition,slow,reset
    counterpoint live causal_deps --mutant C1 --nemesis slow
    """
    # Imported here: the checkers take longer to import than `--help` should.
    from counterpoint.harness.live.verification import LivePlan, LiveVerification, NoStart

    with clear_errors(as_json=as_json):
        require_folder(out)
        kinds = kinds_of(nemesis)
        folder = (
            out / f"live-{system}{f'-{mutant}' if mutant else ''}-{time.strftime('%Y%m%d-%H%M%S')}"
        )
        settings = {**_clients(system, clients), **settings_of(pairs)}
        cluster = fresh_cluster(system, folder, settings=settings, mutant=mutant)
        plan = LivePlan(
            cluster,
            folder,
            seconds,
            clients,
            processes,
            kinds,
            seed,
            pace,
            is_synced=not no_sync,
            is_logged=not no_log,
        )
        verification = LiveVerification(plan)
    line = ProgressLine(quiet=as_json)
    verification.report = line.show
    try:
        found = verification.run()
    except NoStart as error:
        refuse(str(error), as_json=as_json)
    finally:
        line.clear()
    kept = _report(verification, found, search_seconds, as_json=as_json)
    finish(found.outcome, kept, stopped=0 if found.broken else found.stopped)


def kinds_of(text: str) -> tuple[str, ...]:
    """Return the kinds of faults in a list of them.

    >>> kinds_of("kill,slow"), kinds_of("")
    (('kill', 'slow'), ())
    """
    kinds = tuple(kind for kind in text.split(",") if kind)
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"--nemesis {kind}: there are {', '.join(KINDS)}")
    return kinds


def _clients(system: str, count: int) -> dict[str, str]:
    return {"clients": str(count)} if system != "register" else {}


def _report(
    verification: LiveVerification, found: LiveOutcome, seconds: float, *, as_json: bool
) -> KeptTrace | None:
    """Write the picture, search the simulator for what broke, say what was found and keep it."""
    from counterpoint.harness.live.plot import page
    from counterpoint.harness.live.verification import figures, lines_of
    from counterpoint.harness.report.terminal import WIDTH, report

    plan = verification.plan
    name = " ".join(filter(None, (plan.cluster.system, plan.cluster.mutant)))
    lines = lines_of(found)
    picture = plan.folder / "page.html"
    spans = tuple(found.history.spans.values())
    text = page(f"{name}: {found.outcome}", lines, spans, found.marks)
    picture.write_text(text, encoding="utf-8", errors="replace")
    if not as_json:
        for line in lines:
            tell(line)
    example = _simulated(verification, found, seconds)
    kept = None if example is None else _keep(example, plan.cluster.mutant, plan.folder)
    if as_json:
        verdicts = {verdict.property: verdict.outcome.value for verdict in found.verdicts}
        emit(
            {
                "outcome": found.outcome,
                "system": plan.cluster.system,
                "mutant": plan.cluster.mutant,
                **figures(found),
                "verdicts": verdicts,
                "seconds": round(found.seconds, 1),
                "interrupted": bool(found.stopped),
                "simulated": None if example is None else example.verdict.property,
                "trace": None if kept is None else kept.text,
                "page": str(picture),
            }
        )
        return kept
    if example is not None and kept is not None:
        tell("in the simulator, from the recorded calls and kinds of faults:")
        again, width = kept.replay_command, columns(WIDTH)
        show(report(example.trace, example.verdicts, width=width, replay_command=again))
    elif found.broken is not None and seconds:
        tell(f"in the simulator: not found again within {seconds:g} s")
    tell(f"picture: {picture} · logs: {plan.folder / 'logs'}")
    tell(f"{found.outcome}: {name} for {found.seconds:.0f} s")
    return kept


def _keep(example: Counterexample, mutant: str | None, folder: Path) -> KeptTrace:
    sizes: dict[str, Json] = {
        "from": len(example.finding.choices),
        "to": len(example.trace.choices),
    }
    what = (mutant or "right", example.verdict.property)
    return keep_trace(example.trace, example.verdicts, folder, *what, about={"shrunk": sizes})


def _simulated(
    verification: LiveVerification, found: LiveOutcome, seconds: float
) -> Counterexample | None:
    """Search the simulator: for what broke, or for what a mutant might have, had it had the time."""
    from counterpoint.harness.live.recorded import searched

    cluster = verification.plan.cluster
    if not seconds or not found.history.spans or (found.broken is None and cluster.mutant is None):
        return None
    return searched(cluster, found.history, found.broken, found.marks, seconds=seconds)
