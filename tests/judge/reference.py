"""The stupid twin: a search of worlds, one after another, that shares no code with the engines.

It knows a scenario by what its action classes say (`options`, `apply`), by `World.identity` and by
the observers of its properties. Everything seen on the way is part of a state where a property reads
histories, and what a call is owed where one reads the end: nothing is merged that might differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from inspect import signature
from itertools import permutations, product
from typing import Any, cast

import networkx as nx

from counterpoint.model.actions import Deliver, Fire, Settle
from counterpoint.model.event import Event
from counterpoint.model.observer import Observation, ObserverState
from counterpoint.model.reaction import HandlerFailed, IllegalEffect
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action, Moved, World, WorldMover, begin, oldest

HANDLERS = "handlers finish"
SEEN = ("invoke", "return", "note", "role", "crash", "recover")


def enabled(world: World) -> Iterator[Action]:
    """Return every legal action of a world."""
    for kind in world.scenario.actions:
        for place in (*world.scenario.system.nodes, None):
            yield from kind.options(world, place)


def attempt(action: Action, world: World) -> Moved | None:
    """Return what an action does, None if a handler fails."""
    try:
        moved: Moved = action.apply(world)
        return moved
    except (HandlerFailed, IllegalEffect):
        return None


class Moves:
    """What may happen in each world of a scenario, and what comes of it: worked out once a world."""

    def __init__(self) -> None:
        self._known: dict[Value, list[tuple[Action, Moved | None]]] = {}

    def of(self, world: World) -> list[tuple[Action, Moved | None]]:
        """Return every legal action with its outcome, None where a handler fails."""
        known = self._known.get(world.identity)
        if known is None:
            known = [(action, attempt(action, world)) for action in enabled(world)]
            self._known[world.identity] = known
        return known


# ---- everything that can be reached --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reached:
    """A state: a world, the events that led there, and the memory of each observer."""

    world: World
    events: tuple[Event, ...]
    memories: tuple[Value, ...]
    state: Value
    """What explorations are to tell apart: the identity of the world, and the memories."""


@dataclass
class Found:
    """What a search has found: the states by the steps to them, and the least steps to each finding.

    `is_whole` says that nothing was left out; else `levels` are those that are known in full.
    """

    levels: list[set[Value]] = field(default_factory=list)
    successors: dict[Value, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=dict)
    is_whole: bool = True
    worlds: dict[Value, World] = field(default_factory=dict)

    @property
    def generated(self) -> int:
        """How many successors all states have together, the first state added."""
        return 1 + sum(self.successors.values())

    @property
    def ends(self) -> int:
        """How many states have no successor."""
        return sum(count == 0 for count in self.successors.values())

    @property
    def steps(self) -> int | None:
        """The least steps to anything broken."""
        return min(self.broken.values(), default=None)


def search(
    scenario: Scenario, moves: Moves, *, keeps: bool, states_max: int, is_lossy: bool = False
) -> Found:
    """Return all that can be reached, level by level.

    `keeps`: what is ignored stays on its way. `is_lossy`: what can arrive can be lost, for free.
    """
    found, watch = Found(), _Watch(scenario)
    level = [watch.first(begin(scenario))]
    known = {watch.key(level[0])}
    seen = set[Value]()
    while level:
        states = {reached.state for reached in level} - seen
        if len(known) > states_max:
            found.is_whole = False
            return found
        seen |= states
        found.levels += [states] if states else []
        depth, following = len(found.levels) - 1, list[Reached]()
        for reached in level:
            watch.judge(reached, found, depth)
        for reached in level:
            count = 0
            for action, moved in moves.of(reached.world):
                if moved is None:
                    found.broken.setdefault(HANDLERS, depth + 1)
                elif not (keeps and was_ignored(action, moved)):
                    count += 1
                    after = watch.next(reached, moved)
                    if watch.key(after) not in known:
                        known.add(watch.key(after))
                        following.append(after)
            for moved in losses(reached.world) if is_lossy else ():
                count += 1
                after = watch.next(reached, moved)
                if watch.key(after) not in known:
                    known.add(watch.key(after))
                    following.append(after)
            found.successors[reached.state] = count
        level = following
    return found


def was_ignored(action: Action, moved: Moved) -> bool:
    """Tell whether a delivery came to nothing."""
    arrivals = [event for event in moved.events if event.kind == "deliver"]
    return action.kind == "deliver" and arrivals[0].why == "ignored"


def losses(world: World) -> Iterator[Moved]:
    """Return what becomes of a world when a message that can arrive is lost instead."""
    for node in world.scenario.system.nodes if Deliver in world.scenario.actions else ():
        for action in Deliver.options(world, node):
            move, content = WorldMover(world), (action.src, action.dst, action.body)
            move.lose(oldest(world.flights, content), "lost")
            yield move.done()


class _Watch:
    """What the properties of a scenario see of a run, and what they say."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        judged = [p for p in scenario.properties if p.reads == "operations"]
        self.histories = [p for p in judged if p.observer is None]
        self.observed = [(p.name, p.observer) for p in judged if p.observer is not None]
        remembered = [ObserverState(scenario.system.nodes)] if self.histories else []
        self.observers: list[Any] = [*remembered, *(o for _, o in self.observed)]

    def first(self, moved: Moved) -> Reached:
        blank = Reached(moved.world, (), tuple(o.initial for o in self.observers), None)
        return self.next(blank, moved)

    def next(self, reached: Reached, moved: Moved) -> Reached:
        events = tuple(e for e in moved.events if e.kind in SEEN and e.node is not None)
        seen = [Observation(e.kind, e.node, e.value) for e in events if e.node is not None]
        pairs = zip(self.observers, reached.memories, strict=True)
        memories = tuple(o.observe(memory, seen) for o, memory in pairs)
        told = (*reached.events, *events) if self.histories else ()
        return Reached(moved.world, told, memories, (moved.world.identity, memories))

    def key(self, reached: Reached) -> Value:
        told = tuple((e.kind, e.node, e.value) for e in reached.events)
        return (reached.state, told)

    def judge(self, reached: Reached, found: Found, depth: int) -> None:
        world, scenario = reached.world, self.scenario
        found.worlds.setdefault(reached.state, world)
        states = {node: world.node_state(node).state for node in scenario.system.nodes}
        messages = [flight.content for flight in (*world.flights, *world.held)]
        broken = [i.name for i in scenario.invariants if violation(i, states, world)]
        pairs = zip(reversed(self.observed), reversed(reached.memories), strict=False)
        broken += [name for (name, o), memory in pairs if o.is_broken(memory)]
        trace = Trace(scenario, (), reached.events, (world,))
        broken += [p.name for p in self.histories if is_broken(p.check(trace))]
        for name in broken:
            found.broken.setdefault(name, depth)
        for goal in scenario.goals:
            if goal.is_met(states, messages):
                found.met.setdefault(goal.name, depth)


