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
from typing import TypeAlias

from counterpoint.model.exact import made_of
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import EnginesDisagree
from counterpoint.model.search.exploration.explore import (
    Explored,
    Explorer,
    Limits,
    StateViolation,
    Stop,
)
from counterpoint.model.search.exploration.settled_graph import (
    Edges,
    GraphOfStates,
    SettledEdge,
    SettledGraph,
    SettledSteps,
    StateFields,
)
from counterpoint.model.search.properties import verdict_of
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.settling import finish
from counterpoint.model.world import Action

CANDIDATES_MAX = 1_000
"""So many ends that differ in what a property may read are judged; more leave it undecided."""


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
    steps = SettledSteps(scenario, explorer.slots)
    return endings_after(explored, lambda: GraphOfStates(explorer, steps, limits))


def endings_after(explored: Explored, graph: Callable[[], SettledGraph]) -> Endings:
    """Judge the graph of what can happen after the faults, if all states before that are known."""
    if explored.stop != "complete":
        violation = explored.violation
        return Endings(explored.states, stop=explored.stop or "complete", violation=violation)
    return judged_endings(graph(), explored.states)


def judged_endings(graph: SettledGraph, states: int) -> Endings:
    """Build a graph, and judge every way in which a run can go on for ever in it."""
    over = graph.build()
    if isinstance(over, StateViolation):
        return Endings(states, graph.size, stop="broken", violation=over)
    if over is not None:
        return Endings(states, graph.size, stop=over)
    return _Aftermath(graph, states).endings()


Candidate: TypeAlias = tuple[StateFields, int, Callable[[], tuple[Action, ...]], bool]
"""A state, for how many it stands, how a run gets there, and whether it goes round in a circle there."""


class _Aftermath:
    """Judges the graph of what can happen after the faults have stopped."""

    def __init__(self, graph: SettledGraph, states: int) -> None:
        self._graph, self._steps, self._before = graph, graph.steps, states
        self._scenario = graph.steps.scenario
        self._nodes = range(len(self._scenario.system.nodes))
        of_end = (p for p in self._scenario.properties if p.reads == "end")
        self._has_rest = any(p.is_about_rest for p in of_end)
        self._rests = self._restless = 0

    def endings(self) -> Endings:
        judged, ends, circles = set[object](), 0, 0
        found: StateViolation | None = None
        for state, count, candidate, is_circle in self._candidates():
            owed = self._steps.owed(state[-1])
            circles += count * (bool(owed) and is_circle)
            ends += count * (bool(owed) and not is_circle)
            case = (owed, made_of(owed), state if self._has_rest else is_circle)
            if found is None and case not in judged and len(judged) < CANDIDATES_MAX:
                judged.add(case)
                found = self._judged(candidate())
        is_all = found is not None or len(judged) < CANDIDATES_MAX
        stop: Stop = "broken" if found is not None else "complete" if is_all else "states"
        return Endings(
            self._before,
            self._graph.size,
            ends,
            circles,
            len(judged),
            self._rests,
            self._restless,
            stop,
            found,
        )

    # Where a call stays open.

    def _candidates(self) -> Iterator[Candidate]:
        """Return states in which a call is owed an answer for ever."""
        for state, count in self._graph.ends(each=self._has_rest):
            if self._has_rest or self._steps.owed(state[-1]):
                self._rests += count
                yield state, count, partial(self._graph.run, state), False
        if self._has_rest:
            yield from self._in_circles()
        for node in self._nodes:
            graph = self._graph.circles(node)
            for component in components({s: [e.target for e in es] for s, es in graph.items()}):
                if self._is_fair(component, graph):
                    first = min(component)
                    yield first, 1, partial(self._lasso, first, component, graph), True

    def _in_circles(self) -> Iterator[Candidate]:
        """Return states in which nodes change no more, though something goes on for ever."""
        graph = self._graph.circles(None)
        for component in components({s: [e.target for e in es] for s, es in graph.items()}):
            if not self._is_fair(component, graph):
                continue
            if len({self._steps.nodes_in(state) for state in component}) > 1:
                self._restless += 1
            else:
                self._rests += 1
                first = min(component)
                yield first, 1, partial(self._lasso, first, component, graph), True

    def _lasso(
        self,
        first: StateFields,
        component: set[StateFields],
        graph: Edges,
    ) -> tuple[Action, ...]:
        return self._graph.run(first, self._circle(first, component, graph))

    def _possible(self, state: StateFields) -> set[Action]:
        return {edge.action for edge in self._graph.edges(state)}

    def _is_fair(self, component: set[StateFields], graph: Edges) -> bool:
        """Tell whether some action stays within, and all that are always possible are taken there."""
        within = [e for s in component for e in graph[s] if e.target in component]
        if not within:
            return False
        always = set.intersection(*map(self._possible, component))
        for edge in within:
            always = edge.discharges(always)
        return not always

    def _circle(
        self,
        first: StateFields,
        component: set[StateFields],
        graph: Edges,
    ) -> tuple[Action, ...]:
        """Return a fair circle: what is possible at its start is taken, or becomes impossible."""
        owed = self._possible(first)
        here, choices = first, list[Action]()
        while owed or here != first or not choices:
            way = self._way(here, component, graph, owed, home=None if owed else first)
            for edge in way:
                choices.append(edge.action)
                here = edge.target
                owed = edge.discharges(owed)
                owed &= self._possible(here)
        return tuple(choices)

    def _way(
        self,
        start: StateFields,
        component: set[StateFields],
        graph: Edges,
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
                possible = self._possible(edge.target)
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

    def _judged(self, choices: tuple[Action, ...]) -> StateViolation | None:
        run = Simulation(self._steps.slots.compiled)
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
