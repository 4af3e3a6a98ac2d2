"""`counterpoint serve`: one node of a system as a process of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from counterpoint.harness.commands.shared import cluster_file
from counterpoint.harness.live.cluster import load_cluster
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.processes import collect_rarely, tie_to_parent
from counterpoint.harness.output import HOLDS, clear_errors, refuse
from counterpoint.impl.host.durable import DamagedFile
from counterpoint.impl.host.msgpack import BadBytes
from counterpoint.impl.transport.event_log import NoLog
from counterpoint.impl.transport.folder import NodeRuns
from counterpoint.impl.transport.running_node import RunningNode, Settings

LOG_FORMAT = "%(asctime)s level=%(levelname)s %(message)s"


@click.command(epilog="Exit codes: 0 stopped when asked to, 2 usage, bad input or damaged state.")
@click.argument("system")
@cluster_file
@click.option("--node", required=True, help="Which node of it.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder for durable state.")
@click.option("--log", type=click.Path(path_type=Path), help="Write what the node does to a file.")
@click.option("--no-sync", is_flag=True, help="Do not wait for the disk: survive no power cut.")
@click.option("--verbose", is_flag=True, help="Say who connects and who goes, too.")
@click.option("--tied", is_flag=True, hidden=True, help="End when standard input ends.")
def serve(
    system: str,
    config: Path,
    node: str,
    data: Path | None,
    log: Path | None,
    no_sync: bool,
    verbose: bool,
    tied: bool,
) -> None:
    """Run one node of SYSTEM until it is asked to stop (Ctrl-C, SIGTERM).

    It says what happens on standard error, a line an event; what it must not forget is in
    DATA/NODE, so that it can be killed at any time and started again.

    \b
    counterpoint serve register --config register.yaml --node s50051
    counterpoint serve token_manager --config cluster.toml --node s1 --log s1.jsonl
    """
    logging.basicConfig(
        format=LOG_FORMAT, level=logging.INFO if verbose else logging.WARNING, stream=sys.stderr
    )
    with clear_errors():
        cluster = load_cluster(config, data=data)
        if cluster.system != system:
            raise ValueError(f"{config} is a cluster of {cluster.system}, not of {system}")
        settings = Members(cluster).settings(node, log=log, is_synced=not no_sync)
    try:
        asyncio.run(_run(settings, tied=tied))
    except (DamagedFile, NodeRuns, NoLog, BadBytes, OSError) as error:
        refuse(f"{node}: {error}")
    sys.exit(HOLDS)


async def _run(settings: Settings, *, tied: bool) -> None:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if tied:
        tie_to_parent(lambda: loop.call_soon_threadsafe(stopping.set))
    collect_rarely()
    node = RunningNode(settings)
    defects: list[OSError] = []

    def give_up(defect: OSError) -> None:
        defects.append(defect)
        stopping.set()

    node.on_defect = give_up
    try:
        await node.start()
        await stopping.wait()
    finally:
        await node.stop()
    if defects:
        raise defects[0]
