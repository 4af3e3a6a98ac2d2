"""What an exploration remembers where a property brings no automaton: all that can be seen."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.model.claims import Reads
from counterpoint.model.node import Input, Note, Receive, Send, Start, Step
from counterpoint.model.observer import Observation, ObserverState
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explorer, Limits
from counterpoint.model.search.replay import run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, broken, holds
from tests.oracles.table import has_numpy
from tests.search.little import little

pytestmark = pytest.mark.slow

NODES = ("a", "b", "c")
SEEDS = range(300)


def random_run(seed: int) -> list[Observation]:
    """Calls, returns and moments of three nodes, in an order in which they can happen."""
    random, busy, run = Random(seed), set[str](), list[Observation]()
    for number in range(12):
        node = random.choice(NODES)
        if random.random() < 0.25:
            kind = random.choice(("note", "role", "recover", "crash"))
            run.append(Observation(kind, node, number))  # type: ignore[arg-type]
            busy -= {node} if kind == "crash" else set()
        elif node in busy:
            run.append(Observation("return", node, number))
            busy.discard(node)
        else:
            run.append(Observation("invoke", node, number))
            busy.add(node)
    return run


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_retold_is_remembered_as_the_same(seed: int) -> None:
    remembered, run = ObserverState(NODES), random_run(seed)
    memory = remembered.observe(remembered.initial, run)
    told = remembered.retell(memory)
    assert remembered.observe(remembered.initial, told) == memory
    assert sorted(map(repr, told)) == sorted(map(repr, run))
    moments = [o for o in run if o.kind not in ("invoke", "return")]
    assert [o for o in told if o.kind not in ("invoke", "return")] == moments


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_two_things_is_lost_only_where_operations_overlap(seed: int) -> None:
    remembered, run = ObserverState(NODES), random_run(seed)
    told = remembered.retell(remembered.observe(remembered.initial, run))

    def orders(seen: list[Observation]) -> set[tuple[int, int]]:
        """What comes before what: an end, a moment or a return, before a moment or a call."""
        places = list(enumerate(seen))
        return {
            (int(str(one.value)), int(str(other.value)))
            for k, one in places
            for i, other in places
            if k < i and one.kind != "invoke" and other.kind != "return"
        }

    assert orders(list(told)) == orders(run)


def twice_the_same_note(trace: Trace) -> Verdict:
    """Say whether two notes with the same value come one after the other: nothing but notes matter."""
    notes = [(e.node, e.value) for e in trace.events if e.kind == "note"]
    for one, other in pairwise(notes):
        if one[0] != other[0] and one[1] == other[1] == 1:
            return broken("notes", f"{one[0]} and {other[0]} say the same", examined=len(notes))
    return holds("notes", examined=len(notes))


def calm(seed: int) -> Scenario:
    watched = Property("notes", twice_the_same_note)
    return little(seed).replace(properties=(watched,), faults_max=0)


@pytest.mark.parametrize("states_max", [4_000, pytest.param(100_000, marks=pytest.mark.nightly)])
def test_properties_of_notes_are_judged_without_an_automaton_by_full_and_reduced_search(
    states_max: int,
) -> None:
    found = 0
    for seed in range(30):
        scenario = calm(seed)
        explorer = Explorer(scenario, no_op="consume")
        *_, last = explorer.explore()
        if last.states > states_max:
            continue
        *_, reduced = Reducer(scenario, limits=Limits(states=20_000)).explore()
        if reduced.stop != "states":
            assert (reduced.violation is None) == (last.violation is None)
        if last.violation is not None:
            found += 1
            assert twice_the_same_note(run(scenario, last.violation.choices)).is_broken
    assert found >= 5


@dataclass(frozen=True)
class Two:
    """Two nodes that never hear of each other note what they are told."""

    nodes: tuple[str, ...] = NODES

    def initial(self, node: str) -> int:
        del node
        return 0

    def handle(self, node: str, state: int, given: Input) -> Step[int]:
        match given:
            case Start() if node == "a":
                return Step(state, (Send("b", 1), Send("c", 1)))
            case Receive():
                return Step(state + 1, (Note(1),))
            case _:
                return Step(state)


def c_before_b(trace: Trace) -> Verdict:
    notes = [event.node for event in trace.events if event.kind == "note"]
    if notes == ["c", "b"]:
        return broken("b first", "c was first", examined=len(notes))
    return holds("b first", examined=len(notes))


def test_the_order_of_notes_matters_to_full_and_reduced_search() -> None:
    scenario = Scenario("two", Two(), {}, (Property("b first", c_before_b),))
    *_, full = Explorer(scenario).explore()
    *_, reduced = Reducer(scenario).explore()
    for violation in (full.violation, reduced.violation):
        assert violation is not None
        assert c_before_b(run(scenario, violation.choices)).is_broken


# ---- which of two calls that overlap was first ---------------------------------------------------


def pairs_up(queue: tuple[str, ...], given: Input) -> Step[tuple[str, ...]] | None:
    """A server that answers two clients at once, the first by name first."""
    match given:
        case Receive(client, "ask") if not queue:
            return Step((client,))
        case Receive(client, "ask"):
            first, second = sorted((*queue, client))
            return Step((), (Send(first, "first"), Send(second, "second")))
    return None


def asks(state: str, given: Input) -> Step[str] | None:
    match given:
        case cp.Invoke("ask"):
            return Step("waits", (Send("server", "ask"),))
        case Receive(_, place):
            return Step(state, (cp.Return(place),))
    return None


def first_called_is_first(trace: Trace) -> bool:
    called = [event.node for event in trace.events if event.kind == "invoke"]
    first = [e.node for e in trace.events if e.kind == "return" and e.value == "first"]
    return first in ([], called[:1])


def first_is_told_first(trace: Trace) -> bool:
    told = [event.value for event in trace.events if event.kind == "return"]
    return told[:1] in ([], ["first"])


def pairs(check: Callable[[Trace], bool], reads: Reads = "operations") -> Scenario:
    clients = dict.fromkeys(("c1", "c2"), (asks, "out"))
    return Scenario(
        name="pairs",
        system=cp.system(server=(pairs_up, ()), **clients),
        calls=dict.fromkeys(clients, ("ask",)),
        properties=(Property("fair", check, reads),),
    )


@pytest.mark.parametrize("check", [first_called_is_first, first_is_told_first])
def test_a_property_may_read_which_of_two_calls_was_first(check: Callable[[Trace], bool]) -> None:
    """Nothing says that it is about precedence alone."""
    explorers: list[Any] = [Explorer(pairs(check)), Explorer(pairs(check), history=True)]
    if has_numpy():
        columnar = importlib.import_module("counterpoint.model.search.columnar.explorer")
        explorers.append(columnar.VectorExplorer(pairs(check)))
    explorers += [Reducer(pairs(check)), Reducer(pairs(check, "end"))]
    for explorer in explorers:
        *_, last = explorer.explore()
        assert last.violation is not None
        assert last.violation.property == "fair"
        assert not check(run(pairs(check), last.violation.choices))


def answers_alone(state: tuple[str, ...], given: Input) -> Step[tuple[str, ...]] | None:
    match given:
        case Receive(client, "ask"):
            return Step(state, (Send(client, "ok"),))
    return None


def test_what_was_seen_in_order_is_renamed_with_the_nodes() -> None:
    """Of two clients that are alike some half of the states are enough."""
    clients = dict.fromkeys(("c1", "c2"), (asks, "out"))
    every = pairs(lambda _: True).replace(system=cp.system(server=(answers_alone, ()), **clients))
    counts = []
    for alike in ((), (("c1", "c2"),)):
        explorer = Explorer(every.replace(symmetric=alike), symmetry=bool(alike))
        for _ in explorer.explore():
            pass
        assert explorer.progress.violation is None
        counts.append(explorer.progress.states)
    assert counts[0] / 2 < counts[1] < counts[0]
