"""What can happen after the faults have stopped: the graph that liveness is judged on.

`SettledSteps` says what follows a state; `SettledGraph` is all that a judge asks of a graph, and
`GraphOfStates` the one that is built state by state, with the standard library alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, TypeAlias

from counterpoint.model.actions import Fire, Settle
from counterpoint.model.fault_state import OpenCall
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.owed import is_owed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.engine.slots import Slots, Transition
from counterpoint.model.search.exploration.explore import Explorer, Limits, StateViolation, Stop
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

StateFields: TypeAlias = tuple[int, ...]
"""A slot for each node, and the conditions."""


@dataclass(frozen=True, slots=True)
class SettledEdge:
    """Something that can happen after the faults have stopped.

    `answers` is who gets an answer by it, `sets` which timers it sets anew or cancels.
    """

    action: Action
    target: StateFields
    answers: tuple[int, ...]
    sets: tuple[Action, ...]

    def discharges(self, owed: set[Action]) -> set[Action]:
        """Return what is left of the actions that a fair run must take sooner or later."""
        return owed - {self.action, *self.sets}


Edges: TypeAlias = Mapping[StateFields, tuple[SettledEdge, ...]]


class SettledGraph(Protocol):
    """The states after the faults have stopped, and what can happen in them."""

    steps: SettledSteps

    @property
    def size(self) -> int:
        """How many states were found."""

    def build(self) -> Stop | StateViolation | None:
        """Build it; return the limit or the failure that it ran into, None if it is whole."""

    def ends(self, *, each: bool) -> Iterator[tuple[StateFields, int]]:
        """Yield states without successor, and for how many each stands.

        Unless each is asked for, one may stand for all that have the same conditions.
        """

    def circles(self, node: int | None) -> Edges:
        """Return a part of the graph with all its circles: those in which a call of a node is owed an
        answer all the time, or all where no node is named.
        """

    def edges(self, state: StateFields) -> tuple[SettledEdge, ...]:
        """Return what can happen in a state."""

    def run(self, state: StateFields, circle: tuple[Action, ...] = ()) -> tuple[Action, ...]:
        """Return the choices of a run to a state, and of what goes on from there."""


class SettledSteps:
    """What follows a state after the faults have stopped, and who is owed an answer in it."""

    def __init__(self, scenario: Scenario, slots: Slots) -> None:
        self.scenario, self.slots = scenario, slots
        self._names = scenario.system.nodes
        self._nodes = range(len(self._names))
        self._steps: dict[tuple[int, int, int], tuple[Transition, ...]] = {}

    def tolerated(self, environment: int) -> Iterator[tuple[NodeId, ...]]:
        """Return who may stay silent for good when the faults stop."""
        return tolerated_failures(self.scenario, self.slots.environments[environment])

    def settled(
        self, slots: tuple[int, ...], environment: int, silent: tuple[NodeId, ...]
    ) -> StateFields:
        """Return the state after the faults have stopped."""
        after = [
            self.slots.settled(node, slot, environment, silent) for node, slot in enumerate(slots)
        ]
        return (*(slot for slot, _ in after), after[0][1])

    def successors(self, state: StateFields) -> Iterator[SettledEdge]:
        """Yield what can happen in a state.

        Raises:
            HandlerBroke: a handler failed.
        """
        environment = state[-1]
        for node in self._nodes:
            for step in self.at(node, state[node], environment):
                after = list(state)
                after[node], after[-1] = step.slot, step.environment
                for other, batch in step.batches:
                    after[other] = self.slots.push(other, after[other], batch)
                sets = tuple(Fire(self._names[node], timer) for timer in step.sets)
                yield SettledEdge(step.action, tuple(after), self.answers(step.seen), sets)
        for step in self.slots.expand_network(environment):
            if self.may_happen(None, environment, step.action):
                yield SettledEdge(step.action, (*state[:-1], step.environment), (), ())

    def at(self, node: int, slot: int, environment: int) -> tuple[Transition, ...]:
        """Return what a node that is well can do, or a node that is down: come back."""
        key = (node, slot, environment)
        if key not in self._steps:
            steps = self.slots.expand(node, slot, environment)
            self._steps[key] = tuple(
                s for s in steps if self.may_happen(node, environment, s.action)
            )
        return self._steps[key]

    def may_happen(self, node: int | None, environment: int, action: Action) -> bool:
        """Tell whether an action at a node, or of the network, can happen after the faults."""
        silent = self.slots.environments[environment].settled or ()
        return not action.is_fault and (node is None or self._names[node] not in silent)

    def answers(self, sighting: int) -> tuple[int, ...]:
        """Return who gets an answer in a step, by what is seen of it."""
        seen = (self.slots.compiled.observations[o] for o in self.slots.sightings[sighting])
        return tuple(self.scenario.index[o.node] for o in seen if o.kind == "return")

    def owed(self, environment: int) -> tuple[OpenCall, ...]:
        """Return the open calls that may be owed an answer under settled conditions."""
        conditions = self.slots.environments[environment]
        return tuple(c for c in conditions.open_calls if is_owed(self.scenario, conditions, c))

    def is_pending(self, environment: int, node: int) -> bool:
        """Tell whether a call of a node is owed an answer."""
        return any(call.client == self._names[node] for call in self.owed(environment))

    def stays_open(self, edge: SettledEdge, node: int) -> bool:
        """Tell whether a call of a node is owed an answer after a step as before."""
        return node not in edge.answers and self.is_pending(edge.target[-1], node)

    def nodes_in(self, state: StateFields) -> tuple[object, ...]:
        """Return what the nodes know in a state, their timers and messages aside."""
        slots, known = self.slots.slots, self.slots.compiled.node_states
        return tuple(known[slots[node][state[node]].node_state].state for node in self._nodes)


def limit_reached(limits: Limits, states: int, started: float) -> Stop | None:
    """Return the limit that so many states, or the time since, have reached; None if none."""
    if limits.states is not None and states >= limits.states:
        return "states"
    if limits.seconds is not None and monotonic() - started >= limits.seconds:
        return "seconds"
    return "memory" if limits.is_out_of_memory else None


class GraphOfStates:
    """The graph, state by state."""

    def __init__(self, explorer: Explorer, steps: SettledSteps, limits: Limits) -> None:
        self._explorer, self.steps, self._limits = explorer, steps, limits
        self._before = explorer.progress.states
        self._started = monotonic()
        self._edges: dict[StateFields, tuple[SettledEdge, ...]] = {}
        self._origin: dict[StateFields, tuple[StateFields | int, Action]] = {}

    @property
    def size(self) -> int:
        """How many states were found."""
        return len(self._edges)

    def build(self) -> Stop | StateViolation | None:
        """Build it; return the limit or the failure that it ran into, None if it is whole."""
        for number, (*slots, environment) in self._explorer.states():
            for silent in self.steps.tolerated(environment):
                settled = self.steps.settled(tuple(slots), environment, silent)
                if settled not in self._origin:
                    self._origin[settled] = (number, Settle(silent))
                    over = self._spread(settled)
                    if over is not None:
                        return over
        return None

    def _spread(self, start: StateFields) -> Stop | StateViolation | None:
        """Add what can follow a state; it may be without end, so that limits are looked at here."""
        rest = deque([start])
        while rest:
            if len(self._edges) & 0xFF == 0:
                over = limit_reached(self._limits, self._before + len(self._edges), self._started)
                if over is not None:
                    return over
            state = rest.popleft()
            try:
                self._edges[state] = tuple(self.steps.successors(state))
            except HandlerBroke as broke:
                return StateViolation(HANDLER_PROPERTY, self.run(state, (broke.action,)))
            for edge in self._edges[state]:
                if edge.target not in self._origin:
                    self._origin[edge.target] = (state, edge.action)
                    rest.append(edge.target)
        return None

    def ends(self, *, each: bool) -> Iterator[tuple[StateFields, int]]:
        """Yield each state without successor."""
        del each
        return ((state, 1) for state, edges in self._edges.items() if not edges)

    def circles(self, node: int | None) -> Edges:
        """Return the states in which a call of a node is owed an answer, and how it stays so."""
        if node is None:
            return self._edges
        return {
            state: tuple(e for e in edges if self.steps.stays_open(e, node))
            for state, edges in self._edges.items()
            if self.steps.is_pending(state[-1], node)
        }

    def edges(self, state: StateFields) -> tuple[SettledEdge, ...]:
        """Return what can happen in a state."""
        return self._edges[state]

    def run(self, state: StateFields, circle: tuple[Action, ...] = ()) -> tuple[Action, ...]:
        """Return the choices of a run to a state, and of what goes on from there."""
        choices: list[Action] = []
        here: StateFields | int = state
        while isinstance(here, tuple):
            here, action = self._origin[here]
            choices.append(action)
        return (*self._explorer.path(here), *reversed(choices), *circle)
