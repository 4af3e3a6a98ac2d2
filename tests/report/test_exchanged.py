"""Messages that an action puts in the place of another are told of like copies of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from counterpoint.checkers.conservation_cuts import check_balance
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.exports.formats import EXPORTS
from counterpoint.harness.report.terminal import report
from counterpoint.harness.viewer.data import FATE_CODES, GONE, run_data
from counterpoint.model.actions import ACTIONS, Deliver
from counterpoint.model.faults import Duplicate
from counterpoint.model.node import Input, Receive, Send, Start, Step
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Invariant, Scenario, budgets
from counterpoint.model.search.replay import enabled, judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Outcome
from counterpoint.model.world import Action
from tests.search.own_faults import Become

Heard: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarmed:
    """Node b says that it is done, and a, which keeps all that it hears, is to hear nothing else."""

    nodes: tuple[NodeId, ...] = ("a", "b")

    def initial(self, node: NodeId) -> Heard:
        del node
        return ()

    def handle(self, node: NodeId, state: Heard, given: Input) -> Step[Heard]:
        match node, given:
            case "b", Start():
                return Step(state, (Send("a", "done"),))
            case "a", Receive(_, str(body)):
                return Step((*state, body))
        return Step(state)


SCENARIO = Scenario(
    name="alarmed",
    system=Alarmed(),
    calls={},
    properties=(),
    invariants=(
        Invariant("no alarm", lambda states: "alarm" if "garbled" in states["a"] else None),
    ),
    limits=budgets(become=2),
    actions=(*ACTIONS, Become),
    min_calls_per_run=0,
)


def every_run(steps_max: int, begun: tuple[Action, ...] = ()) -> Iterator[Trace]:
    """Yield all runs of so many steps at most."""
    trace = run(SCENARIO, begun)
    yield trace
    if len(begun) < steps_max:
        for action in enabled(trace.final):
            yield from every_run(steps_max, (*begun, action))


def test_every_copy_is_counted_until_it_arrives_or_is_gone() -> None:
    """Held against the last world of every short run, as reports and as the viewer count."""
    for trace in every_run(4):
        flying = Counter(flight.id for flight in trace.final.flights)
        story = TraceExplanation(trace)
        assert {m.id: m.in_flight for m in story.letters.values() if m.in_flight} == flying
        data: Any = run_data(story, "")
        fates = [fate for fate in data["fates"] if fate]
        copies = 1 + sum(f[2] if f[1] == FATE_CODES["duplicate"] else -1 for f in fates)
        assert copies == sum(flying.values())


DONE = ("b", "a", "done")
GARBLED = (Become(*DONE, ("garbled",)), Deliver("b", "a", "garbled"))


@pytest.mark.parametrize("to", ["shiviz", "itf", "mermaid", "dot", "perfetto"])
def test_a_run_with_an_exchanged_message_is_exported(to: str) -> None:
    trace = run(SCENARIO, GARBLED)
    told = "before it was exchanged [step 0]" if to == "dot" else "garbled"
    assert told in EXPORTS[to].write(trace, judge(trace))


def test_a_finding_with_an_exchanged_message_is_reported() -> None:
    trace = run(SCENARIO, GARBLED)
    verdicts = judge(trace)
    assert [v.property for v in verdicts if v.is_broken] == ["no alarm"]
    lines = report(trace, verdicts, width=100).splitlines()
    assert "   0    │≠╌╌╌╌m1╌│  become(b, a, done, (garbled))" in lines
    assert "   1    ●◀────m1─│  a ← garbled · ()→(garbled)" in lines
    assert not any("in flight" in line for line in lines)


def heard(node: NodeId, node_state: NodeState) -> tuple[Hashable, ...]:
    """Return what a node has: each message that it heard."""
    del node
    assert isinstance(node_state.state, tuple)
    return node_state.state


def itself(body: Value) -> tuple[Hashable, ...]:
    """Return what a message carries: what it says."""
    return (body,)


def test_parts_that_arrive_one_after_the_other_are_no_second_arrival() -> None:
    """What a message carries arrives twice only if a copy of it does."""
    whole = Become(*DONE, ("done", "garbled"))
    arrivals = (Deliver(*DONE), Deliver("b", "a", "garbled"))
    in_parts = check_balance(run(SCENARIO, (whole, *arrivals)), heard, itself)
    assert in_parts.outcome is Outcome.HOLDS
    copied = SCENARIO.replace(limits=budgets(duplicate=1))
    again = run(copied, (Duplicate(*DONE), Deliver(*DONE), Deliver(*DONE)))
    assert "m1 arrives a second time" in check_balance(again, heard, itself).summary


def test_the_second_part_of_a_message_does_not_arrive_again() -> None:
    whole = Become(*DONE, ("done", "garbled"))
    trace = run(SCENARIO, (whole, Deliver(*DONE), Deliver("b", "a", "garbled")))
    assert "a ← garbled · " in report(trace, judge(trace), width=100)


def test_a_message_with_nothing_in_its_place_is_not_on_its_way() -> None:
    story = TraceExplanation(run(SCENARIO, (Become(*DONE, ()),)))
    assert run_data(story, "")["fates"] == [[1, GONE]]