def is_broken(judgement: Verdict | bool | None) -> bool:
    """Tell whether the judgement of a drawn property, which is always a verdict, says so."""
    assert isinstance(judgement, Verdict)
    return judgement.is_broken


def violation(invariant: Invariant, states: Mapping[NodeId, Any], world: World) -> str | None:
    """Return what an invariant says of a world."""
    has_down = len(signature(invariant.violation).parameters) > 1
    said = invariant.violation(states, *([world.conditions.down] if has_down else []))
    return str(said) if said else None


# ---- who is who ----------------------------------------------------------------------------------


def images(world: World) -> Iterator[Value]:
    """Return a world with the names of interchangeable nodes exchanged in every way."""
    groups = world.scenario.symmetric
    for orders in product(*(permutations(group) for group in groups)):
        names = {
            old: new
            for group, order in zip(groups, orders, strict=True)
            for old, new in zip(group, order, strict=True)
        }
        yield _renamed(_nameless(world), names)


def _nameless(world: World) -> Value:
    """Tell a world as a value in which no node has a place, only a name."""
    nodes, conditions = world.scenario.system.nodes, world.conditions
    cuts = frozenset((frozenset(cut.side), cut.direction) for cut in conditions.cuts)
    roles = frozenset(zip(nodes, conditions.roles, strict=False))
    told = (
        *(frozenset(conditions.down), frozenset(conditions.silent), cuts, roles, conditions.spent),
        frozenset(conditions.suspected),
    )
    cores = frozenset(
        (n, astuple(cast("Any", c.state)), c.durable, c.timers, c.todo, c.pending)
        for n, c in zip(nodes, world.node_states, strict=True)
    )
    identity: Any = world.identity
    _, cargo, held, _ = identity
    return (cores, cargo, held, told)


def _renamed(value: Value, names: Mapping[NodeId, NodeId]) -> Value:
    match value:
        case str():
            return names.get(value, value)
        case tuple():
            return tuple(_renamed(part, names) for part in value)
        case frozenset():
            return frozenset(_renamed(part, names) for part in value)
    return value


