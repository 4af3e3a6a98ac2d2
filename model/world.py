"""The world: every node, every message on its way, and the conditions under which they run.

A world is a frozen value. An `Action` says which moves are legal in it and asks for one; `Move`
makes the next world. Nothing else in a run is a choice.

What is in the identity of a world: the nodes' states, their timers, durable parts and calls to come,
the messages in flight as a multiset, the conditions. What is not: identities and counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from warnings import warn

from counterpoint.model.event import Event, EventKind
from counterpoint.model.exact import distinct, is_same, made_of, without
from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import Action, Content
from counterpoint.model.legality import lane_of
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from counterpoint.model.reaction import NodeState, react
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import NodeId, Value

__all__ = ["Action", "Content", "Flight", "Moved", "World", "WorldMover", "begin", "oldest"]


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
    """Everything at one moment of a run.

    `node_states`, `calls` and `latest` are in the order of the nodes.
    `flights` are the messages on their way, oldest first, `held` those that wait for their release.
    `calls` holds the number of the operation under way at each node, `latest` the identity of the
    last event there. `step`, `next_*` and all identities are bookkeeping, no part of `identity`.
    """

    scenario: Scenario
    node_states: tuple[NodeState, ...]
    flights: tuple[Flight, ...] = ()
    held: tuple[Flight, ...] = ()
    conditions: FaultState = field(default_factory=FaultState)
    calls: tuple[int | None, ...] = ()
    latest: tuple[int, ...] = ()
    step: int = 0
    next_message: int = 1
    next_event: int = 0
    next_operation: int = 1

    def node_state(self, node: NodeId) -> NodeState:
        """Return the node state of a node."""
        return self.node_states[self.scenario.index[node]]

    def core(self, node: NodeId) -> NodeState:
        """Return all there is of one node: the former name of `node_state`."""
        warn("World.core is World.node_state now", DeprecationWarning, stacklevel=2)
        return self.node_state(node)

    def mover(self, conditions: FaultState) -> WorldMover:
        """Return what makes the next world, with these conditions to begin with."""
        move = WorldMover(self)
        move.conditions = conditions
        return move

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
        return distinct(flight.content for flight in self.flights if flight.dst == at)

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way."""
        return any(is_same(flight.content, content) for flight in self.flights)

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link, or lane, has this content."""
        network = self.scenario.network
        lane = lane_of(network, content)
        if network == "lanes" and any(lane_of(network, f.content) == lane for f in self.held):
            return False
        first = next((f for f in self.flights if lane_of(network, f.content) == lane), None)
        return first is not None and is_same(first.content, content)

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
        node_states = (self.node_states, made_of(self.node_states))
        held = frozenset(Counter(map(_exactly, self.held)).items())
        if self.scenario.network != "unordered":
            links: dict[Value, list[Value]] = {}
            for flight in flights:
                lane = lane_of(self.scenario.network, flight.content)
                links.setdefault(lane, []).append((flight.body, made_of(flight.body)))
            lanes = frozenset((link, tuple(bodies)) for link, bodies in links.items())
            return (node_states, lanes, held, self.conditions)
        cargo = frozenset(Counter(map(_exactly, flights)).items())
        return (node_states, cargo, held, self.conditions)


def oldest(flights: Iterable[Flight], content: Content) -> Flight:
    """Return the first of these messages that has this content."""
    for flight in flights:
        if is_same(flight.content, content):
            return flight
    raise LookupError(f"no message {content!r} is on its way")


def _exactly(flight: Flight) -> Value:
    return flight.content, made_of(flight.content)


def _place_of(flights: Sequence[Flight], flight: Flight) -> int:
    """Return where a message is, itself: another may be equal to it."""
    return next(place for place, other in enumerate(flights) if other is flight)


def _take(flights: list[Flight], flight: Flight) -> None:
    del flights[_place_of(flights, flight)]


@dataclass(frozen=True, slots=True)
class Moved:
    """The outcome of an action: the next world, and what happened on the way."""

    world: World
    events: tuple[Event, ...]


class WorldMover:
    """The mover of worlds: collects the changes of one action, and the events that tell of them.

    A message is named by its content, which means the oldest such message, or is a `Flight`.
    """

    def __init__(self, world: World, *, step: int | None = None) -> None:
        self._world = world
        self._step = world.step if step is None else step
        self._node_states = list(world.node_states)
        self._calls = list(world.calls)
        self._latest = list(world.latest)
        self._flights = list(world.flights)
        self._held = list(world.held)
        self._next_message = world.next_message
        self._next_operation = world.next_operation
        self._has_lanes = world.scenario.network == "lanes"
        self._effects_max: int | None = None
        self._events: list[Event] = []
        self.conditions = world.conditions

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node of the system."""
        return self._world.scenario.system.nodes

    def node_state(self, node: NodeId) -> NodeState:
        """Return all there is of one node, as it is by now."""
        return self._node_states[self._world.scenario.index[node]]

    def on_the_way(self, to: NodeId) -> Sequence[Content]:
        """Return the messages on their way to a node, oldest first, as they are by now."""
        return [flight.content for flight in self._flights if flight.dst == to]

    def log(
        self,
        kind: EventKind,
        node: NodeId | None = None,
        *,
        flight: Flight | None = None,
        causes: tuple[int, ...] = (),
        operation: str | None = None,
        value: Value = None,
        why: str | None = None,
    ) -> int:
        """Record an event and return its identity; an event of a node follows that node's last one."""
        identity = self._world.next_event + len(self._events)
        if node is not None:
            index = self._world.scenario.index[node]
            if self._latest[index] >= 0:
                causes = (self._latest[index], *causes)
            self._latest[index] = identity
        message, src, dst = (flight.id, flight.src, flight.dst) if flight else (None, None, None)
        self._events.append(
            Event(
                identity, self._step, kind, node, causes, message, src, dst, operation, value, why
            )
        )
        return identity

    def _sent(self, message: Flight | Content) -> Flight:
        return message if isinstance(message, Flight) else oldest(self._flights, message)

    def take(self, message: Flight | Content) -> None:
        """Take a message off the network."""
        _take(self._flights, self._sent(message))

    def hold(self, message: Flight | Content) -> None:
        """Hold a message back."""
        flight = self._sent(message)
        _take(self._flights, flight)
        self._held.append(flight)
        self.log("hold", flight=flight, causes=(flight.sent,), value=flight.body)

    def exchange(self, message: Flight | Content, bodies: Sequence[Value]) -> None:
        """Put messages of these bodies where one was on its way, in this order, as copies of it."""
        flight = self._sent(message)
        position = _place_of(self._flights, flight)
        self._flights[position : position + 1] = [replace(flight, body=body) for body in bodies]
        self.log("exchange", flight=flight, causes=(flight.sent,), value=tuple(bodies))

    def release(self, message: Flight | Content) -> None:
        """Let a held message go on its way, behind those that passed it; first of all in its lane."""
        flight = message if isinstance(message, Flight) else oldest(self._held, message)
        _take(self._held, flight)
        self._flights.insert(0 if self._has_lanes else len(self._flights), flight)
        self.log("release", flight=flight, causes=(flight.sent,), value=flight.body)

    def release_all(self) -> None:
        """Let every held message go on its way; who says why says it of all of them."""
        end = 0 if self._has_lanes else len(self._flights)
        self._flights[end:end] = self._held
        self._held.clear()

    def send(self, src: NodeId, dst: NodeId, body: Value) -> None:
        """Put a new message on its way."""
        flight = Flight(self._next_message, src, dst, body, sent=-1)
        sent = self.log("send", src, flight=flight, value=body)
        self._flights.append(replace(flight, sent=sent))
        self._next_message += 1

    def copy(self, message: Flight | Content) -> None:
        """Put a second copy of a message on its way; it keeps the identity of the first."""
        flight = self._sent(message)
        self.log("duplicate", flight=flight, causes=(flight.sent,), value=flight.body)
        self._flights.append(flight)

    def lose(self, message: Flight | Content, why: str) -> None:
        """Take a message off the network, for good."""
        flight = self._sent(message)
        _take(self._flights, flight)
        self.log("lose", flight=flight, causes=(flight.sent,), value=flight.body, why=why)

    def begin(self, client: NodeId, operation: Value) -> None:
        """Let a client begin the next of its calls that asks for this operation."""
        todo = self._node_states[self._world.scenario.index[client]].todo
        self.call(client, operation, without(todo, operation))
        self.give(client, Invoke(operation))

    def call(self, node: NodeId, operation: Value, todo: tuple[Value, ...]) -> None:
        """Note an operation as begun at a node, with these calls left to come."""
        index = self._world.scenario.index[node]
        self._node_states[index] = replace(self._node_states[index], todo=todo, pending=operation)
        self._open(node, index, operation)

    def _open(self, node: NodeId, index: int, operation: Value) -> None:
        self._calls[index] = self._next_operation
        self._next_operation += 1
        self.log("invoke", node, operation=f"o{self._calls[index]}", value=operation)

    def disarm(self, node: NodeId, timer: str) -> None:
        """Take a timer that goes off from the armed ones."""
        index = self._world.scenario.index[node]
        node_state = self._node_states[index]
        self._node_states[index] = replace(
            node_state, timers=tuple(t for t in node_state.timers if t != timer)
        )

    def expire(self, node: NodeId, timer: str) -> None:
        """Let an armed timer go off."""
        self.disarm(node, timer)
        self.log("timer", node, value=timer)
        self.give(node, Timeout(timer))

    def recover(self, node: NodeId) -> None:
        """Let a node that was down run again, with what it had persisted."""
        self.log("recover", node)
        self.give(node, Recover(self._node_states[self._world.scenario.index[node]].durable))

    def tearing(self, effects: int) -> WorldMover:
        """Let the next input break off after so many of its effects."""
        self._effects_max = effects
        return self

    def deliver(self, message: Flight | Content) -> None:
        """Give a message to its receiver, and say so if nothing came of it."""
        flight = self._sent(message)
        _take(self._flights, flight)
        arrived = self.log(
            "deliver", flight.dst, flight=flight, causes=(flight.sent,), value=flight.body
        )
        if not self.give(flight.dst, Receive(flight.src, flight.body)):
            position = arrived - self._world.next_event
            self._events[position] = replace(self._events[position], why="ignored")

    def crash(self, node: NodeId) -> None:
        """Blank what a node does not survive: its state, its timers, its operation under way."""
        index = self._world.scenario.index[node]
        number = self._calls[index]
        self.log("crash", node, operation=None if number is None else f"o{number}")
        node_state, initial = self._node_states[index], self._world.scenario.initial_states[node]
        self._node_states[index] = NodeState(initial, node_state.durable, (), node_state.todo, None)
        self._calls[index] = None

    def give(self, node: NodeId, given: Input) -> bool:
        """Give an input to a node, and tell whether anything came of it."""
        scenario = self._world.scenario
        index = scenario.index[node]
        before = self._node_states[index]
        reaction = react(scenario.system, node, before, given, effects_max=self._effects_max)
        self._effects_max = None
        self._node_states[index] = reaction.node_state
        for effect in reaction.effects:
            self._log_effect(node, index, effect)
        if scenario.role_of is not None:
            self._note_role(node, index, reaction.node_state.state)
        return bool(reaction.effects) or not is_same(reaction.node_state, before)

    def _log_effect(self, node: NodeId, index: int, effect: Effect) -> None:
        match effect:
            case Send(to, body):
                self.send(node, to, body)
            case SetTimer(timer):
                self.log("set-timer", node, value=timer)
            case CancelTimer(timer):
                self.log("cancel-timer", node, value=timer)
            case Begin(operation):
                self._open(node, index, operation)
            case Return(result):
                self.log("return", node, operation=f"o{self._calls[index]}", value=result)
                self._calls[index] = None
            case Persist(value):
                self.log("persist", node, value=value)
            case Note(what):
                self.log("note", node, value=what)

    def _note_role(self, node: NodeId, index: int, state: Value) -> None:
        assert self._world.scenario.role_of is not None
        role = self._world.scenario.role_of(node, state)
        roles = self.conditions.roles
        if roles and roles[index] != role:
            self.log("role", node, value=role, why=roles[index])
            self.conditions = self.conditions.with_role(index, role)

    def done(self) -> Moved:
        """Return the next world and the events."""
        world = self._world
        after = World(
            world.scenario,
            tuple(self._node_states),
            tuple(self._flights),
            tuple(self._held),
            self.conditions,
            tuple(self._calls),
            tuple(self._latest),
            self._step + 1,
            self._next_message,
            world.next_event + len(self._events),
            self._next_operation,
        )
        return Moved(after, tuple(self._events))


def begin(scenario: Scenario) -> Moved:
    """Return the world in which every node has started, and the events of the start."""
    nodes = scenario.system.nodes
    states = scenario.initial_states
    node_states = tuple(
        NodeState(states[node], todo=tuple(scenario.fixed_calls.get(node, ()))) for node in nodes
    )
    roles = tuple(
        scenario.role_of(n, node_state.state) for n, node_state in zip(nodes, node_states, strict=True)
    ) if scenario.role_of else ()  # fmt: skip
    blank = World(
        scenario,
        node_states,
        conditions=FaultState(roles=roles),
        calls=(None,) * len(nodes),
        latest=(-1,) * len(nodes),
    )
    move = WorldMover(blank, step=-1)
    for node in nodes:
        move.log("start", node)
        move.give(node, Start())
    return move.done()
