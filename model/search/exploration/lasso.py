"""Liveness in exhaustive search: runs that end, or go round for ever, while a call is owed an answer.

From every reachable state the faults may stop (`Settle`), for all nodes or with a few silent for
good. What can happen then makes a graph. A call is never answered if the graph has a state without
successors in which it is open; or a strongly connected component in which it stays open, and in
which every action that is possible in all of its states is also taken: weak fairness (Lamport 1994).
Such a component gives a lasso, a run with a circle at its end; `Trace.repeats` says where it begins.
Nothing is concluded from where a search of distinct states happened to stop.

Whether an open call is owed an answer is decided by what happened since it was made, so that is a part
of the states here: who failed since, and whether the network lost anything (`model.owed`). A property
that asks for that alone gets one run for each such state, and its HOLDS is a proof. Any other property
of ends gets one run to each end. If it looks at the last world alone that is a proof, too, as long as
every run comes to rest; else it may break it, and proves nothing. A run in which only timers go off,
and no node changes any more, has come to rest as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic

from counterpoint.model.actions import Fire, Settle
from counterpoint.model.fault_state import OpenCall
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.owed import is_owed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.slots import HandlerBroke, Transition
from counterpoint.model.search.engine.transition_tables import EnginesDisagree
from counterpoint.model.search.exploration.explore import (
    Explorer,
    Limits,
    StateViolation,
    Stop,
)
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.settling import finish
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action

StateFields = tuple[int, ...]
"""A slot for each node, and the conditions."""

CANDIDATES_MAX = 1_000
"""So many ends that differ in what a property may read are judged; more leave it undecided."""


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


@dataclass(frozen=True, slots=True)
class Endings:
    """What was established: `states` with the faults at work, `settled` ones after they stopped.

    `ends` counts the settled states without successor in which a call is owed, `circles` the fair
    components in which one stays so, `judged` how many of both the properties were asked about: one
    for all that agree in what decides who is owed an answer. Where properties ask what runs have come
    to, `rests` counts the states in which one may rest for ever, and `restless` the components in which
    one may go on changing for ever.
    """

    states: int
    settled: int = 0
    ends: int = 0
    circles: int = 0
    judged: int = 0
    rests: int = 0
    restless: int = 0
    stop: Stop = "complete"
    violation: StateViolation | None = None


def explore_endings(scenario: Scenario, limits: Limits | None = None) -> Endings:
    """Explore, let the faults stop everywhere, and judge every way in which a run can go on for ever.

    The limit on states is one for both parts together; that on time is for each. Only properties
    that read the end of a run are judged; explore first for the others.
    """
    limits = limits or Limits()
    # What is ignored is gone, as in every run: if it stayed, it could answer a later call.
    explorer = Explorer(
        scenario.replace(properties=(), invariants=()),
        no_op="consume",
        limits=limits,
        has_open_calls=True,
    )
    *_, explored = explorer.explore()
    if explored.stop != "complete":
        violation = explored.violation
        return Endings(explored.states, stop=explored.stop or "complete", violation=violation)
    return _Aftermath(scenario, explorer, limits).endings()


class _Aftermath:
    """The graph of what can happen after the faults have stopped."""

    def __init__(self, scenario: Scenario, explorer: Explorer, limits: Limits) -> None:
        self._scenario = scenario
        self._explorer = explorer
        self._slots = explorer.slots
        self._nodes = range(len(scenario.system.nodes))
        self._limits = limits
        self._has_rest = any(p.is_about_rest for p in scenario.properties)
        self._started = monotonic()
        self._edges: dict[StateFields, tuple[SettledEdge, ...]] = {}
        self._origin: dict[StateFields, tuple[StateFields | int, Action]] = {}
        self._steps: dict[tuple[int, int, int], tuple[Transition, ...]] = {}
        self._rests = self._restless = 0

    def endings(self) -> Endings:
        before = self._explorer.progress.states
        over = self._explore(before)
        if isinstance(over, StateViolation):
            return Endings(before, len(self._edges), stop="broken", violation=over)
        if over is not None:
            return Endings(before, len(self._edges), stop=over)
        judged, ends, circles = set[object](), 0, 0
        found: StateViolation | None = None
        for state, candidate, is_circle in self._candidates():
            owed = self._owed(state)
            circles += bool(owed) and is_circle
            ends += bool(owed) and not is_circle
            case = (*owed, state if self._has_rest else is_circle)
            if found is None and case not in judged and len(judged) < CANDIDATES_MAX:
                judged.add(case)
                found = self._judged(candidate())
        is_all = found is not None or len(judged) < CANDIDATES_MAX
        stop: Stop = "broken" if found is not None else "complete" if is_all else "states"
        return Endings(
            before,
            len(self._edges),
            ends,
            circles,
            len(judged),
            self._rests,
            self._restless,
            stop,
            found,
        )

    def _owed(self, state: StateFields) -> tuple[OpenCall, ...]:
        """Return the open calls that may be owed an answer in a settled state."""
        conditions = self._slots.environments[state[-1]]
        return tuple(c for c in conditions.open_calls if is_owed(self._scenario, conditions, c))

    # The graph.

    def _explore(self, before: int) -> Stop | StateViolation | None:
        """Build the graph; return the limit or the failure that it ran into, None if it is whole."""
        for number, (*slots, environment) in self._explorer.states():
            for silent in tolerated_failures(self._scenario, self._slots.environments[environment]):
                settled = self._settled(slots, environment, silent)
                if settled not in self._origin:
                    self._origin[settled] = (number, Settle(silent))
                    over = self._spread(settled, before)
                    if over is not None:
                        return over
        return None

    def _limit_reached(self, before: int) -> Stop | None:
        limits = self._limits
        if limits.states is not None and before + len(self._edges) >= limits.states:
            return "states"
        if limits.seconds is not None and monotonic() - self._started >= limits.seconds:
            return "seconds"
        if limits.is_out_of_memory:
            return "memory"
        return None

    def _settled(
        self, slots: list[int], environment: int, silent: tuple[NodeId, ...]
    ) -> StateFields:
        after = [
            self._slots.settled(node, slot, environment, silent) for node, slot in enumerate(slots)
        ]
        return (*(slot for slot, _ in after), after[0][1])

    def _spread(self, start: StateFields, before: int) -> Stop | StateViolation | None:
        """Add what can follow a state; it may be without end, so that limits are looked at here."""
        rest = deque([start])
        while rest:
            if len(self._edges) & 0xFF == 0 and (over := self._limit_reached(before)) is not None:
                return over
            state = rest.popleft()
            try:
                self._edges[state] = tuple(self._successors(state))
            except HandlerBroke as broke:
                return StateViolation(HANDLER_PROPERTY, (*self._run_to(state), broke.action))
            for edge in self._edges[state]:
                if edge.target not in self._origin:
                    self._origin[edge.target] = (state, edge.action)
                    rest.append(edge.target)
        return None

    def _successors(self, state: StateFields) -> Iterator[SettledEdge]:
        environment = state[-1]
        for node in self._nodes:
            for step in self._steps_at(node, state[node], environment):
                after = list(state)
                after[node], after[-1] = step.slot, step.environment
                for other, batch in step.batches:
                    after[other] = self._slots.push(other, after[other], batch)
                sets = tuple(Fire(self._scenario.system.nodes[node], timer) for timer in step.sets)
                yield SettledEdge(step.action, tuple(after), self._answers(step), sets)
        for step in self._slots.expand_network(environment):
            if not step.action.is_fault:
                yield SettledEdge(step.action, (*state[:-1], step.environment), (), ())

    def _steps_at(self, node: int, slot: int, environment: int) -> tuple[Transition, ...]:
        """Return what a node that is well can do, or a node that is down: come back."""
        key = (node, slot, environment)
        if key not in self._steps:
            silent = self._slots.environments[environment].settled or ()
            steps = self._slots.expand(node, slot, environment)
            is_silent = self._scenario.system.nodes[node] in silent
            self._steps[key] = tuple(s for s in steps if not (is_silent or s.action.is_fault))
        return self._steps[key]

    def _answers(self, step: Transition) -> tuple[int, ...]:
        seen = (self._slots.compiled.observations[o] for o in self._slots.sightings[step.seen])
        return tuple(self._scenario.index[o.node] for o in seen if o.kind == "return")

    # Where a call stays open.

    def _candidates(self) -> Iterator[tuple[StateFields, Callable[[], tuple[Action, ...]], bool]]:
        """Return states in which a call is owed an answer for ever, and how a run gets there.

        The last of each says whether the run goes round in a circle there.
        """
        for state, edges in self._edges.items():
            if not edges and (self._has_rest or self._owed(state)):
                self._rests += 1
                yield state, partial(self._run_to, state), False
        if self._has_rest:
            yield from self._in_circles()
        for node in self._nodes:
            graph = {
                state: tuple(e for e in edges if self._stays_open(e, node))
                for state, edges in self._edges.items()
                if self._is_pending(state, node)
            }
            for component in components({s: [e.target for e in es] for s, es in graph.items()}):
                if self._is_fair(component, graph):
                    first = min(component)
                    yield first, partial(self._lasso, first, component, graph), True

    def _in_circles(self) -> Iterator[tuple[StateFields, Callable[[], tuple[Action, ...]], bool]]:
        """Return states in which nodes change no more, though something goes on for ever."""
        graph = {state: [edge.target for edge in edges] for state, edges in self._edges.items()}
        for component in components(graph):
            if not self._is_fair(component, self._edges):
                continue
            if len({self._nodes_in(state) for state in component}) > 1:
                self._restless += 1
            else:
                self._rests += 1
                first = min(component)
                yield first, partial(self._run_to, first), True

    def _nodes_in(self, state: StateFields) -> tuple[object, ...]:
        """Return what the nodes know in a state, their timers and messages aside."""
        slots, known = self._slots.slots, self._slots.compiled.node_states
        return tuple(known[slots[node][state[node]].node_state].state for node in self._nodes)

    def _lasso(
        self,
        first: StateFields,
        component: set[StateFields],
        graph: dict[StateFields, tuple[SettledEdge, ...]],
    ) -> tuple[Action, ...]:
        return (*self._run_to(first), *self._circle(first, component, graph))

    def _is_pending(self, state: StateFields, node: int) -> bool:
        name = self._scenario.system.nodes[node]
        return any(call.client == name for call in self._owed(state))

    def _stays_open(self, edge: SettledEdge, node: int) -> bool:
        return node not in edge.answers and self._is_pending(edge.target, node)

    def _is_fair(
        self, component: set[StateFields], graph: dict[StateFields, tuple[SettledEdge, ...]]
    ) -> bool:
        """Tell whether some action stays within, and all that are always possible are taken there."""
        within = [e for s in component for e in graph[s] if e.target in component]
        always = set.intersection(*({e.action for e in self._edges[s]} for s in component))
        for edge in within:
            always = edge.discharges(always)
        return bool(within) and not always

    def _circle(
        self,
        first: StateFields,
        component: set[StateFields],
        graph: dict[StateFields, tuple[SettledEdge, ...]],
    ) -> tuple[Action, ...]:
        """Return a fair circle: what is possible at its start is taken, or becomes impossible."""
        owed = {edge.action for edge in self._edges[first]}
        here, choices = first, list[Action]()
        while owed or here != first or not choices:
            way = self._way(here, component, graph, owed, home=None if owed else first)
            for edge in way:
                choices.append(edge.action)
                here = edge.target
                owed = edge.discharges(owed)
                owed &= {e.action for e in self._edges[here]}
        return tuple(choices)

    def _way(
        self,
        start: StateFields,
        component: set[StateFields],
        graph: dict[StateFields, tuple[SettledEdge, ...]],
        wanted: set[Action],
        home: StateFields | None,
    ) -> list[SettledEdge]:
        """Return a shortest way that takes or disables a wanted action, or that leads home."""
        came: dict[StateFields, tuple[StateFields, SettledEdge]] = {}
        rest = deque([start])
        while rest:
            state = rest.popleft()
            for edge in graph[state]:
                if edge.target not in component:
                    continue
                possible = {e.action for e in self._edges[edge.target]}
                is_progress = edge.discharges(wanted) != wanted or bool(wanted - possible)
                if edge.target == home or is_progress:
                    way = [edge]
                    while state != start:
                        state, edge = came[state]
                        way.append(edge)
                    return way[::-1]
                if edge.target not in came and edge.target != start:
                    came[edge.target] = (state, edge)
                    rest.append(edge.target)
        raise RuntimeError("a fair component has no fair circle")

    # Runs.

    def _run_to(self, state: StateFields) -> tuple[Action, ...]:
        choices: list[Action] = []
        here: StateFields | int = state
        while isinstance(here, tuple):
            here, action = self._origin[here]
            choices.append(action)
        return (*self._explorer.path(here), *reversed(choices))

    def _judged(self, choices: tuple[Action, ...]) -> StateViolation | None:
        run = Simulation(self._slots.compiled)
        for choice in choices:
            if not run.attempt(choice):
                raise EnginesDisagree(f"{choice!r} is legal in one form of the run alone")
        trace = run_reference(self._scenario, choices)
        if trace.repeats is None:  # what is ignored may still be on its way
            finish(run)
            trace = run_reference(self._scenario, run.choices)
        of_end = (p for p in self._scenario.properties if p.reads == "end")
        name = next((p.name for p in of_end if verdict_of(p, trace).is_broken), None)
        return None if name is None else StateViolation(name, trace.choices)


def components(graph: dict[StateFields, list[StateFields]]) -> Iterator[set[StateFields]]:
    """Return the strongly connected components (Tarjan, SIAM J. Comput. 1(2), 1972).

    >>> sorted(map(sorted, components({(1,): [(2,)], (2,): [(1,), (3,)], (3,): []})))
    [[(1,), (2,)], [(3,)]]
    """
    index: dict[StateFields, int] = {}
    low: dict[StateFields, int] = {}
    stack: list[StateFields] = []
    is_open: set[StateFields] = set()
    for root in graph:
        if root in index:
            continue
        work: list[tuple[StateFields, Iterator[StateFields]]] = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        is_open.add(root)
        while work:
            state, targets = work[-1]
            following = next(targets, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[state])
                if low[state] == index[state]:
                    yield set(_popped(stack, is_open, until=state))
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                is_open.add(following)
                work.append((following, iter(graph[following])))
            elif following in is_open:
                low[state] = min(low[state], index[following])


def _popped(
    stack: list[StateFields], is_open: set[StateFields], until: StateFields
) -> Iterable[StateFields]:
    while True:
        state = stack.pop()
        is_open.discard(state)
        yield state
        if state == until:
            return
