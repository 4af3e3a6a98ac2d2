"""`counterpoint up`: a whole cluster on this machine, one process a node, in one view."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from counterpoint.harness.commands.shared import out_folder, settings
from counterpoint.harness.interruption import exit_code_of
from counterpoint.harness.live.asking import answers
from counterpoint.harness.live.by_hand import HarmByHand
from counterpoint.harness.live.cluster import (
    Cluster,
    ClusterError,
    cluster_text,
    load_cluster,
    shown_place,
)
from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.lines import TypedLines
from counterpoint.harness.live.network import PROXY, ClusterNetwork
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
@click.option(
    "--network", is_flag=True, help="Take lines from standard input that slow, cut, pause, kill ..."
)
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
    network: bool,
    tied: bool,
) -> None:
    """Run all nodes of SYSTEM as processes of this machine, until Ctrl-C.

    Without --config, a new cluster is made, and where its file is, is said.
    With --network, nodes and the links between them can be harmed by hand, a line each: slow s1>s3 2;
    cut s1>s2; reset s1>s2; heal s1>s2, or heal all; pause s1; resume s1; kill s1; start s1.

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
        if network and (cluster.secret or cluster.tls):
            raise ValueError("--network stands between nodes that need no secret and no TLS")
        members = Members(cluster)
        served = members.served
    links = ClusterNetwork(cluster, members.system.nodes, served) if network else None
    code = _run(cluster, members, links, log, seconds, tied=tied)
    sys.exit(code)


def _run(
    cluster: Cluster,
    members: Members,
    network: ClusterNetwork | None,
    log: Path | None,
    seconds: float | None,
    *,
    tied: bool,
) -> int:
    lines = TypedLines() if network else None
    with Children(cluster.data / "said") as children:

        def start(node: str) -> None:
            logged = ["--log", str(log / f"{node}.jsonl")] if log else []
            config = cluster.source if network is None else _view(network, node)
            children.start(node, [*serve_arguments(cluster, config, node), *logged])

        try:
            if lines is not None:
                lines.read(_end if tied else None)
            elif tied:
                tie_to_parent(_end)
            if network is not None:
                _start_network(network, children)
            for node in members.served:
                start(node)
            _wait_for_all(members, children)
            for node in members.served:
                tell(f"{node} at {shown_place(cluster.places[node])}, process {children.pid(node)}")
            count = len(members.served)
            tell(f"up: {count} nodes; counterpoint call --config {cluster.source} ...")
            if lines is None or network is None:
                return _watch(children, seconds, lambda: ())
            by_hand = HarmByHand(children, network, start)
            return _watch(children, seconds, lambda: _obey(by_hand, lines))
        except KeyboardInterrupt as stop:
            if tied:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end of input means nothing now
            tell("stopping")
            return exit_code_of(stop)


def _end() -> None:
    signal.raise_signal(signal.SIGTERM)


def _view(network: ClusterNetwork, node: str) -> Path:
    """Write the file of a cluster as a node sees it through a network, and return where it is."""
    folder = network.cluster.data / "views"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{node}.toml"
    file.write_text(cluster_text(network.seen_from(node)), encoding="utf-8")
    return file


def _start_network(network: ClusterNetwork, children: Children) -> None:
    children.start(PROXY, network.arguments)
    deadline = time.monotonic() + STARTING_SECONDS
    while "ready" not in children.said(PROXY):
        if children.exit_code(PROXY) is not None or time.monotonic() > deadline:
            tell(f"counterpoint: the network does not start: {children.said(PROXY)}", err=True)
            raise SystemExit(BROKEN)
        time.sleep(0.05)


def _obey(by_hand: HarmByHand, lines: TypedLines) -> Iterable[str]:
    """Do what was said meanwhile, and return the nodes that are down on purpose."""
    for line in lines.new():
        try:
            tell(by_hand.obey(line))
        except ClusterError as error:
            tell(f"counterpoint: {error}", err=True)
    return by_hand.down


def serve_arguments(cluster: Cluster, config: Path, node: str) -> list[str]:
    """Return the command that serves a node of a cluster, as a child of ours."""
    return [
        *COMMAND, "serve", cluster.system, "--config", str(config), "--data", str(cluster.data),
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


def _watch(children: Children, seconds: float | None, down: Callable[[], Iterable[str]]) -> int:
    """Wait until it is time, or a node ends that is not down on purpose."""
    deadline = None if seconds is None else time.monotonic() + seconds
    names = children.running
    while deadline is None or time.monotonic() < deadline:
        on_purpose = down()
        for name in names:
            code = children.exit_code(name)
            if code is not None and name not in on_purpose:
                tell(f"{name} ended with {code}: {children.said(name)}", err=True)
                return BROKEN
        time.sleep(0.1)
    return HOLDS
