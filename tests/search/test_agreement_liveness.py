"""Where calls stay open for ever: the search of ends and circles against a graph of worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import networkx as nx
import pytest

from counterpoint.checkers.liveness import check_liveness
from counterpoint.model.actions import Settle
from counterpoint.model.faults import Restart
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.node import Input, Invoke, Receive, Return, Send, Step
from counterpoint.model.scenario import Property, Scenario, budgets, minority_of, nobody_fails
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.lasso import explore_endings
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.replay import enabled, record, run
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, World
from tests.search.little import little
from tests.search.small_systems import PAYS, register, right, tokens, two_writes
from tests.support.nights import by_day

pytestmark = pytest.mark.slow

LIVENESS = Property("liveness", check_liveness, reads="end")
STATES_MAX = 450


@dataclass(frozen=True)
class Rounds:
    """One message goes round, until it is answered or dropped: what a node does is drawn once."""

    seed: int
    nodes: tuple[NodeId, ...] = ("a", "b", "c")

    def initial(self, node: NodeId) -> int:
        del node
        return 0

    def handle(self, node: NodeId, state: int, given: Input) -> Step[int]:
        random = Random(f"{self.seed} {node} {state} {given}")
        if not isinstance(given, Invoke | Receive):
            return Step(state)
        is_asking = 1 if isinstance(given, Invoke) else state
        after = is_asking if node == "c" else random.randrange(2)
        if node == "c" and state and isinstance(given, Receive) and random.random() < 0.5:
            return Step(0, (Return("done"),))
        if random.random() < 0.1:
            return Step(after)
        effects = [Send(random.choice(self.nodes), random.randrange(2))]
        if random.random() < 0.2:
            effects.append(Send(random.choice(self.nodes), 0))
        return Step(after, tuple(effects[: 1 + isinstance(given, Invoke)]))


def rounds(seed: int) -> Scenario:
    """A system with one call that may be answered, forgotten, or handed on for ever."""
    return Scenario(f"rounds-{seed}", Rounds(seed), {"c": ("please",)}, (LIVENESS,))


def reachable(scenario: Scenario) -> list[World] | None:
    """Return every world, None if there are too many."""
    rest = [record(scenario).world]
    found = {rest[0].identity: rest[0]}
    while rest and len(found) <= STATES_MAX:
        world = rest.pop()
        for action in enabled(world):
            after = action.apply(world).world
            if after.identity not in found:
                found[after.identity] = after
                rest.append(after)
    return None if rest else list(found.values())


def settled(worlds: list[World]) -> nx.MultiDiGraph[Value]:
    """Return what can happen once the faults have stopped, from any world."""
    graph: nx.MultiDiGraph[Value] = nx.MultiDiGraph()
    rest = [
        Settle(silent).apply(world).world
        for world in worlds
        for silent in tolerated_failures(world.scenario, world.conditions)
    ]
    while rest:
        world = rest.pop()
        if world.identity in graph and "world" in graph.nodes[world.identity]:
            continue
        graph.add_node(world.identity, world=world)
        for action in calm(world):
            moved = action.apply(world)
            answers = {e.node for e in moved.events if e.kind == "return"}
            target = moved.world.identity
            graph.add_edge(world.identity, target, action=action, answers=answers)
            rest.append(moved.world)
    return graph


def calm(world: World) -> Iterator[Action]:
    silent = world.conditions.settled or ()
    for action in enabled(world):
        if action.at not in silent and (not action.is_fault or isinstance(action, Restart)):
            yield action


def is_open(world: World, node: NodeId) -> bool:
    """Tell whether a call is open, and not excused by who stays silent for good."""
    operation, silent = world.node_state(node).pending, world.conditions.settled or ()
    if operation is None:
        return False
    return not {node, *world.scenario.depends_on(node, operation)} & set(silent)


def ends_and_circles(graph: nx.MultiDiGraph[Value], scenario: Scenario) -> tuple[bool, bool]:
    """Tell whether some call stays open at an end, and whether one does in a fair component."""
    nodes = scenario.system.nodes
    has_end = any(
        graph.out_degree(state) == 0 and any(is_open(graph.nodes[state]["world"], n) for n in nodes)
        for state in graph
    )
    return has_end, any(_circles(graph, node) for node in nodes)


def _circles(graph: nx.MultiDiGraph[Value], node: NodeId) -> bool:
    is_waiting = {state for state in graph if is_open(graph.nodes[state]["world"], node)}
    waits: nx.MultiDiGraph[Value] = nx.MultiDiGraph()
    waits.add_nodes_from(is_waiting)
    for source, target, edge in graph.edges(data=True):
        if {source, target} <= is_waiting and node not in edge["answers"]:
            waits.add_edge(source, target, action=edge["action"])
    for component in nx.strongly_connected_components(waits):
        taken = {d["action"] for _, _, d in waits.subgraph(component).edges(data=True)}
        always = set.intersection(*(set(calm(graph.nodes[s]["world"])) for s in component))
        if taken and always <= taken:
            return True
    return False


def outcome(scenario: Scenario) -> tuple[bool, bool, bool] | None:
    """Compare both; return whether there are ends and circles with open calls, and a violation."""
    worlds = reachable(scenario)
    if worlds is None:
        return None
    has_end, has_circle = ends_and_circles(settled(worlds), scenario)
    found = explore_endings(scenario, Limits(states=5_000))
    if found.stop == "states":
        return None  # messages that nobody wants pile up
    assert (found.ends > 0, found.circles > 0) == (has_end, has_circle)
    if found.violation is not None:
        trace = run(scenario, found.violation.choices)
        assert any(answer_of(p, trace).is_broken for p in scenario.properties if p.reads == "end")
    return has_end, has_circle, found.violation is not None


@pytest.mark.parametrize("count", by_day(12, 30))
def test_generated_systems_in_which_nobody_fails(count: int) -> None:
    """Nothing excuses an open call, so that there is a violation exactly where one stays open."""
    seen = Counter[tuple[bool, bool]]()
    for seed in range(count):
        calm = little(seed).replace(properties=(LIVENESS,), limits={}, tolerates=nobody_fails)
        for scenario in (calm, rounds(seed)):
            compared = outcome(scenario)
            if compared is not None:
                has_end, has_circle, is_broken = compared
                assert is_broken == (has_end or has_circle)
                seen[has_end, has_circle] += 1
    assert min(seen[kind] for kind in ((False, False), (True, False), (False, True))) >= count // 10


def test_generated_systems_with_faults() -> None:
    seen = Counter[tuple[bool, bool, bool] | None]()
    for seed in range(30):
        limits = budgets(crash=1) if seed % 2 else budgets(drop=1)
        tolerates = minority_of("a", "b", "c") if seed % 3 else nobody_fails
        scenario = rounds(seed).replace(limits=limits, faults_max=1, tolerates=tolerates)
        seen[outcome(scenario)] += 1
    assert len(seen) >= 4, seen


@pytest.mark.parametrize(
    ("scenario", "is_broken"),
    [
        pytest.param(right("1", "0"), False, id="register"),
        pytest.param(register(limits={}, writes="1", reads="1"), False, id="register of two"),
        pytest.param(
            register(limits={}, writes="1", clients="0").replace(
                limits=budgets(drop=1), faults_max=1
            ),
            False,
            id="register that may lose a message, which is an excuse",
        ),
        pytest.param(two_writes("causal_deps"), False, id="causal_deps"),
        pytest.param(two_writes("causal_lamport"), False, id="causal_lamport"),
    ],
)
def test_small_instances_of_the_systems(scenario: Scenario, is_broken: bool) -> None:
    compared = outcome(
        scenario.replace(properties=tuple(p for p in scenario.properties if p.reads == "end"))
    )
    assert compared is not None, "the instance is too large for the graph of worlds"
    assert compared[2] == is_broken


def test_what_never_rests_ends_at_a_limit() -> None:
    """The timers of the token manager fire again and again once the faults have stopped."""
    found = explore_endings(tokens(PAYS), Limits(states=2_000))
    assert (found.stop, found.violation) == ("states", None)
    assert found.states + found.settled < 3_000
