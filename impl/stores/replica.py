"""What a server of either store keeps: its replica, its clients, and who is attached to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.impl.stores.words import (
    Answer,
    Applied,
    Arrived,
    Ask,
    Await,
    Copy,
    Found,
    Push,
    Request,
    Stamp,
    StoreResult,
    Version,
)
from counterpoint.model.node import Effect, Note, Send
from counterpoint.model.quick_init import quick_init, replace
from counterpoint.model.values import NodeId

Wins: TypeAlias = Callable[[Copy, Copy], bool]
"""Whether a copy that is applied now replaces the one that its key holds."""


@dataclass(frozen=True, slots=True)
class StoreDeployment:
    """The servers, in the order of their numbers, and the home server of each client.

    `pushes`: whether servers tell their clients of what they apply.
    """

    homes: tuple[tuple[NodeId, NodeId], ...]
    servers: tuple[NodeId, ...] = ("s1", "s2", "s3")
    pushes: bool = True

    @property
    def clients(self) -> tuple[NodeId, ...]:
        """The clients, in the order of the homes."""
        return tuple(client for client, _ in self.homes)

    def number(self, server: NodeId) -> int:
        """Return the number of a server, from 1."""
        return self.servers.index(server) + 1

    def others(self, server: NodeId) -> tuple[NodeId, ...]:
        """Return all other servers."""
        return tuple(other for other in self.servers if other != server)

    def home(self, client: NodeId) -> NodeId:
        """Return the home server of a client."""
        return dict(self.homes)[client]

    def attached(self, server: NodeId) -> tuple[NodeId, ...]:
        """Return the clients whose home a server is, as far as it has to tell them anything."""
        return tuple(sorted(c for c, home in self.homes if home == server and self.pushes))


@quick_init
@dataclass(frozen=True, slots=True)
class Replica:
    """The writes that are visible at a server, by stamp, and the copy that each key holds."""

    applied: frozenset[Stamp] = frozenset()
    copies: tuple[Copy, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.copies)) or "empty"

    def find(self, key: str) -> Found:
        """Return what a key holds."""
        return Found(key, self.held(key))

    def held(self, key: str) -> Copy | None:
        """Return the copy that a key holds, None if it holds nothing."""
        for copy in self.copies:
            if copy.version.key == key:
                return copy
        return None

    def lacks(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        """Return those versions that are not visible here."""
        return tuple(version for version in versions if version.stamp not in self.applied)

    def applying(self, copy: Copy, wins: Wins) -> Replica:
        """Return the replica with one more write visible."""
        applied = self.applied | {copy.version.stamp}
        held = self.held(copy.version.key)
        if held is not None and not wins(copy, held):
            return Replica(applied, self.copies)
        others = (c for c in self.copies if c.version.key != copy.version.key)
        return Replica(applied, tuple(sorted((*others, copy), key=lambda c: c.version.key)))


@quick_init
@dataclass(frozen=True, slots=True)
class Clients:
    """A server's dealings with clients.

    `requests` is the newest request of each, so that no copy of one is carried out again;
    `attached` are to be told of updates; `waiting` are requests that cannot be answered yet: from
    clients that want to be let in and have seen more than is visible here, or that await a key.
    """

    attached: tuple[NodeId, ...] = ()
    requests: tuple[Request, ...] = ()
    waiting: tuple[Ask, ...] = ()

    def is_new(self, request: Request) -> bool:
        """Tell whether a request is newer than all that came from its client."""
        for known in self.requests:  # one of each client
            if known.client == request.client:
                return known.number < request.number
        return True

    def having_heard(self, request: Request) -> Clients:
        """Return these dealings with a request as the newest of its client."""
        others = [r for r in self.requests if r.client != request.client]
        return replace(self, requests=tuple(sorted((*others, request))))

    def having_left(self, request: Request) -> Clients:
        """Return these dealings without a client, which attached itself elsewhere."""
        attached = tuple(client for client in self.attached if client != request.client)
        return replace(self.having_heard(request), attached=attached)

    def having_to_wait(self, ask: Ask) -> Clients:
        """Return these dealings with one more request to be answered when it can be."""
        waiting = sorted((*self.waiting, ask), key=lambda ask: ask.request)
        return replace(self.having_heard(ask.request), waiting=tuple(waiting))


NOTHING_YET = Replica()
"""A replica without any write."""

NOBODY = Clients()
"""No client that has come, or has asked anything."""


def made_visible(
    replica: Replica, copy: Copy, wins: Wins, attached: tuple[NodeId, ...]
) -> tuple[Replica, tuple[Effect, ...]]:
    """Apply a write to a replica, say so, and tell the attached clients."""
    after = replica.applying(copy, wins)
    held = after.held(copy.version.key)
    assert held is not None, f"{copy} was applied, and its key holds nothing"
    push = Push(len(after.applied), copy)
    return after, (Note(Applied(copy, held)), *(Send(client, push) for client in attached))


def answer_waiting(
    clients: Clients, replica: Replica, server: NodeId, *, pushes: bool
) -> tuple[Clients, tuple[Effect, ...]]:
    """Answer those waiting requests that can be answered by now, and attach who is let in."""
    if not clients.waiting:
        return clients, ()
    results = [(ask, _result(ask, replica, server)) for ask in clients.waiting]
    ready = [(ask.request, result) for ask, result in results if result is not None]
    arrived = [request.client for request, r in ready if isinstance(r, Arrived) and pushes]
    after = replace(
        clients,
        attached=tuple(sorted({*arrived, *clients.attached})),
        waiting=tuple(ask for ask, result in results if result is None),
    )
    return after, tuple(Send(r.client, Answer(r, result)) for r, result in ready)


def _result(ask: Ask, replica: Replica, server: NodeId) -> StoreResult | None:
    """Return the answer to a waiting request, None if it cannot be given yet."""
    if isinstance(ask.operation, Await):
        found = replica.find(ask.operation.key)
        return None if found.copy is None else found
    return None if replica.lacks(ask.context) else Arrived(server, len(replica.applied))
