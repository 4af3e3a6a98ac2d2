"""The world: every node, every message on its way, and the conditions under which they run.

A world is a frozen value. `Move` is the only code that makes the next one; an `Action` says which
moves are legal and asks for one. Nothing else in a run is a choice.

What is in the identity of a world: the nodes' states, their timers, durable parts and calls to come,
the messages in flight as a multiset, the conditions. What is not: identities and counters.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Note,
    Persist,
    Receive,
    Return,
    Send,
    SetTimer,
    Start,
    System,
)
from counterpoint.model.trace import Event, EventKind
from counterpoint.model.values import NodeId, Value

if TYPE_CHECKING:
    from counterpoint.model.scenario import Scenario

Content: TypeAlias = tuple[NodeId, NodeId, Value]
"""A message by content: source, destination, body. Messages of equal content are interchangeable."""


@dataclass(frozen=True, slots=True)
class Core:
    """One node: its state, what it persisted, its armed timers, its calls to come and under way."""

    state: Value
    durable: Value = None
    timers: tuple[str, ...] = ()
    todo: tuple[Value, ...] = ()
    pending: Value = None


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
class Conditions:
    """What the scheduler has done to the network and the nodes so far.

    `down` nodes have crashed, `silent` ones lose messages that they should send or receive; `cuts`
    are the partitions in force; `roles` the role of each node, in the order of the nodes; `spent`
    counts what was used of each budget; `settled` is None until the faults have stopped, then the
    nodes that stay silent for good.
    """

    down: tuple[NodeId, ...] = ()
    silent: tuple[NodeId, ...] = ()
    cuts: tuple[Partition, ...] = ()
    roles: tuple[str, ...] = ()
    spent: tuple[tuple[str, int], ...] = ()
    settled: tuple[NodeId, ...] | None = None

    @property
    def failed(self) -> tuple[NodeId, ...]:
        """The nodes that are down or silent, sorted."""
        return tuple(sorted({*self.down, *self.silent}))

    def count(self, kind: str) -> int:
        """Return how often a kind of fault was used."""
        return next((used for name, used in self.spent if name == kind), 0)

    def with_one_more(self, kind: str) -> Conditions:
        """Return these conditions with one more use of a kind counted."""
        counts = dict(self.spent)
        counts[kind] = counts.get(kind, 0) + 1
        return replace(self, spent=tuple(sorted(counts.items())))

    def after_crash(self, node: NodeId) -> Conditions:
        """Return these conditions with a node down."""
        return replace(self, down=tuple(sorted({*self.down, node})))

    def after_restart(self, node: NodeId) -> Conditions:
        """Return these conditions with a node up again."""
        return replace(self, down=tuple(other for other in self.down if other != node))

    def with_silent(self, node: NodeId) -> Conditions:
        """Return these conditions with a node that loses messages."""
        return replace(self, silent=tuple(sorted({*self.silent, node})))

    def after_mend(self, node: NodeId) -> Conditions:
        """Return these conditions with a silent node well again."""
        return replace(self, silent=tuple(other for other in self.silent if other != node))

    def with_cut(self, cut: Partition) -> Conditions:
        """Return these conditions with one more partition in force."""
        return replace(self, cuts=tuple(sorted((*self.cuts, cut))))

    def after_heal(self, cut: Partition) -> Conditions:
        """Return these conditions without a partition."""
        return replace(self, cuts=tuple(other for other in self.cuts if other != cut))

    def after_settle(self, silent: tuple[NodeId, ...]) -> Conditions:
        """Return the conditions in which the faults have stopped, but for nodes silent for good."""
        return replace(self, cuts=(), silent=silent, settled=silent)

    def with_role(self, index: int, role: str) -> Conditions:
        """Return these conditions with the role of one node changed."""
        return replace(self, roles=(*self.roles[:index], role, *self.roles[index + 1 :]))

    def is_cut(self, src: NodeId, dst: NodeId) -> bool:
        """Tell whether a partition stands between two nodes, in this direction."""
        return any(cut.separates(src, dst) for cut in self.cuts)


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Some nodes separated from all others: both ways, or only into (`in`) or out of them (`out`)."""

    side: tuple[NodeId, ...]
    direction: str = "both"

    def separates(self, src: NodeId, dst: NodeId) -> bool:
        """Tell whether a message from `src` to `dst` would have to cross.

        >>> Partition(("a",), "out").separates("a", "b"), Partition(("a",), "out").separates("b", "a")
        (True, False)
        """
        outwards = src in self.side and dst not in self.side
        inwards = dst in self.side and src not in self.side
        return (outwards and self.direction != "in") or (inwards and self.direction != "out")


