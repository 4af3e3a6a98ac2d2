"""Reduced exploration: nothing that matters is lost, and no class of runs is explored twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from counterpoint.checkers.operations import operations_of
from counterpoint.harness.catalog import build
from counterpoint.model.node import Input, Note, Receive, Send, Start, Step
from counterpoint.model.observer import OBSERVED, Observation, Observer, keeps_order_of_notes
from counterpoint.model.scenario import Property, Reads, Scenario, budgets
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explored, Explorer, Limits
from counterpoint.model.search.replay import NotEnabled, enabled, judge, record, run
from counterpoint.model.search.walks.campaign import run_random
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Verdict, broken, holds
from counterpoint.model.world import Action, World
from tests.oracles import abd, cells, single_copy
from tests.oracles.linearizable import view
from tests.search.little import little
from tests.support.nights import by_day, each


def all_runs(scenario: Scenario) -> list[Trace]:
    """Return every complete run: the stupid way."""
    found: list[Trace] = []

    def extend(world: World, choices: tuple[Action, ...]) -> None:
        options = enabled(world)
        if not options:
            found.append(run(scenario, choices))
        for option in options:
            extend(option.apply(world).world, (*choices, option))

    extend(record(scenario).world, ())
    return found


def order_at_nodes(trace: Trace) -> object:
    """What a class of runs has in common: the order of arrivals at each node."""
    nodes = trace.scenario.system.nodes
    arrivals = [e for e in trace.events if e.kind == "deliver"]
    return tuple(tuple((e.src, e.value) for e in arrivals if e.node == n) for n in nodes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(cells.lastzero("2"), id="lastzero"),
        pytest.param(cells.readers("3", "no"), id="readers"),
        pytest.param(cells.senders("3"), id="senders"),
    ],
)
def test_every_class_of_runs_is_explored_exactly_once(scenario: Scenario) -> None:
    scenario = scenario.replace(commute=lambda *_: False)
    ours = [order_at_nodes(trace) for trace in Reducer(scenario).runs()]
    assert len(ours) == len(set(ours))
    assert set(ours) == {order_at_nodes(trace) for trace in all_runs(scenario)}


class _AwakeOnly(Reducer):
    """Sleep sets alone: explores every step that does not sleep; slow, and obviously complete."""

    def _frame(self, world: World, asleep: object) -> object:  # type: ignore[override]
        frame = super()._frame(world, asleep)  # type: ignore[arg-type]
        frame.backtrack = [action for action in frame.enabled if action not in frame.sleep]
        return frame


SCENARIOS = [
    pytest.param(single_copy.system("1", "2", observer=True), id="one server, two clients"),
    pytest.param(
        single_copy.system("1", "3", observer=True), marks=pytest.mark.nightly, id="one server"
    ),
    pytest.param(single_copy.system("2", "2", observer=True), id="two servers that do not talk"),
    pytest.param(abd.system("2", "2", observer=True), marks=pytest.mark.nightly, id="replicated"),
]


@pytest.mark.slow
@pytest.mark.parametrize("real_time", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_source_sets_lose_no_class_that_sleep_sets_alone_keep(
    scenario: Scenario, real_time: bool
) -> None:
    ours = [_class_of(t, real_time) for t in Reducer(scenario, real_time=real_time).runs()]
    full = [_class_of(t, real_time) for t in _AwakeOnly(scenario, real_time=real_time).runs()]
    assert len(ours) == len(full)
    assert set(ours) == set(full)


def _class_of(trace: Trace, real_time: bool) -> object:
    return order_at_nodes(trace), order_in_real_time(trace) if real_time else None


def order_in_real_time(trace: Trace) -> object:
    """A history up to what real time can tell: which operation precedes which."""
    history = operations_of(trace, view)
    pairs = {(a.client, a.f, b.client, b.f) for a in history for b in history if a.precedes(b)}
    return frozenset(pairs), frozenset((o.client, o.f, o.result) for o in history)


def test_the_order_of_calls_and_returns_needs_to_be_dependent() -> None:
    scenario = single_copy.system("2", "2", observer=True)
    every = {order_in_real_time(trace) for trace in all_runs(scenario)}
    with_it = {order_in_real_time(t) for t in Reducer(scenario, real_time=True).runs()}
    without = {order_in_real_time(t) for t in Reducer(scenario, real_time=False).runs()}
    assert with_it == every
    assert without < every


@pytest.mark.parametrize(("servers", "is_right"), [("1", True), ("2", False)])
def test_reduced_and_full_search_agree_on_linearizability(servers: str, is_right: bool) -> None:
    scenario = single_copy.system(servers, "2", observer=True)
    *_, reduced = Reducer(scenario).explore()
    *_, full = Explorer(scenario).explore()
    assert (reduced.violation is None) == (full.violation is None) == is_right
    if reduced.violation is not None:
        verdicts = judge(run(scenario, reduced.violation.choices))
        assert [v.property for v in verdicts if v.is_broken] == ["linearizability"]


@dataclass(frozen=True)
class _Hearing:
    """Nodes that keep what they heard, in its order."""

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("a", "b", "c")

    def initial(self, node: str) -> Value:
        del node
        return ()

    def handle(self, node: str, state: Value, given: Input) -> Step[Value]:
        assert isinstance(state, tuple)
        match given:
            case Start() if node != "a":
                return Step(state, (Send("a", node),))
            case Receive(source):
                return Step((*state, source))
            case _:
                return Step(state)


def _b_before_c(trace: Trace) -> Verdict:
    heard = trace.final.node_state("a").state
    if heard == ("c", "b"):
        return broken("b first", "c came before b", examined=1)
    return holds("b first", examined=1)


def test_properties_of_whole_traces_are_judged() -> None:
    scenario = Scenario("heard", _Hearing(), {}, (Property("b first", _b_before_c, "trace"),))
    reducer = Reducer(scenario)
    *_, last = reducer.explore()
    assert last.violation is not None
    assert _b_before_c(run(scenario, last.violation.choices)).is_broken


@dataclass(frozen=True)
class _Telling(_Hearing):
    """Two nodes that hear of `a` alone, and note it."""

    def handle(self, node: str, state: Value, given: Input) -> Step[Value]:
        match given:
            case Start() if node == "a":
                return Step(state, (Send("b", 1), Send("c", 1)))
            case Receive():
                return Step(True, (Note(f"{node} heard"),))
            case _:
                return Step(state)


@dataclass(frozen=True)
class _FirstToHear:
    """A property that compares nodes, none of which knows of the other; and its automaton.

    The automaton does not say that notes may change places.
    """

    wrong: str

    def check(self, trace: Trace) -> Verdict:
        heard = [event.node for event in trace.events if event.kind == "note"]
        if heard[:1] == [self.wrong]:
            return broken("order", f"{self.wrong} heard first", examined=1)
        return holds("order", examined=1)

    @property
    def initial(self) -> Value:
        return None

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        return memory or next((o.node for o in seen if o.kind == "note"), None)

    def is_broken(self, memory: Value) -> bool:
        return memory == self.wrong


@pytest.mark.parametrize("wrong", ["b", "c"])
@pytest.mark.parametrize(
    ("reads", "is_observed"), [("trace", False), ("operations", False), ("operations", True)]
)
def test_a_property_that_compares_nodes_is_broken_whichever_is_wrong(
    reads: Reads, is_observed: bool, wrong: str
) -> None:
    first = _FirstToHear(wrong)
    order = Property("order", first.check, reads, first if is_observed else None)
    *_, last = Reducer(Scenario("told", _Telling(), {}, (order,))).explore()
    assert last.violation is not None


def test_a_scenario_may_say_that_no_property_sees_an_order() -> None:
    order = Property("order", _FirstToHear("nobody").check, "trace")
    scenario = Scenario("told", _Telling(), {}, (order,))
    reduced = Reducer(scenario.replace(visible=lambda _: False))
    assert (len(list(reduced.runs())), len(list(Reducer(scenario).runs()))) == (1, 2)


OBSERVED_SYSTEMS = [
    pytest.param(name, mutant, id=f"{name} {mutant or 'right'}")
    for name, mutants in {
        "register": (None, "B1", "B3", "B6"),
        "token_manager": (None, "A3", "A6"),
        "causal_deps": (None, "C1", "C3"),
        "causal_lamport": (None, "D1", "D3"),
    }.items()
    for mutant in mutants
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mutant"), OBSERVED_SYSTEMS)
@pytest.mark.parametrize("runs", by_day(4, 6))
def test_observers_that_let_notes_change_places_come_to_the_same(
    name: str, mutant: str | None, runs: int
) -> None:
    """Two steps that follow each other at different nodes are made in the other order."""
    scenario = build(name, mutant=mutant)
    observers = [p.observer for p in scenario.properties if p.observer is not None]
    assert not any(map(keeps_order_of_notes, observers))
    compiled, swapped = Compiled(scenario), 0
    for number in range(runs):
        choices = tuple(walk(compiled, run_random(1, number), "uniform").run.choices)
        as_it_was = run(scenario, choices)
        seen = [_kinds(as_it_was, step) for step in range(len(choices))]
        pairs = [k for k in range(len(choices) - 1) if seen[k] and seen[k + 1]]
        for k in Random(number).sample(pairs, min(3, len(pairs))):
            one, other = choices[k : k + 2]
            if one.at == other.at or (
                "invoke" in seen[k] | seen[k + 1] and "return" in seen[k] | seen[k + 1]
            ):
                continue
            try:
                turned = run(scenario, (*choices[:k], other, one, *choices[k + 2 :]))
            except NotEnabled:
                continue
            swapped += 1
            assert _broken_by(observers, as_it_was) == _broken_by(observers, turned)
    assert swapped >= runs // 2


def _kinds(trace: Trace, step: int) -> frozenset[str]:
    return frozenset(e.kind for e in trace.by_step().get(step, ()) if e.kind in OBSERVED)


def _broken_by(observers: Sequence[Observer], trace: Trace) -> list[bool]:
    by_step = trace.by_step()
    found = []
    for observer in observers:
        memory, is_broken = observer.initial, False
        for step in sorted(by_step):
            seen = [
                Observation(e.kind, str(e.node), e.value)
                for e in by_step[step]
                if e.kind in OBSERVED
            ]
            memory = observer.observe(memory, seen)
            is_broken = is_broken or observer.is_broken(memory)
        found.append(is_broken)
    return found


def test_faults_are_reordered_with_everything() -> None:
    scenario = cells.senders("2").replace(limits=budgets(drop=1), faults_max=1)
    ours = {tuple(t.choices) for t in Reducer(scenario).runs()}
    assert {order_at_nodes(t) for t in all_runs(scenario)} == {
        order_at_nodes(run(scenario, choices)) for choices in ours
    }


def test_a_limit_on_depth_cuts_runs_and_says_so() -> None:
    reducer = Reducer(cells.senders("3"), limits=Limits(depth=3))
    assert list(reducer.runs()) == []
    assert reducer.progress.cut > 0


SMALL = tuple(seed for seed in range(40) if seed not in (3, 14, 21, 26))
"""Generated systems that can be explored completely, both ways."""


def _calm(seed: int) -> Scenario:
    return little(seed).replace(faults_max=0)


def _explored(scenario: Scenario, **how: Any) -> Explored:
    *_, last = Explorer(scenario, no_op="consume", **how).explore()
    return last


@pytest.mark.slow
@pytest.mark.parametrize("seed", each(3, SMALL))
def test_reduced_and_full_search_agree_on_generated_systems(seed: int) -> None:
    scenario = _calm(seed)
    *_, reduced = Reducer(scenario, limits=Limits(states=6_000)).explore()
    full = _explored(scenario)
    if reduced.stop != "states":
        assert (reduced.violation is None) == (full.violation is None)


@pytest.mark.slow
def test_generated_systems_give_both_verdicts() -> None:
    limits = Limits(states=400)
    explored = {seed: _explored(_calm(seed), limits=limits) for seed in range(40)}
    assert tuple(s for s, e in explored.items() if e.stop in ("complete", "broken")) == SMALL
    verdicts = [explored[seed].violation is None for seed in SMALL]
    assert min(verdicts.count(True), verdicts.count(False)) >= 5
