"""A node of ours that speaks Maelstrom's protocol: a system of the catalog behind JSON lines.

The process of node k runs server k of the system, and client k, which asks for what Maelstrom's clients
ask of it. What servers and clients send each other goes through the links of a real cluster, so that
what the network loses is sent again, and what it delivers too early is not taken. What a server
persists it keeps in memory: a node that is killed has lost it.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.hostings import hosting_of
from counterpoint.harness.maelstrom.own_words import KeyValueWords, words_of
from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.link import LinkView, messages_in, taken_with
from counterpoint.impl.host.node import Batch, Host
from counterpoint.model.values import NodeId

AGAIN_SECONDS = 0.5
"""What a peer has not taken by then is sent to it again."""

DEFAULT_DELAY = 0.3


class NoSuchNode(ValueError):
    """A node that the system does not have, or a first line that is no `init`. Says which."""


@dataclass
class OwnNode:
    """The server and the client of one node, their links, timers and questions."""

    system: str
    name: str
    names: tuple[str, ...]
    say: Callable[[str, Mapping[str, Any]], None]
    mutant: str | None = None
    deadlines: dict[tuple[NodeId, str], float] = field(default_factory=dict)
    hosts: dict[NodeId, Host] = field(default_factory=dict)
    _asked: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    _count: int = 0
    _again: float | None = None
    _untold: set[tuple[NodeId, NodeId]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.words: KeyValueWords = words_of(self.system)
        hosting = hosting_of(self.system)
        cluster = Cluster(
            self.system, {}, Path(), {"clients": str(len(self.names))}, self.mutant,
            access_text=self.words.access(len(self.names)),
        )  # fmt: skip
        built = hosting.build(cluster)
        servers, clients = hosting.served(built), hosting.clients(built)
        if len(servers) != len(self.names):
            raise NoSuchNode(f"{self.system} has {len(servers)} nodes, not {len(self.names)}")
        self._delays, place = hosting.delays, self.names.index(self.name)
        self.home = dict(zip((*servers, *clients), (*self.names, *self.names), strict=True))
        self.server, self.client = servers[place], clients[place]
        incarnation = random.getrandbits(60)
        for node in (self.server, self.client):
            codec = Codec(hosting.vocabulary)
            self.hosts[node] = Host(built, node, codec, incarnation=incarnation)
            self.hosts[node].start(0)
        self.pump()

    # ---- what comes in -------------------------------------------------------------------------------

    def hear(self, source: str, body: Mapping[str, Any]) -> None:
        """Take a message of a client or of another node."""
        if body["type"] == "link":
            self._take(body)
        else:
            self._ask(source, body)
        self.pump()

    def _ask(self, source: str, body: Mapping[str, Any]) -> None:
        operation = self.words.operation(body, self.server)
        if operation is None:
            text = f"{self.system} does not know {body['type']!r}"
            self._reply(source, body, {"type": "error", "code": 10, "text": text})
            return
        self._count += 1
        self._asked[self._count] = (source, body)
        self.hosts[self.client].ask(self._count, operation, 0)

    def _reply(self, to: str, asked: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        self.say(to, {**body, "in_reply_to": asked["msg_id"]})

    def _take(self, body: Mapping[str, Any]) -> None:
        source, to, data = body["from"], body["to"], b64decode(body["data"])
        host = self.hosts[to]
        link = host.link(source)
        if link.peer != body["mine"]:
            link.peer, link.taken = body["mine"], 0
        # What is before the first that waits was taken: if not by this node, then by what it was
        # before it was killed, and nobody will send it again.
        link.taken = max(link.taken, body["first"] - 1)
        if body["yours"] == host.incarnation:
            host.note_taken(source, taken_with(data))
        for number, message in messages_in(data):
            self._untold.add((to, source))
            if number > link.taken + 1:
                return  # one before it is late, or lost: all from there on is sent again
            host.receive(source, number, message, 0)

    def let_time_pass(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        for (node, timer), at in sorted(self.deadlines.items()):
            if at <= now:
                del self.deadlines[node, timer]
                self.hosts[node].fire(timer, 0)
        if self._again is not None and self._again <= now:
            self._again = None
            for host in self.hosts.values():
                for peer, link in host.links.items():
                    if link.waiting:
                        link.connect(LinkView(link.peer, host.incarnation, 0))
                        host.touch(peer)
        self.pump()

    @property
    def next_deadline(self) -> float | None:
        """When something is due next."""
        known = [*self.deadlines.values(), *([] if self._again is None else [self._again])]
        return min(known, default=None)

    # ---- what goes out -------------------------------------------------------------------------------

    def pump(self) -> None:
        """Do all that follows at once, until nothing does."""
        while any(self._pumped(host) for host in self.hosts.values()):
            pass
        for node, peer in tuple(self._untold):
            self._send(self.hosts[node], peer)
        is_waiting = any(link.waiting for h in self.hosts.values() for link in h.links.values())
        if is_waiting and self._again is None:
            self._again = time.monotonic() + AGAIN_SECONDS
        elif not is_waiting:
            self._again = None

    def _pumped(self, host: Host) -> bool:
        for _ in range(len(host.own)):
            host.receive_own(0)
        self._do(host.node, host.take())
        touched = host.take_touched()
        for peer in touched:
            self._send(host, peer)
        return bool(touched or host.own)

    def _do(self, node: NodeId, batch: Batch) -> None:
        for timer, is_armed in batch.timers.items():
            if is_armed:
                delay = self._delays.get(timer, DEFAULT_DELAY)
                self.deadlines.setdefault((node, timer), time.monotonic() + delay)
            else:
                self.deadlines.pop((node, timer), None)
        for ticket, result in batch.answers:
            source, asked = self._asked.pop(ticket)
            self._reply(source, asked, self.words.answer(asked, result))
        for ticket, failure in batch.failures:
            source, asked = self._asked.pop(ticket)
            self._reply(source, asked, {"type": "error", "code": 11, "text": failure})

    def _send(self, host: Host, peer: NodeId) -> None:
        """Send what a peer has not been sent yet, and how far its messages were taken."""
        link = host.link(peer)
        self._untold.discard((host.node, peer))
        while True:
            body = {
                "type": "link", "from": host.node, "to": peer, "mine": host.incarnation,
                "yours": link.peer, "first": link.first_waiting,
                "data": b64encode(link.unwritten()).decode(),
            }  # fmt: skip
            if self.home[peer] == self.name:
                self._take(body)
            else:
                self.say(self.home[peer], body)
            if not link.has_unwritten:
                return


# ---- standard input and output ---------------------------------------------------------------------


def run(system: str, mutant: str | None = None) -> None:
    """Be a node of a system until standard input ends.

    Raises:
        NoSuchNode: the first line is no `init`, or the system does not have so many nodes.
    """
    lines: Queue[str] = Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    node: OwnNode | None = None
    while True:
        try:
            line = lines.get(timeout=None if node is None else _patience(node))
        except Empty:
            assert node is not None
            node.let_time_pass()
            continue
        if not line:
            return
        message = json.loads(line)
        if node is None:
            node = _begun(system, mutant, message)
        else:
            node.hear(message["src"], message["body"])


def _begun(system: str, mutant: str | None, message: Mapping[str, Any]) -> OwnNode:
    body = message["body"]
    if body["type"] != "init":
        raise NoSuchNode(f"the first message is {body['type']!r}; it must be 'init'")
    name = body["node_id"]

    def say(to: str, what: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps({"src": name, "dest": to, "body": what}) + "\n")
        sys.stdout.flush()

    node = OwnNode(system, name, tuple(body["node_ids"]), say, mutant)
    say(message["src"], {"type": "init_ok", "in_reply_to": body["msg_id"]})
    return node


def _patience(node: OwnNode) -> float | None:
    at = node.next_deadline
    return None if at is None else max(at - time.monotonic(), 0.000_001)


def _read(lines: Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put("")
