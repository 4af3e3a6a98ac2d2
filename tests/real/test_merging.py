"""Logs of real nodes, merged into a trace of the simulator: accepted as they are, and not otherwise."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.cli import main as command
from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.fresh import fresh_cluster
from counterpoint.harness.live.live_history import BadLog
from counterpoint.harness.live.merging import Differs, merged
from counterpoint.harness.live.nodes import Members
from counterpoint.impl.register.messages import Read, Write
from counterpoint.impl.register.values import written
from counterpoint.impl.stores.words import Await, Found
from counterpoint.impl.stores.words import Write as WriteKey
from counterpoint.impl.transport.running_node import RunningNode
from counterpoint.model.search.replay import judge
from counterpoint.model.search.replay_file import replay
from counterpoint.model.tracefile import read_trace
from counterpoint.model.values import NodeId, Value
from tests.real.test_transport import access_of, run

pytestmark = pytest.mark.live


class Logged:
    """Nodes of a cluster that write logs."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.members, self.folder = Members(cluster), folder
        self.nodes: dict[NodeId, RunningNode] = {}

    async def start(self, *names: NodeId) -> None:
        for name in names:
            log = self.folder / f"{name}.jsonl"
            self.nodes[name] = RunningNode(self.members.settings(name, log=log, is_synced=False))
            await self.nodes[name].start()

    async def stop(self, *names: NodeId) -> None:
        for name in names or tuple(self.nodes):
            await self.nodes.pop(name).stop()

    async def call(self, client: NodeId, operation: Value) -> Value:
        return await asyncio.wait_for(self.nodes[client].call(operation), 30)


def register_logs(folder: Path) -> tuple[Cluster, list[Path]]:
    """A write, a server that is stopped and started again, and a read at it."""
    cluster = fresh_cluster("register", folder, settings={})

    async def main() -> None:
        here = Logged(cluster, folder / "logs")
        token = access_of(here.members).tokens[0]
        await here.start(*here.members.served, "c1", "c2")
        try:
            await here.call("c1", Write(1, "v1", 0, 2, 4, token.writer))
            await here.stop(token.readers[0])
            await here.start(token.readers[0])
            assert await here.call("c2", Read(1, token.readers[0])) == written("v1", 0, 2, 4)
        finally:
            await here.stop()

    run(main)
    return cluster, sorted((folder / "logs").glob("*.jsonl"))


def test_what_nodes_did_for_real_is_a_run_of_the_simulator(tmp_path: Path) -> None:
    cluster, logs = register_logs(tmp_path)
    out = tmp_path / "run.trace.jsonl"
    arguments = ["merge", *map(str, logs), "--config", str(cluster.source), "--out", str(out)]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    recorded = read_trace(out)
    trace = replay(recorded, rebuild(recorded.origin))
    kinds = [choice.kind for choice in trace.choices]
    assert {"call", "deliver", "crash", "restart"} <= set(kinds)
    assert kinds.count("call") == 2
    assert {verdict.outcome.value for verdict in judge(trace)} == {"holds"}


def test_a_store_whose_servers_were_started_again_was_only_slow(tmp_path: Path) -> None:
    cluster = fresh_cluster("causal_deps", tmp_path, settings={})

    async def main() -> None:
        here = Logged(cluster, tmp_path / "logs")
        await here.start("s1", "s2", "s3", "alice", "bob")
        try:
            await here.call("alice", WriteKey("x", "1"))
            await here.stop("s2")
            await here.start("s2")
            await here.call("bob", Await("x"))
        finally:
            await here.stop()

    run(main)
    trace = merged(cluster, sorted((tmp_path / "logs").glob("*.jsonl"))).trace
    assert "crash" not in {choice.kind for choice in trace.choices}
    answers = [event.value for event in trace.events if event.kind == "return"]
    assert isinstance(answers[-1], Found)
    assert answers[-1].copy is not None
    assert answers[-1].copy.value == "1"


def test_a_log_that_says_what_its_node_cannot_have_done_is_refused(tmp_path: Path) -> None:
    cluster, logs = register_logs(tmp_path)
    with pytest.raises(Differs, match=r"line .*: recv .* is not possible there"):
        merged(cluster, logs[1:])
    path = logs[0]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["ev"] == "recv":
            request = {"is": "Request", "client": "c1", "number": 9}
            line["body"] = {"is": "Answer", "request": request, "result": 7}
            break
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(
        Differs, match=r"c1, line \d+: recv answer\(c1.9, 7\) is not possible there"
    ):
        merged(cluster, logs)
    path.write_text("nonsense\n")
    with pytest.raises(BadLog, match=r"c1.jsonl:1: no line of a node's log"):
        merged(cluster, logs)


def test_so_many_steps_are_taken_as_are_asked_for(tmp_path: Path) -> None:
    cluster, logs = register_logs(tmp_path)
    whole = merged(cluster, logs)
    part = merged(cluster, logs, steps=5)
    assert whole.left == 0
    assert len(part.trace.choices) <= 6
    assert part.left > 10