# ---- what is owed an answer for ever -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owed:
    """An open call: who failed since it was made, and whether the network lost a message."""

    client: NodeId
    operation: Value
    failed: frozenset[NodeId]
    has_lost: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A state of the search for calls that are never answered."""

    world: World
    owed: frozenset[Owed]
    state: Value
    """What tells it from others."""


def after(waiting: Waiting, moved: Moved) -> Waiting:
    """Return what is owed after something happened."""
    world = moved.world
    failing = frozenset((*world.conditions.down, *world.conditions.silent))
    owed = set(waiting.owed)
    for event in moved.events:
        if event.kind == "invoke" and event.node is not None:
            owed.add(Owed(event.node, event.value, failing))
        owed = {o for o in owed if event.kind not in ("return", "crash") or o.client != event.node}
        has_lost = event.kind == "lose" and not failing & {event.src, event.dst}
        owed = {
            Owed(o.client, o.operation, o.failed | failing, o.has_lost or has_lost) for o in owed
        }
    return Waiting(world, frozenset(owed), (world.identity, frozenset(owed)))


def is_due(world: World, owed: Owed, *, sends_again: bool) -> bool:
    """Tell whether nothing excuses that a call is open."""
    scenario = world.scenario
    roles = dict(zip(scenario.system.nodes, world.conditions.roles, strict=False))
    if not scenario.tolerates(world.conditions.settled or (), roles):
        return False
    if owed.failed & {owed.client, *scenario.depends_on(owed.client, owed.operation)}:
        return False
    is_excused = owed.has_lost or not scenario.tolerates(tuple(sorted(owed.failed)), roles)
    return sends_again or not is_excused


@dataclass(frozen=True, slots=True)
class Endings:
    """How runs may end: worlds at rest, and where a call is owed an answer that never comes.

    `unanswered` is "end", "circle" or "no".
    """

    unanswered: str
    rests: tuple[World, ...]


def endings(
    scenario: Scenario, moves: Moves, *, sends_again: bool, states_max: int
) -> Endings | None:
    """Let the faults stop everywhere, and say how it may go on; None: too many states to say."""
    moved = begin(scenario)
    start = after(Waiting(moved.world, frozenset(), None), moved)
    everywhere = _spread([start], moves, lambda *_: True, states_max)
    if everywhere is None:
        return None
    stopped = [
        after(waiting, action.apply(waiting.world))
        for waiting in everywhere[0].values()
        for action in Settle.options(waiting.world, None)
    ]
    calm = _spread(stopped, moves, is_still_to_come, states_max)
    if calm is None:
        return None
    states, steps = calm
    due = {
        state: {o.client for o in w.owed if is_due(w.world, o, sends_again=sends_again)}
        for state, w in states.items()
    }
    rests = tuple(states[state].world for state in states if not steps[state])
    if any(due[state] and not steps[state] for state in states):
        return Endings("end", rests)
    for node in scenario.system.nodes:
        open_there = {state for state in states if node in due[state]}
        if any(_is_fair(c, steps, node) for c in _components(open_there, steps, node)):
            return Endings("circle", rests)
    return Endings("no", rests)


def is_still_to_come(world: World, action: Action) -> bool:
    """Tell whether something may happen when the faults have stopped: not to who is silent for good."""
    return not action.is_fault and action.at not in (world.conditions.settled or ())


@dataclass(frozen=True, slots=True)
class Edge:
    """Something that may happen, where it leads, who is answered by it, and which timers it sets."""

    action: Action
    target: Value
    answers: frozenset[NodeId | None]
    sets: frozenset[Action]


Steps = dict[Value, list[Edge]]
"""What may happen in each state."""


def _spread(
    rest: list[Waiting],
    moves: Moves,
    may_happen: Callable[[World, Action], bool],
    states_max: int,
) -> tuple[dict[Value, Waiting], Steps] | None:
    states = {waiting.state: waiting for waiting in rest}
    rest, steps = list(states.values()), Steps()
    while rest:
        waiting = rest.pop()
        steps[waiting.state] = here = []
        for action, moved in moves.of(waiting.world):
            if moved is None or not may_happen(waiting.world, action):
                continue
            target = after(waiting, moved)
            here.append(_edge(action, target.state, moved.events))
            if target.state not in states:
                states[target.state] = target
                rest.append(target)
        if len(states) > states_max:
            return None
    return states, steps


def _edge(action: Action, target: Value, events: tuple[Event, ...]) -> Edge:
    answers = frozenset(e.node for e in events if e.kind == "return")
    timers = [e for e in events if e.kind in ("set-timer", "cancel-timer")]
    sets = frozenset(Fire(str(e.node), str(e.value)) for e in timers)
    return Edge(action, target, answers, sets)


def _components(open_there: set[Value], steps: Steps, node: NodeId) -> Iterator[set[Value]]:
    graph: nx.DiGraph[Value] = nx.DiGraph()
    graph.add_nodes_from(open_there)
    for state in open_there:
        for edge in steps[state]:
            if edge.target in open_there and node not in edge.answers:
                graph.add_edge(state, edge.target)
    return nx.strongly_connected_components(graph)


def _is_fair(component: set[Value], steps: Steps, node: NodeId) -> bool:
    """Tell whether all that is possible everywhere in a circle is also done there.

    A timer that is set anew is not one that was armed all the time.
    """
    within = [
        e for s in component for e in steps[s] if e.target in component and node not in e.answers
    ]
    done = {e.action for e in within}.union(*(e.sets for e in within))
    always = set.intersection(*({e.action for e in steps[s]} for s in component))
    return bool(within) and always <= done
