"""Nodes of ours behind Maelstrom's protocol: on a network that loses and reorders, and as processes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.maelstrom import own_node
from counterpoint.harness.maelstrom.own_node import NoSuchNode, OwnNode
from counterpoint.harness.maelstrom.program_scenario import program_scenario
from counterpoint.model.search.walks.campaign import Budgets, Campaign

NAMES = ("n1", "n2", "n3")
Message = tuple[str, str, Mapping[str, Any]]


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Network:
    """Three nodes, and a network that delivers in any order and loses what it likes, for a while."""

    def __init__(self, system: str, clock: Clock, seed: int, mutant: str | None = None) -> None:
        self.clock, self.lots = clock, random.Random(seed)
        self.flying: list[Message] = []
        self.answers: dict[int, Mapping[str, Any]] = {}
        self.system, self.mutant = system, mutant
        self.nodes = {name: self.new(name) for name in NAMES}

    def new(self, name: str) -> OwnNode:
        return OwnNode(self.system, name, NAMES, self._say(name), self.mutant)

    def _say(self, name: str) -> Any:
        def say(to: str, body: Mapping[str, Any]) -> None:
            if to == "client":
                self.answers[body["in_reply_to"]] = body
            else:
                self.flying.append((name, to, json.loads(json.dumps(body))))

        return say

    def ask(self, number: int, node: str, **body: Any) -> None:
        self.nodes[node].hear("client", {**body, "msg_id": number})

    def run(self, *, loses: float) -> None:
        """Let everything arrive, and time pass while anything is due."""
        for _ in range(5_000):
            if self.flying:
                source, to, body = self.flying.pop(self.lots.randrange(len(self.flying)))
                if self.lots.random() >= loses:
                    self.nodes[to].hear(source, body)
                continue
            due = [at for node in self.nodes.values() if (at := node.next_deadline) is not None]
            if not due or (loses and self.clock.now > 20):
                return
            self.clock.now = max(self.clock.now, min(due))
            for node in self.nodes.values():
                node.let_time_pass()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(own_node, "time", found)
    return found


@pytest.mark.parametrize("system", ["register", "causal_deps", "causal_lamport"])
@pytest.mark.parametrize("seed", range(3))
def test_what_the_network_loses_is_sent_again_until_everybody_has_it(
    clock: Clock, system: str, seed: int
) -> None:
    network = Network(system, clock, seed)
    network.ask(1, "n1", type="write", key=0, value=[1, "x"])
    network.run(loses=0.4)
    network.run(loses=0.0)
    assert network.answers[1]["type"] == "write_ok"
    for number, name in enumerate(NAMES, start=2):
        network.ask(number, name, type="read", key=0)
    network.run(loses=0.0)
    assert [network.answers[n]["value"] for n in (2, 3, 4)] == [[1, "x"]] * 3
    assert not network.flying


@pytest.mark.parametrize("seed", range(3))
def test_a_node_that_was_killed_is_told_on_from_where_the_others_are(
    clock: Clock, seed: int
) -> None:
    """Messages that it had taken before are not sent to it again; those after them are taken."""
    network = Network("register", clock, seed)
    network.ask(1, "n2", type="write", key=0, value="before")
    network.run(loses=0.0)
    network.nodes["n1"] = network.new("n1")
    network.ask(2, "n2", type="write", key=0, value="after")
    network.ask(3, "n3", type="read", key=0)
    network.run(loses=0.3)
    network.run(loses=0.0)
    assert network.answers[2]["type"] == "write_ok"
    assert network.answers[3]["type"] == "read_ok"
    assert not network.flying


def test_what_a_system_does_not_know_and_what_was_never_written_are_errors(clock: Clock) -> None:
    network = Network("register", clock, 1)
    network.ask(1, "n2", type="cas", key=0, **{"from": 1, "to": 2})
    network.ask(2, "n2", type="write", key="a name", value=1)
    network.ask(3, "n2", type="read", key=5)
    network.run(loses=0.0)
    assert [network.answers[n]["code"] for n in (1, 2, 3)] == [10, 10, 20]


def test_a_store_has_three_nodes() -> None:
    with pytest.raises(NoSuchNode, match="causal_deps has 3 nodes, not 2"):
        OwnNode("causal_deps", "n1", ("n1", "n2"), lambda to, body: None)  # noqa: ARG005


def test_the_command_reads_lines_and_writes_lines() -> None:
    init = {"type": "init", "node_id": "n1", "node_ids": ["n1"], "msg_id": 1}
    said = [
        init,
        {"type": "write", "key": 3, "value": 7, "msg_id": 2},
        {"type": "read", "key": 3, "msg_id": 3},
    ]
    text = "".join(json.dumps({"src": "c1", "dest": "n1", "body": body}) + "\n" for body in said)
    done = CliRunner().invoke(main, ["maelstrom", "node", "register"], input=text)
    assert done.exit_code == 0, done.output
    bodies = [json.loads(line)["body"] for line in done.output.splitlines()]
    assert [body["type"] for body in bodies] == ["init_ok", "write_ok", "read_ok"]
    assert bodies[2]["value"] == 7


@pytest.mark.parametrize(
    ("system", "text", "why"),
    [
        (
            "token_manager",
            '{"type": "init", "node_id": "n1", "node_ids": ["n1"]}',
            "no key-value store",
        ),
        ("register", '{"type": "read"}', "the first message is 'read'; it must be 'init'"),
    ],
)
def test_what_cannot_be_a_node_says_why(system: str, text: str, why: str) -> None:
    line = f'{{"src": "c1", "dest": "n1", "body": {text}}}\n'
    done = CliRunner().invoke(main, ["maelstrom", "node", system], input=line)
    assert done.exit_code == 2
    assert why in done.output


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("system", "nemesis", "broken"),
    [("register", ("partition",), None), ("causal_deps", (), "linearizability")],
)
def test_our_nodes_are_programs_like_any_other(
    tmp_path: Path, system: str, nemesis: tuple[str, ...], broken: str | None
) -> None:
    """A causal store promises no linearizability, and does not have it."""
    file = tmp_path / "node"
    file.write_text(f"#!/bin/sh\nexec counterpoint maelstrom node {system}\n")
    file.chmod(0o755)
    campaign = Campaign(program_scenario("lin-kv", file, nemesis=nemesis), seed=0)
    for _ in campaign.search(Budgets(8, None)):
        pass
    example = campaign.counterexample()
    assert (None if example is None else example.verdict.property) == broken
