"""`counterpoint up`: a whole cluster on this machine, one process a node, in one view."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import click

from counterpoint.harness.commands.shared import out_folder, settings
from counterpoint.harness.interruption import exit_code_of
from counterpoint.harness.live.asking import answers
from counterpoint.harness.live.cluster import Cluster, load_cluster, shown_place
from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.processes import COMMAND, Children, tie_to_parent
from counterpoint.harness.output import (
    BROKEN,
    HOLDS,
    clear_errors,
    require_folder,
    settings_of,
    tell,
)

STARTING_SECONDS = 30.0


@click.command(
    epilog="Exit codes: 0 stopped in time, 1 a node ended by itself, 2 bad input, 130 Ctrl-C."
)
@click.argument("system")
@click.option("--config", type=click.Path(path_type=Path), help="The cluster's file [a new one].")
@click.option("--servers", type=click.IntRange(1, 50), help="How many servers a new one has.")
@settings("A setting of a new one.")
@click.option("--mutant", help="A deliberately wrong variant for a new one.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder for durable state.")
@click.option("--log", type=click.Path(path_type=Path), help="A folder for the logs of the nodes.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after so long.")
@out_folder("Where the file and the data of a new cluster go.")
@click.option("--tied", is_flag=True, hidden=True, help="End when standard input ends.")
def up(
    system: str,
    config: Path | None,
    servers: int | None,
    pairs: tuple[str, ...],
    mutant: str | None,
    data: Path | None,
    log: Path | None,
    seconds: float | None,
    out: Path,
    tied: bool,
) -> None:
    """Run all nodes of SYSTEM as processes of this machine, until Ctrl-C.

    Without --config, a new cluster is made, and where its file is, is said.

    \b
    counterpoint up register --config register.yaml
    counterpoint up token_manager --servers 5
    """
    with clear_errors():
        require_folder(out)
        settings = settings_of(pairs) | ({} if servers is None else {"servers": str(servers)})
        if config is not None and (settings or mutant):
            raise ValueError("--config says what there is: leave --servers, --set and --mutant out")
        if config is None:
            folder = out / f"{system}-{time.strftime('%Y%m%d-%H%M%S')}"
            cluster = fresh_cluster(system, folder, settings=settings, mutant=mutant)
        else:
            cluster = load_cluster(config, data=data)
        if cluster.system != system:
            raise ValueError(f"{config} is a cluster of {cluster.system}, not of {system}")
        members = Members(cluster)
        served = members.served
    code = _run(cluster, members, served, log, seconds, tied=tied)
    sys.exit(code)


def _run(
    cluster: Cluster,
    members: Members,
    served: tuple[str, ...],
    log: Path | None,
    seconds: float | None,
    *,
    tied: bool,
) -> int:
    with Children(cluster.data / "said") as children:
        try:
            if tied:
                tie_to_parent(lambda: signal.raise_signal(signal.SIGTERM))
            for node in served:
                logged = ["--log", str(log / f"{node}.jsonl")] if log else []
                children.start(node, [*serve_arguments(cluster, node), *logged])
            _wait_for_all(members, children)
            for node in served:
                tell(f"{node} at {shown_place(cluster.places[node])}, process {children.pid(node)}")
            tell(f"up: {len(served)} nodes; counterpoint call --config {cluster.source} ...")
            return _watch(children, seconds)
        except KeyboardInterrupt as stop:
            if tied:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end of input means nothing now
            tell("stopping")
            return exit_code_of(stop)


def serve_arguments(cluster: Cluster, node: str) -> list[str]:
    """Return the command that serves a node of a cluster, as a child of ours."""
    return [
        *COMMAND, "serve", cluster.system, "--config", str(cluster.source), "--data", str(cluster.data),
        "--node", node, "--tied",
    ]  # fmt: skip


def _wait_for_all(members: Members, children: Children) -> None:
    """Wait until every node answers; say which does not, and why."""
    deadline = time.monotonic() + STARTING_SECONDS
    for node in members.served:
        while not asyncio.run(answers(members, node)):
            if children.exit_code(node) is not None or time.monotonic() > deadline:
                tell(f"counterpoint: {node} does not start: {children.said(node)}", err=True)
                raise SystemExit(BROKEN)
            time.sleep(0.05)


def _watch(children: Children, seconds: float | None) -> int:
    """Wait until it is time, or a node ends."""
    deadline = None if seconds is None else time.monotonic() + seconds
    names = children.running
    while deadline is None or time.monotonic() < deadline:
        for name in names:
            code = children.exit_code(name)
            if code is not None:
                tell(f"{name} ended with {code}: {children.said(name)}", err=True)
                return BROKEN
        time.sleep(0.1)
    return HOLDS