class IllegalEffect(Exception):
    """A handler asked for something that no node can do. The text names node, effect and rule."""


class HandlerFailed(Exception):
    """A handler raised: a defect of the system under test, which a run reports as broken."""

    def __init__(self, node: NodeId, given: Input, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"{node} raised {type(error).__name__}: {error} on {type(given).__name__} "
            f"({where.name}, line {where.lineno})"
        )


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one input does to one node: its next core, and the handler's effects in order."""

    core: Core
    effects: tuple[Effect, ...]


def react(system: System[Any], node: NodeId, core: Core, given: Input) -> Reaction:
    """Give an input to a node. A pure function: both engines rest on it, one of them with a cache.

    Raises:
        HandlerFailed: the handler raised.
        IllegalEffect: it asked for something that no node can do.
    """
    try:
        step = system.handle(node, core.state, given)
    except Exception as error:
        raise HandlerFailed(node, given, error) from error
    timers, durable, pending = core.timers, core.durable, core.pending
    for effect in step.effects:
        match effect:
            case Send(to):
                if to not in system.nodes:
                    raise IllegalEffect(f"{node} sent {effect.body!r} to {to!r}, which is no node")
            case SetTimer(timer):
                timers = timers if timer in timers else tuple(sorted((*timers, timer)))
            case CancelTimer(timer):
                timers = tuple(t for t in timers if t != timer)
            case Begin(operation):
                if pending is not None:
                    raise IllegalEffect(f"{node} began {operation!r} while {pending!r} is pending")
                pending = operation
            case Return(result):
                if pending is None:
                    raise IllegalEffect(f"{node} returned {result!r} while nothing is pending")
                pending = None
            case Persist(value):
                durable = value
            case Note():
                pass
    return Reaction(Core(step.state, durable, timers, core.todo, pending), step.effects)


