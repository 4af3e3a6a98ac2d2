"""Hosted nodes without a network: batches, users, crashes, journals; a world is the twin."""

from __future__ import annotations

from typing import Any

import pytest

from counterpoint.harness.live.live_history import KINDS
from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.link import MESSAGE_BYTES_MAX, messages_in
from counterpoint.impl.host.msgpack import BadBytes
from counterpoint.impl.host.node import ASKS_MAX, CALL_EVENTS, Host, InputRejected
from counterpoint.impl.register.access import DEMO, load_access
from counterpoint.impl.register.messages import Answer, Ask, Read, Request, Stored, Write
from counterpoint.impl.register.protocol import ReplicatedRegister, Shelf
from counterpoint.impl.register.values import written
from counterpoint.impl.register.vocabulary import REGISTER as REGISTER_WORDS
from counterpoint.impl.stores import words
from counterpoint.impl.stores.causal_deps import CausalDeps
from counterpoint.impl.stores.replica import StoreDeployment
from counterpoint.impl.stores.vocabulary import CAUSAL_DEPS
from counterpoint.model.values import NodeId, Value

REGISTER = ReplicatedRegister(load_access(DEMO).only(4), ("c1", "c2"))
STORE = CausalDeps(StoreDeployment((("alice", "s1"), ("bob", "s2"))))
WRITE = Write(4, "abc", 5, 25, 100, "s50052")


class Cluster:
    """All nodes of a system, and messages that are carried when a test says so."""

    def __init__(self, system: Any, vocabulary: tuple[type, ...], *, journal: bool = False) -> None:
        self.system, self.codec, self.journal = system, Codec(vocabulary), journal
        self.hosts: dict[NodeId, Host] = {}
        self.answers: list[Value] = []
        self.failures: list[str] = []
        self.durable: dict[NodeId, bytes] = {}
        self.journals: dict[NodeId, list[bytes]] = {}
        for number, node in enumerate(system.nodes, start=1):
            self.hosts[node] = self.new(node, number)
            self.hosts[node].start(0)
            self.hosts[node].take()
            self.journals[node] = [self.hosts[node].snapshot()] if journal else []

    def new(self, node: NodeId, incarnation: int) -> Host:
        return Host(
            self.system, node, self.codec,
            incarnation=incarnation, keeps_journal=self.journal, log="everything",
        )  # fmt: skip

    def flush(self, node: NodeId) -> tuple[dict[str, Any], ...]:
        batch = self.hosts[node].take()
        self.durable |= dict.fromkeys([node][: len(batch.durable)], b"".join(batch.durable))
        self.journals[node] += batch.journal
        self.answers += [result for _, result in batch.answers]
        self.failures += [why for _, why in batch.failures]
        return batch.lines

    def carry(self, source: NodeId, to: NodeId) -> int:
        """Take over a new connection all that one node has for another; return how much was new."""
        sender, receiver = self.hosts[source], self.hosts[to]
        if source == to:
            count = len(sender.own)
            for _ in range(count):
                sender.receive_own(1)
            return count
        ours, theirs = sender.link(to), receiver.link(source)
        ours.connect(theirs.view)
        theirs.connect(ours.view)
        before = theirs.taken
        while ours.has_unwritten:
            for number, body in messages_in(ours.unwritten()):
                receiver.receive(source, number, body, 1)
        self.flush(to)
        return theirs.taken - before

    def settle(self, *without: NodeId) -> None:
        """Carry everything between all nodes but these, until nothing is left."""
        nodes = [node for node in self.system.nodes if node not in without]
        while sum(self.carry(one, other) for one in nodes for other in nodes):
            pass


def register() -> Cluster:
    return Cluster(REGISTER, REGISTER_WORDS)


def test_a_write_is_answered_with_its_partial_value_and_a_read_returns_it() -> None:
    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    cluster.settle()
    cluster.hosts["c2"].ask(1, Read(4, "s50054"), 0)
    cluster.settle()
    assert cluster.answers == [902613196918738813, written("abc", 5, 25, 100)]


