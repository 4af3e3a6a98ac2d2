"""The world: every node, every message on its way, and the conditions under which they run.

A world is a frozen value. An `Action` says which moves are legal in it and asks for one; `Move`
makes the next world. Nothing else in a run is a choice.

What is in the identity of a world: the nodes' states, their timers, durable parts and calls to come,
the messages in flight as a multiset, the conditions. What is not: identities and counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterpoint.model.conditions import FaultState
from counterpoint.model.event import Event
from counterpoint.model.kind import Action, Content
from counterpoint.model.reaction import NodeState
from counterpoint.model.values import NodeId, Value

if TYPE_CHECKING:
    from counterpoint.model.scenario import Scenario

__all__ = ["Action", "Content", "Flight", "Moved", "World", "oldest"]


@dataclass(frozen=True, slots=True)
class Flight:
    """A message on its way; `sent` is the event that sent it."""

    id: int
    src: NodeId
    dst: NodeId
    body: Value
    sent: int

    @property
    def content(self) -> Content:
        """What the message says and between whom, without its identity."""
        return (self.src, self.dst, self.body)


@dataclass(frozen=True, slots=True)
class World:
    """Everything at one moment of a run. `cores`, `calls` and `latest` are in the order of the nodes.

    `flights` are the messages on their way, oldest first, `held` those that wait for their release.
    `calls` holds the number of the operation under way at each node, `latest` the identity of the
    last event there. `step`, `next_*` and all identities are bookkeeping, no part of `identity`.
    """

    scenario: Scenario
    cores: tuple[NodeState, ...]
    flights: tuple[Flight, ...] = ()
    held: tuple[Flight, ...] = ()
    conditions: FaultState = field(default_factory=FaultState)
    calls: tuple[int | None, ...] = ()
    latest: tuple[int, ...] = ()
    step: int = 0
    next_message: int = 1
    next_event: int = 0
    next_operation: int = 1

    def core(self, node: NodeId) -> NodeState:
        """Return the core of a node."""
        return self.cores[self.scenario.index[node]]

    def is_up(self, node: NodeId) -> bool:
        """Tell whether a node is running."""
        return node not in self.conditions.down

    def role(self, node: NodeId) -> str:
        """Return the present role of a node."""
        return self.conditions.roles[self.scenario.index[node]]

    def addressed_to(self, node: NodeId) -> tuple[Flight, ...]:
        """Return the messages on their way to a node, oldest first."""
        return tuple(flight for flight in self.flights if flight.dst == node)

    def waiting(self, at: NodeId) -> Iterable[Content]:
        """Return each content on its way to a node once, oldest first, cut off or not."""
        return dict.fromkeys(flight.content for flight in self.flights if flight.dst == at)

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way."""
        return any(flight.content == content for flight in self.flights)

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link has this content."""
        link = content[:2]
        oldest_of_link = next((f for f in self.flights if (f.src, f.dst) == link), None)
        return oldest_of_link is not None and oldest_of_link.content == content

    def held_at(self, at: NodeId) -> Iterable[Content]:
        """Return the messages held back on their way to a node, oldest first."""
        return [flight.content for flight in self.held if flight.dst == at]

    @property
    def identity(self) -> Value:
        """A hashable value, equal for two worlds exactly when they have the same futures.

        Messages from and to nodes that stay silent for good have none, however many are sent again.
        """
        gone = self.conditions.settled or ()
        flights = [f for f in self.flights if f.src not in gone and f.dst not in gone]
        held = frozenset(Counter(flight.content for flight in self.held).items())
        if self.scenario.network == "ordered":
            links: dict[tuple[NodeId, NodeId], list[Value]] = {}
            for flight in flights:
                links.setdefault((flight.src, flight.dst), []).append(flight.body)
            lanes = frozenset((link, tuple(bodies)) for link, bodies in links.items())
            return (self.cores, lanes, held, self.conditions)
        cargo = frozenset(Counter(flight.content for flight in flights).items())
        return (self.cores, cargo, held, self.conditions)


def oldest(flights: Iterable[Flight], content: Content) -> Flight:
    """Return the first of these messages that has this content."""
    for flight in flights:
        if flight.content == content:
            return flight
    raise LookupError(f"no message {content!r} is on its way")


@dataclass(frozen=True, slots=True)
class Moved:
    """The outcome of an action: the next world, and what happened on the way."""

    world: World
    events: tuple[Event, ...]