@runtime_checkable
class Action(Protocol):
    """One choice, named by content. The only source of nondeterminism, and of new kinds of fault.

    An action acts at one node (`at`), or on the network as a whole (`at` is None): it changes that
    node, the messages addressed to it and the conditions, and may send messages. `kind` keys its
    budget in `Limits`; `is_fault` says whether a run that settles may still do it.
    """

    kind: ClassVar[str]
    is_fault: ClassVar[bool]

    @property
    def at(self) -> NodeId | None:
        """The node that the action acts at, None for the network as a whole."""
        ...

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterable[Action]:
        """Return every legal instance at one place, in a fixed order."""
        ...

    def apply(self, world: World) -> Moved:
        """Perform the action in a world in which it is legal."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """The outcome of an action: the next world, and what happened on the way."""

    world: World
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class World:
    """Everything at one moment of a run. `cores`, `calls` and `latest` are in the order of the nodes.

    `flights` are the messages on their way, oldest first, `held` those that wait for their release.
    `calls` holds the number of the operation under way at each node, `latest` the identity of the
    last event there. `step`, `next_*` and all identities are bookkeeping, no part of `identity`.
    """

    scenario: Scenario
    cores: tuple[Core, ...]
    flights: tuple[Flight, ...] = ()
    held: tuple[Flight, ...] = ()
    conditions: Conditions = Conditions()
    calls: tuple[int | None, ...] = ()
    latest: tuple[int, ...] = ()
    step: int = 0
    next_message: int = 1
    next_event: int = 0
    next_operation: int = 1

    def core(self, node: NodeId) -> Core:
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


class Move:
    """The only mover: collects the changes of one action, and the events that tell of them."""

    def __init__(self, world: World, *, step: int | None = None) -> None:
        self._world = world
        self._step = world.step if step is None else step
        self._cores = list(world.cores)
        self._calls = list(world.calls)
        self._latest = list(world.latest)
        self._flights = list(world.flights)
        self._held = list(world.held)
        self._next_message = world.next_message
        self._next_operation = world.next_operation
        self._events: list[Event] = []
        self.conditions = world.conditions

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

    def take(self, flight: Flight) -> None:
        """Take a message off the network."""
        self._flights.remove(flight)

    def hold(self, flight: Flight) -> None:
        """Hold a message back."""
        self._flights.remove(flight)
        self._held.append(flight)

    def release(self, flight: Flight) -> None:
        """Let a held message go on its way, behind those that passed it."""
        self._held.remove(flight)
        self._flights.append(flight)

    def send(self, src: NodeId, dst: NodeId, body: Value) -> None:
        """Put a new message on its way."""
        flight = Flight(self._next_message, src, dst, body, sent=-1)
        sent = self.log("send", src, flight=flight, value=body)
        self._flights.append(replace(flight, sent=sent))
        self._next_message += 1

    def copy(self, flight: Flight) -> None:
        """Put a second copy of a message on its way; it keeps the identity of the first."""
        self.log("duplicate", flight=flight, causes=(flight.sent,), value=flight.body)
        self._flights.append(flight)

    def lose(self, flight: Flight, why: str) -> None:
        """Take a message off the network, for good."""
        self.take(flight)
        self.log("lose", flight=flight, causes=(flight.sent,), value=flight.body, why=why)

    def call(self, node: NodeId, operation: Value, todo: tuple[Value, ...]) -> None:
        """Begin an operation at a node, with these calls left to come."""
        index = self._world.scenario.index[node]
        self._cores[index] = replace(self._cores[index], todo=todo, pending=operation)
        self._open(node, index, operation)

    def _open(self, node: NodeId, index: int, operation: Value) -> None:
        self._calls[index] = self._next_operation
        self._next_operation += 1
        self.log("invoke", node, operation=f"o{self._calls[index]}", value=operation)

    def disarm(self, node: NodeId, timer: str) -> None:
        """Take a timer that goes off from the armed ones."""
        index = self._world.scenario.index[node]
        core = self._cores[index]
        self._cores[index] = replace(core, timers=tuple(t for t in core.timers if t != timer))

    def deliver(self, flight: Flight) -> None:
        """Give a message to its receiver, and say so if nothing came of it."""
        self.take(flight)
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
        core, initial = self._cores[index], self._world.scenario.system.initial(node)
        self._cores[index] = Core(initial, core.durable, (), core.todo, None)
        self._calls[index] = None

    def give(self, node: NodeId, given: Input) -> bool:
        """Give an input to a node, and tell whether anything came of it."""
        scenario = self._world.scenario
        index = scenario.index[node]
        before = self._cores[index]
        reaction = react(scenario.system, node, before, given)
        self._cores[index] = reaction.core
        for effect in reaction.effects:
            self._log_effect(node, index, effect)
        if scenario.role_of is not None:
            self._note_role(node, index, reaction.core.state)
        return bool(reaction.effects) or reaction.core != before

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
            tuple(self._cores),
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
    cores = tuple(Core(scenario.system.initial(n), todo=scenario.calls.get(n, ())) for n in nodes)
    roles = tuple(
        scenario.role_of(n, core.state) for n, core in zip(nodes, cores, strict=True)
    ) if scenario.role_of else ()  # fmt: skip
    blank = World(
        scenario,
        cores,
        conditions=Conditions(roles=roles),
        calls=(None,) * len(nodes),
        latest=(-1,) * len(nodes),
    )
    move = Move(blank, step=-1)
    for node in nodes:
        move.log("start", node)
        move.give(node, Start())
    return move.done()