def test_a_log_of_calls_alone_tells_what_a_whole_log_tells_of_them() -> None:
    """Line for line but for their numbers; and it tells all that a history is made of."""
    told = []
    for log in ("everything", "calls", "nothing"):
        host = Host(REGISTER, "c1", Codec(REGISTER_WORDS), incarnation=1, log=log)
        host.start(0)
        host.ask(1, WRITE, 1)
        host.link("s50052").peer = 1
        answer = Codec(REGISTER_WORDS).encode(Answer(Request("c1", 1), 7))
        host.receive("s50052", 1, answer, 2)
        host.crash(3)
        host.recover(1, 4)
        told.append([{**line, "n": 0} for line in host.take().lines])
    everything, calls, nothing = told
    assert calls == [line for line in everything if line["ev"] in KINDS]
    assert [line["ev"] for line in calls] == ["invoke", "return", "crash", "recover"]
    assert set(KINDS) == CALL_EVENTS
    assert not nothing


def test_a_write_takes_eight_messages_and_a_read_ten_and_none_is_sent_twice() -> None:
    """A writer that keeps no record asks three readers; a reader asks the two others."""

    def sent(cluster: Cluster) -> int:
        return sum(link.sent for host in cluster.hosts.values() for link in host.links.values())

    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    cluster.settle()
    assert sent(cluster) == 1 + 3 + 3 + 1
    cluster.hosts["c2"].ask(1, Read(4, "s50054"), 0)
    cluster.settle()
    assert sent(cluster) == 8 + 1 + 2 + 2 + 2 + 2 + 1


def test_what_was_persisted_comes_before_what_rests_on_it() -> None:
    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    cluster.flush("c1")
    cluster.carry("c1", "s50052")
    assert cluster.codec.decode(cluster.durable["s50052"]) == Shelf(1, (Request("c1", 1),))


def test_a_killed_server_goes_on_with_what_it_has_persisted() -> None:
    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    cluster.settle()
    for number, node in enumerate(REGISTER.access.servers, start=100):
        cluster.hosts[node] = cluster.new(node, number)
        cluster.hosts[node].recover(cluster.codec.decode(cluster.durable[node]), 5)
    cluster.hosts["c2"].ask(1, Read(4, "s50053"), 5)
    cluster.settle()
    assert cluster.answers[-1] == written("abc", 5, 25, 100)


def test_a_client_that_gave_up_asks_again_under_another_number() -> None:
    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    cluster.flush("c1")
    cluster.hosts["c1"].crash(1)
    cluster.hosts["c1"].recover(cluster.hosts["c1"].node_state.durable, 1)
    cluster.hosts["c1"].ask(2, Read(4, "s50053"), 2)
    cluster.settle()
    assert len(cluster.answers) == 1, "the first call was given up, so nobody is told of it"
    state: Any = cluster.hosts["s50053"].node_state.state
    assert state.shelf.requests == (Request("c1", 2),)


def test_users_of_a_busy_node_wait_in_line_and_not_for_ever() -> None:
    cluster = register()
    for ticket in range(ASKS_MAX + 2):
        cluster.hosts["c1"].ask(ticket, Read(4, "s50053"), 0)
    cluster.flush("c1")
    assert cluster.failures == [f"{ASKS_MAX} calls wait for c1 already"]
    cluster.settle()
    assert cluster.answers == [None] * (ASKS_MAX + 1)


def test_a_message_that_nobody_sends_by_the_protocol_leaves_the_node_as_it_was() -> None:
    cluster = register()
    server = cluster.hosts["s50053"]
    before = server.node_state
    wrong = cluster.codec.encode(Ask(Request("c1", 1), Read(4, "s50054")))
    with pytest.raises(InputRejected, match="s50053 was asked for read"):
        server.receive("c1", 1, wrong, 0)
    with pytest.raises(BadBytes):
        server.receive("c1", 2, b"\xc1", 0)
    assert server.node_state == before
    server.receive("s50052", 1, cluster.codec.encode(Stored(Request("c9", 1))), 0)
    server.ask(1, Read(4, "s50053"), 0)
    cluster.flush("s50053")
    assert "cannot be asked this" in cluster.failures[0]


