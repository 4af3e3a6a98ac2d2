"""A fault of one's own is one class: every search finds what it breaks, and replay agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds, for_exploration
from counterpoint.model.actions import ACTIONS
from counterpoint.model.node import Input, Invoke, Receive, Return, Send, Step, Timeout
from counterpoint.model.scenario import Invariant, Scenario, budgets
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.values import NodeId
from tests.search.own_faults import Become, Garble, Isolate, Poke, Rejoin, Rot

NAME = "b stays well"


@dataclass(frozen=True, slots=True)
class Fragile:
    """A node that each of three faults breaks in a way of its own; without them it is well."""

    nodes: tuple[NodeId, ...] = ("a", "b")

    def initial(self, node: NodeId) -> str:
        return {"a": "calm", "b": "new"}[node]

    def handle(self, node: NodeId, state: str, given: Input) -> Step[str]:
        match node, state, given:
            case "a", _, Invoke("go"):
                return Step(state, (Send("b", "one"), Send("b", "late"), Return("ok")))
            case "b", "new", Receive(_, "one"):
                return Step("open")
            case "b", "open", Receive(_, "late"):
                return Step("done")
            case "b", "done", Timeout("poke"):
                return Step("spoilt")  # a timeout that it never set
            case "b", _, Receive(_, "garbled"):
                return Step("spoilt")  # a message that nobody sends
            case _:
                return Step(state)


def spoilt(states: Any) -> str | None:
    return "b is spoilt" if states["b"] == "spoilt" else None


def scenario(kind: str, *own: type) -> Scenario:
    return Scenario(
        name=kind,
        system=Fragile(),
        calls={"a": ("go",)},
        properties=(),
        invariants=(Invariant(NAME, spoilt),),
        limits=budgets(**{kind: 1}),
        actions=(*ACTIONS, *own),
    )


BROKEN = [scenario("garble", Garble), scenario("poke", Poke), scenario("become", Become)]
RIGHT = scenario("isolate", Isolate, Rejoin)


def explored(chosen: Scenario, **options: Any) -> FaultRounds:
    rounds = FaultRounds(chosen, ExploreOptions(**options), faults_max=1)
    for _ in rounds.explore():
        pass
    return rounds


@pytest.mark.parametrize("chosen", BROKEN, ids=lambda s: s.name)
@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("no_op", ["keep", "consume", "forget"])
def test_exploring_finds_what_it_breaks(chosen: Scenario, engine: str, no_op: str) -> None:
    if engine == "numpy":
        pytest.importorskip("numpy")
    found = explored(chosen, engine=engine, no_op=no_op).last.explored.violation
    assert found is not None
    assert found.property == NAME
    assert [v.property for v in judge(run(chosen, found.choices)) if v.is_broken] == [NAME]


ROTTEN = scenario("rot", Rot).replace(limits=budgets(rot=1, delay=1))
"""A fault about what is held back, on a network on which that is of use to nothing else."""


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize(
    ("network", "no_op"),
    [("unordered", "keep"), ("unordered", "consume"), ("unordered", "forget"), ("ordered", "keep")],
)
def test_exploring_finds_what_a_fault_breaks_that_is_about_held_messages(
    network: str, engine: str, no_op: str
) -> None:
    if engine == "numpy":
        pytest.importorskip("numpy")
    chosen = ROTTEN.replace(network=network)
    rounds = FaultRounds(chosen, ExploreOptions(engine=engine, no_op=no_op), faults_max=2)  # type: ignore[arg-type]
    for _ in rounds.explore():
        pass
    found = rounds.last.explored.violation
    assert found is not None
    kinds = [choice.kind for choice in found.choices]
    assert {"delay", "rot"} <= set(kinds)
    assert [v.property for v in judge(run(chosen, found.choices)) if v.is_broken] == [NAME]


def test_reduced_exploration_keeps_what_is_held_for_a_fault_about_it() -> None:
    reducer = Reducer(for_exploration(ROTTEN).replace(faults_max=2))
    for _ in reducer.explore():
        pass
    found = reducer.progress.violation
    assert found is not None
    assert found.property == NAME


def test_delays_are_left_out_where_no_fault_of_ones_own_may_happen() -> None:
    assert set(for_exploration(ROTTEN).limits) == {"rot", "delay"}
    assert (
        set(for_exploration(ROTTEN.replace(actions=ACTIONS, limits=budgets(delay=1))).limits)
        == set()
    )
    assert set(for_exploration(ROTTEN.replace(limits=budgets(delay=1))).limits) == set()


@pytest.mark.parametrize("engine", ["plain", "numpy"])
def test_a_bound_on_the_depth_does_not_keep_faults_from_being_explored(engine: str) -> None:
    if engine == "numpy":
        pytest.importorskip("numpy")
    chosen = scenario("garble", Garble)
    shortest = explored(chosen).last.explored.violation
    assert shortest is not None
    depth = len(shortest.choices) + 1  # the states of the last level are not judged
    bounded = explored(chosen, engine=engine, limits=Limits(depth=depth))
    assert [r.explored.stop for r in bounded.rounds] == ["depth", "broken"]
    less = explored(chosen, engine=engine, limits=Limits(depth=depth - 1))
    assert [r.explored.stop for r in less.rounds] == ["depth", "depth"]


@pytest.mark.parametrize("chosen", BROKEN, ids=lambda s: s.name)
def test_reduced_exploration_finds_it_too(chosen: Scenario) -> None:
    reducer = Reducer(chosen.replace(faults_max=1))
    for _ in reducer.explore():
        pass
    found = reducer.progress.violation
    assert found is not None
    assert found.property == NAME


@pytest.mark.slow
@pytest.mark.parametrize("chosen", BROKEN, ids=lambda s: s.name)
def test_walks_find_it_and_minimise_it(chosen: Scenario) -> None:
    campaign = Campaign(chosen)
    for _ in campaign.search(Budgets(runs=2_000)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.property == NAME
    kinds = [choice.kind for choice in example.trace.choices]
    assert kinds.count(chosen.name) == 1
    shortest = explored(chosen).last.explored.violation
    assert shortest is not None
    assert len(kinds) == len(shortest.choices)


@pytest.mark.slow
@pytest.mark.parametrize("chosen", BROKEN, ids=lambda s: s.name)
def test_the_state_machine_finds_it(chosen: Scenario) -> None:
    with pytest.raises(PropertyBroken) as caught:
        state_machine_for(chosen).TestCase("runTest").runTest()
    assert caught.value.verdict.property == NAME


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("no_op", ["keep", "forget"])
def test_a_fault_of_the_network_breaks_nothing_that_it_does_not(engine: str, no_op: str) -> None:
    """Its end, and the loss that it makes free, are there: the same states by both engines."""
    if engine == "numpy":
        pytest.importorskip("numpy")
    found = explored(RIGHT, engine=engine, no_op=no_op).last.explored
    assert (found.stop, found.violation) == ("complete", None)
    plain = explored(RIGHT, engine="plain", no_op=no_op).last.explored
    assert (found.states, found.generated) == (plain.states, plain.generated)
    assert found.environments > 2


@pytest.mark.slow
def test_walks_undo_a_fault_of_the_network_and_lose_messages_by_it() -> None:
    campaign, kinds = Campaign(RIGHT), set[str]()
    for number, walked in campaign._walks():
        kinds |= {choice.kind for choice in walked.run.choices}
        if number == 4_000:
            break
    assert {"isolate", "rejoin", "drop", "heal"} <= kinds
    assert campaign.counterexample() is None
