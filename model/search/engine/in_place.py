"""The mover of simulations: what an action does, done in place and without telling.

It has the words of `kind.Mover`, as the mover of worlds has, so that each kind of action says once
what it does. Nothing is recorded but what checkers of histories see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from counterpoint.model.event import EventKind
from counterpoint.model.exact import without
from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import Content
from counterpoint.model.node import Input, Invoke, Recover, Timeout
from counterpoint.model.observer import OBSERVED, Observation
from counterpoint.model.owed import LinkEnds
from counterpoint.model.quick_init import replace
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import (
    Compiled,
    Message,
    NodeStateId,
    TransitionEntry,
)
from counterpoint.model.values import NodeId, Value


class RunInPlace(Protocol):
    """What is changed: a `Simulation`, as far as an action changes it."""

    flights: list[Message]
    held: list[Message]
    seen: list[int]
    failed: list[tuple[int, tuple[NodeId, ...]]]
    lost: list[tuple[int, LinkEnds]]
    node_states: list[NodeStateId]
    conditions: FaultState

    @property
    def compiled(self) -> Compiled:
        """The tables of the scenario."""
        ...

    @property
    def scenario(self) -> Scenario:
        """What the run is made of."""
        ...

    def node_state(self, node: NodeId) -> NodeState:
        """Return all there is of one node."""
        ...

    def put(self, node: NodeId, node_state: NodeState) -> None:
        """Replace all there is of one node."""
        ...

    def change(self, conditions: FaultState) -> None:
        """Replace the conditions."""
        ...

    def arrive(self, message: Message) -> None:
        """Give a message that was taken off the network to its receiver."""
        ...

    def become(self, node: int, outcome: TransitionEntry) -> None:
        """Let a node take a transition."""
        ...


class InPlace:
    """Changes a simulation. A message is named by its content, which means the oldest such message."""

    __slots__ = ("_effects_max", "_run")

    def __init__(self, run: RunInPlace) -> None:
        self._run = run
        self._effects_max: int | None = None

    @property
    def conditions(self) -> FaultState:
        """What was done to the network and the nodes so far."""
        return self._run.conditions

    @conditions.setter
    def conditions(self, conditions: FaultState) -> None:
        self._run.change(conditions)

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node of the system."""
        return self._run.compiled.nodes

    def node_state(self, node: NodeId) -> NodeState:
        """Return all there is of one node, as it is by now."""
        return self._run.node_state(node)

    def on_the_way(self, to: NodeId) -> Sequence[Content]:
        """Return the messages on their way to a node, oldest first, as they are by now."""
        contents = map(self._run.compiled.contents.__getitem__, self._run.flights)
        return [content for content in contents if content[1] == to]

    def log(
        self,
        kind: EventKind,
        node: NodeId | None = None,
        *,
        value: Value = None,
        why: str | None = None,
    ) -> None:
        """Note what checkers of histories see; the rest is told when the run is made again."""
        del why
        if node is not None and kind in OBSERVED:
            run = self._run
            run.seen.append(run.compiled.observation_id(Observation(kind, node, value)))

    def _message(self, content: Content) -> Message:
        return self._run.compiled.message_id(content)

    def lose(self, content: Content, why: str) -> None:
        """Take a message off the network, for good."""
        del why
        self._run.flights.remove(self._message(content))
        self._run.lost.append((len(self._run.failed) - 1, content[:2]))

    def copy(self, content: Content) -> None:
        """Put a second copy of a message on its way."""
        self._run.flights.append(self._message(content))

    def hold(self, content: Content) -> None:
        """Hold a message back."""
        message = self._message(content)
        self._run.flights.remove(message)
        self._run.held.append(message)

    def exchange(self, content: Content, bodies: Sequence[Value]) -> None:
        """Put messages of these bodies where one was on its way, in this order."""
        flights = self._run.flights
        position = flights.index(self._message(content))
        flights[position : position + 1] = [self._message((*content[:2], b)) for b in bodies]

    def release(self, content: Content) -> None:
        """Let a held message go on its way, behind those that passed it; first of all in its lane."""
        message, flights = self._message(content), self._run.flights
        self._run.held.remove(message)
        flights.insert(0 if self._run.compiled.has_lanes else len(flights), message)

    def release_all(self) -> None:
        """Let every held message go on its way, in the order in which they were held back."""
        end = 0 if self._run.compiled.has_lanes else len(self._run.flights)
        self._run.flights[end:end] = self._run.held
        self._run.held.clear()

    def deliver(self, content: Content) -> None:
        """Give a message to its receiver."""
        message = self._message(content)
        self._run.flights.remove(message)
        if self._effects_max is None:
            self._run.arrive(message)
        else:
            run, node = self._run, self._run.compiled.destination[message]
            self._run.become(
                node, run.compiled.arrive_in_part(run.node_states[node], message, self._taken())
            )

    def send(self, src: NodeId, dst: NodeId, body: Value) -> None:
        """Put a new message on its way."""
        self._run.flights.append(self._message((src, dst, body)))

    def begin(self, client: NodeId, operation: Value) -> None:
        """Let a client begin the next of its calls that asks for this operation."""
        node_state = self._run.node_state(client)
        todo = without(node_state.todo, operation)
        self._run.put(client, replace(node_state, todo=todo, pending=operation))
        self.log("invoke", client, value=operation)
        self.give(client, Invoke(operation))

    def expire(self, node: NodeId, timer: str) -> None:
        """Let an armed timer go off."""
        node_state = self._run.node_state(node)
        self._run.put(
            node, replace(node_state, timers=tuple(t for t in node_state.timers if t != timer))
        )
        self.give(node, Timeout(timer))

    def recover(self, node: NodeId) -> None:
        """Let a node that was down run again, with what it had persisted."""
        self.log("recover", node)
        self.give(node, Recover(self._run.node_state(node).durable))

    def give(self, node: NodeId, given: Input) -> None:
        """Give an input to a node."""
        run, index = self._run, self._run.scenario.index[node]
        run.become(index, run.compiled.give(run.node_states[index], given, self._taken()))

    def _taken(self) -> int | None:
        effects_max, self._effects_max = self._effects_max, None
        return effects_max

    def crash(self, node: NodeId) -> None:
        """Blank what a node does not survive: its state, its timers, its operation under way."""
        run, index = self._run, self._run.scenario.index[node]
        run.become(index, run.compiled.crash(run.node_states[index]))

    def tearing(self, effects: int) -> InPlace:
        """Let the next input break off after so many of its effects."""
        self._effects_max = effects
        return self
