"""A step that breaks off in the middle: what is sent before it is persisted may be a lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings

from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds
from counterpoint.model.faults import Tear
from counterpoint.model.node import (
    Effect,
    Input,
    Invoke,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    Timeout,
)
from counterpoint.model.normal import Fire
from counterpoint.model.scenario import Invariant, Scenario, budgets
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.stateful.machine import state_machine_for
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.values import NodeId, show

NAME = "what is confirmed is kept"


@dataclass(frozen=True, slots=True)
class Store:
    """A server that keeps one value; wrong: it confirms it before it has persisted it."""

    is_wrong: bool
    nodes: tuple[NodeId, ...] = ("c", "s")

    def initial(self, node: NodeId) -> str:
        del node
        return "empty"

    def handle(self, node: NodeId, state: str, given: Input) -> Step[str]:
        match node, given:
            case "c", Invoke("write"):
                return Step(state, (Send("s", "write"),))
            case "c", Receive("s", "confirmed"):
                return Step("confirmed", (Return("ok"),))
            case "s", Receive("c", "write"):
                effects: tuple[Effect, ...] = (Persist("kept"), Send("c", "confirmed"))
                return Step("kept", effects[::-1] if self.is_wrong else effects)
            case "s", Recover(durable):
                return Step("kept" if durable == "kept" else "forgot")
            case _:
                return Step(state)


def lost(states: Mapping[NodeId, Any]) -> str | None:
    if (states["c"], states["s"]) == ("confirmed", "forgot"):
        return "c was told that its write is kept, and s has nothing"
    return None


def scenario(*, is_wrong: bool, **limits: int) -> Scenario:
    return Scenario(
        name="store",
        system=Store(is_wrong),
        calls={"c": ("write",)},
        properties=(),
        invariants=(Invariant(NAME, lost),),
        limits=budgets(**limits),
        tolerates=lambda failed, roles: set(failed) <= {"s"},  # noqa: ARG005 - called by name
    )


def outcome(chosen: Scenario, **options: Any) -> str | None:
    rounds = FaultRounds(chosen, ExploreOptions(**options), faults_max=1)
    for _ in rounds.explore():
        pass
    found = rounds.last.explored.violation
    if found is None:
        assert rounds.last.explored.stop == "complete"
        return None
    [broken] = [v.property for v in judge(run(chosen, found.choices)) if v.is_broken]
    return broken


WRONG = scenario(is_wrong=True, tear=1)


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("no_op", ["keep", "consume", "forget"])
def test_only_a_torn_step_shows_what_is_sent_before_it_is_kept(engine: str, no_op: str) -> None:
    if engine == "numpy":
        pytest.importorskip("numpy")
    assert outcome(WRONG, engine=engine, no_op=no_op) == NAME
    assert outcome(scenario(is_wrong=False, tear=1), engine=engine, no_op=no_op) is None
    steps_are_whole = scenario(is_wrong=True, crash=1)
    assert outcome(steps_are_whole, engine=engine, no_op=no_op) is None


@pytest.mark.slow
def test_walks_find_a_torn_step_and_say_where_it_broke_off() -> None:
    campaign = Campaign(WRONG)
    for _ in campaign.search(Budgets(runs=3_000)):
        pass
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.property == NAME
    [torn] = [choice for choice in example.trace.choices if isinstance(choice, Tear)]
    assert (show(torn.step), torn.effects) == ("deliver(c, s, write)", 1)
    assert len(example.trace.choices) == 4
    kinds = [event.kind for event in example.trace.events_of_step(1)]
    assert kinds == ["deliver", "send", "crash"]


def test_the_right_order_of_effects_holds_in_walks() -> None:
    campaign = Campaign(scenario(is_wrong=False, tear=1))
    for _ in campaign.search(Budgets(runs=500)):
        pass
    assert campaign.progress.faults["tear"] >= 5
    assert campaign.counterexample() is None


@pytest.mark.slow
def test_the_state_machine_finds_a_torn_step() -> None:
    case = state_machine_for(WRONG).TestCase
    case.settings = settings(case.settings, derandomize=True, database=None)
    with pytest.raises(PropertyBroken) as caught:
        case("runTest").runTest()
    assert caught.value.verdict.property == NAME


def test_reduced_exploration_finds_a_torn_step() -> None:
    reducer = Reducer(WRONG)
    for _ in reducer.explore():
        pass
    assert reducer.progress.violation is not None


@dataclass(frozen=True, slots=True)
class Clock:
    """A node that counts the ticks of its timer, and keeps the count."""

    nodes: tuple[NodeId, ...] = ("a",)

    def initial(self, node: NodeId) -> int:
        del node
        return 0

    def handle(self, node: NodeId, state: int, given: Input) -> Step[int]:
        del node
        match given:
            case Start():
                return Step(state, (SetTimer("tick"),))
            case Recover(durable):
                kept = durable if isinstance(durable, int) else 0
                return Step(kept, (SetTimer("tick"),))
            case Timeout("tick"):
                return Step(state + 1, (Persist(state + 1), SetTimer("tick")))
        return Step(state)


def ticks(most: int, **limits: int) -> Scenario:
    def is_late(states: Mapping[NodeId, Any]) -> str | None:
        return "too many ticks" if states["a"] > most else None

    return Scenario(
        name="clock",
        system=Clock(),
        calls={},
        properties=(),
        invariants=(Invariant(NAME, is_late),),
        limits=budgets(**limits),
        tolerates=lambda failed, roles: True,  # noqa: ARG005 - called by name
        min_calls_per_run=0,
    )


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("fire", [1, 2])
def test_a_timer_whose_step_is_torn_has_gone_off(fire: int, engine: str) -> None:
    """What it persisted before it broke off counts, so that two firings make two ticks, not three."""
    if engine == "numpy":
        pytest.importorskip("numpy")
    assert outcome(ticks(fire, fire=fire, tear=1), engine=engine) is None
    assert outcome(ticks(fire - 1, fire=fire, tear=1), engine=engine) == NAME


def test_a_torn_timer_uses_both_budgets_and_torn_deliveries_their_own() -> None:
    after = run(ticks(9, fire=2, tear=1), [Tear(Fire("a", "tick"), 1)]).final.conditions
    assert (after.count("fire"), after.count("tear")) == (1, 1)
    free = run(ticks(9, tear=1), [Tear(Fire("a", "tick"), 1)]).final.conditions
    assert (free.count("fire"), free.count("tear")) == (0, 1)


def test_reduced_exploration_counts_torn_timers() -> None:
    reducer = Reducer(ticks(1, fire=1, tear=1))
    for _ in reducer.explore():
        pass
    assert reducer.progress.stop == "complete"
    assert reducer.progress.violation is None