def test_a_message_that_comes_twice_is_taken_once() -> None:
    cluster = register()
    ask = cluster.codec.encode(Ask(Request("c1", 1), Read(4, "s50053")))
    for _ in range(2):
        cluster.hosts["s50053"].receive("c1", 1, ask, 0)
    assert len(cluster.hosts["s50053"].own) == 1


def test_a_log_tells_everything_with_numbers_that_have_no_gap() -> None:
    cluster = register()
    cluster.hosts["c1"].ask(1, WRITE, 0)
    lines = cluster.flush("c1")
    assert [line["ev"] for line in lines] == ["invoke", "persist", "send"]
    assert [line["n"] for line in lines] == [2, 3, 4], "the first line was the start"
    cluster.hosts["s50052"].receive("c1", 1, cluster.codec.encode(Ask(Request("c1", 1), WRITE)), 9)
    assert cluster.flush("s50052")[0] | {"body": ""} == {
        "node": "s50052", "n": 2, "ev": "recv", "t": 9, "from": "c1", "msg": "c1.0-s50052-1", "body": "",
    }  # fmt: skip


# ---- nodes that are never lost -------------------------------------------------------------------


def counts(host: Host) -> dict[NodeId, tuple[int, int]]:
    """How many messages went each way on each link that was used."""
    links = sorted(host.links.items())
    return {peer: (link.sent, link.taken) for peer, link in links if link.sent or link.taken}


def store() -> Cluster:
    return Cluster(STORE, CAUSAL_DEPS, journal=True)


def story(cluster: Cluster) -> None:
    cluster.hosts["alice"].ask(1, words.Write("lost", "ring"), 1)
    cluster.settle()
    cluster.hosts["alice"].ask(2, words.Write("found", "ring"), 2)
    cluster.settle("s3")
    cluster.hosts["bob"].ask(1, words.Read("found"), 3)
    cluster.settle("s3")


@pytest.mark.parametrize("node", STORE.nodes)
def test_a_node_is_what_its_journal_says(node: NodeId) -> None:
    cluster = store()
    story(cluster)
    again = cluster.new(node, 77)
    again.restore(cluster.journals[node])
    before = cluster.hosts[node]
    assert again.node_state == before.node_state
    assert again.incarnation == before.incarnation
    assert again.line_count == before.line_count
    assert counts(again) == counts(before)


def test_a_journal_can_begin_again_with_what_the_node_is_now() -> None:
    cluster = store()
    story(cluster)
    again = cluster.new("s3", 77)
    again.restore([cluster.hosts["s3"].snapshot()])
    assert again.snapshot() == cluster.hosts["s3"].snapshot()


def test_to_others_a_node_with_a_journal_was_only_slow() -> None:
    cluster = store()
    story(cluster)
    for node in STORE.nodes:
        again = cluster.new(node, 77)
        again.restore(cluster.journals[node])
        again.take()
        cluster.hosts[node] = again
    cluster.settle()
    cluster.hosts["bob"].ask(2, words.Write("glad", "bob"), 4)
    cluster.settle()
    state: Any = cluster.hosts["s3"].node_state.state
    held = {copy.version.key for copy in state.replica.copies}
    assert held == {"lost", "found", "glad"}


def test_a_journal_of_something_else_is_refused() -> None:
    cluster = store()
    with pytest.raises(BadBytes, match="record 0 of the journal"):
        cluster.new("s3", 77).restore([cluster.codec.encode(("nonsense",))])


def test_what_cannot_be_sent_is_refused_and_the_node_is_as_it_was() -> None:
    cluster = register()
    host = cluster.hosts["c1"]
    for number, name in enumerate(("x" * (MESSAGE_BYTES_MAX + 1), "half a \ud800 character")):
        before = host.node_state
        host.ask(number, Write(4, name, 5, 25, 100, "s50052"), 0)
        assert host.node_state == before
        assert not host.take_touched()
    cluster.flush("c1")
    assert "has 1,048,6" in cluster.failures[0]
    assert "cannot be sent" in cluster.failures[1]
    host.ask(3, WRITE, 0)
    cluster.settle()
    assert cluster.answers == [902613196918738813]
