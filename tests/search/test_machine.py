"""The state machine of a scenario, under Hypothesis and by hand."""

from __future__ import annotations

import unittest

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from counterpoint.model.actions import ACTIONS, Call, Deliver
from counterpoint.model.node import Input, Receive, Step
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.failure import ExaminedNothing, PropertyBroken
from counterpoint.model.search.replay import HANDLER_PROPERTY, NotEnabled, run
from counterpoint.model.search.stateful.bridge import check, default_settings
from counterpoint.model.search.stateful.machine import ScenarioMachine, rule_name, state_machine_for
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, broken, holds
from tests.support.abd import Abd, Answer, Query, Read, State, Store, Write, abd, hasty
from tests.support.echo import Echo, echo
from tests.support.echo import State as EchoState


def of(scenario: Scenario, *, examples: int = 60, number: int = 3) -> type[ScenarioMachine]:
    """Return a machine whose test case keeps nothing and is the same every time."""
    machine = seed(number)(state_machine_for(scenario))
    machine.TestCase.settings = settings(
        default_settings(scenario), max_examples=examples, database=None, derandomize=False
    )
    return machine


def failure(machine: type[ScenarioMachine]) -> PropertyBroken:
    """Return what the test case of a machine raises."""
    with pytest.raises(PropertyBroken) as caught:
        check(machine, machine.TestCase.settings)
    return caught.value


@pytest.mark.slow
def test_a_right_scenario_passes_and_does_its_work() -> None:
    machine = of(echo(), examples=40)
    done = check(machine, machine.TestCase.settings)
    assert done.runs >= 40
    assert done.completed_calls >= done.runs
    assert set(done.faults) >= {"crash", "cut", "delay", "drop", "duplicate", "omit", "transform"}


@pytest.mark.slow
def test_a_wrong_scenario_fails_minimised() -> None:
    error = failure(of(hasty(), examples=900))
    assert str(error).startswith("no early read: c2 read 1 before it was written. (")
    assert len(error.trace.choices) == 7
    assert error.steps_found is not None
    assert error.steps_found > 7
    assert run(error.trace.scenario, error.trace.choices) == error.trace


@pytest.mark.nightly
def test_what_hypothesis_has_shrunk_is_minimised_further() -> None:
    machine = of(hasty())
    case = machine.TestCase
    phases = (Phase.generate, Phase.shrink)
    case.settings = settings(case.settings, max_examples=3_000, phases=phases)
    assert len(failure(machine).trace.choices) == 7


def test_the_rules_are_the_kinds_that_can_happen_and_rest() -> None:
    assert set(state_machine_for(abd())()._rule_of) == {
        "call", "crash", "cut", "delay", "deliver", "drop", "duplicate", "fire", "heal", "mend",
        "omit", "release", "rest", "restart",
    }  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
def test_no_rule_hides_a_method_of_hypothesis(action: type) -> None:
    assert rule_name(action) not in dir(ScenarioMachine)


def test_a_kind_that_is_called_like_a_method_has_another_rule_name() -> None:
    class Teardown(Deliver):
        kind = "teardown"

    assert rule_name(Teardown) == "teardown_"


def test_machines_are_called_after_what_they_are_made_of() -> None:
    names = [
        state_machine_for(scenario).__name__
        for scenario in (abd(), abd(), abd(writes_back=False), abd(faults_max=1), echo())
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert names[0].startswith("AbdMachine_")
    assert state_machine_for(abd(), name="Mine").__name__ == "Mine"
    spoken = state_machine_for(abd(name="two clients, twice")).__name__
    assert spoken.startswith("TwoClientsTwiceMachine_")
    origin = {"system": "abd", "scenario": "default", "mutant": "B1"}
    assert state_machine_for(abd(origin=origin)).__name__.startswith("AbdDefaultB1Machine_")


def test_steps_by_hand_do_what_they_say() -> None:
    state = state_machine_for(abd(writes_back=False))()
    state.call(action=Call("c2", Read()))  # type: ignore[attr-defined]
    state.deliver(action=Deliver("c2", "r1", Query(1)))  # type: ignore[attr-defined]
    assert [choice.kind for choice in state.run.choices] == ["call", "deliver"]
    with pytest.raises(NotEnabled, match=r"step 2: deliver\(c2, r1, query\(1\)\) is not enabled"):
        state.deliver(action=Deliver("c2", "r1", Query(1)))  # type: ignore[attr-defined]
    state.teardown()


def test_the_operations_are_judged_as_soon_as_a_call_returns() -> None:
    state = state_machine_for(abd(writes_back=False))()
    steps = [
        Call("c1", Write(1)),
        Deliver("c1", "r1", Store(1, 1)),
        Call("c2", Read()),
        *(Deliver("c2", r, Query(1)) for r in ("r1", "r2")),
        *(Deliver(r, "c2", Answer(1, v)) for r, v in (("r1", 1), ("r2", 0))),
        Call("c2", Read()),
        *(Deliver("c2", r, Query(2)) for r in ("r2", "r3")),
        Deliver("r2", "c2", Answer(2, 0)),
    ]
    for step in steps:
        state.take(step)
        state.operations_hold()
    state.take(Deliver("r3", "c2", Answer(2, 0)))
    assert state.has_news
    with pytest.raises(PropertyBroken, match="never back"):
        state.operations_hold()


@pytest.mark.slow
def test_a_handler_that_raises_breaks_a_property() -> None:
    class Fragile(Echo):
        def handle(self, node: str, state: EchoState, given: Input) -> Step[EchoState]:
            assert node != "s2" or not isinstance(given, Receive), "s2 takes no messages"
            return super().handle(node, state, given)

    error = failure(of(echo(system=Fragile())))
    assert error.verdict.property == HANDLER_PROPERTY
    assert [choice.kind for choice in error.trace.choices] == ["call", "deliver"]


def nothing_is_owed(trace: Trace) -> Verdict:
    """Every call returns: broken at the end of a run that is at rest with one pending."""
    settled = trace.final.conditions.settled
    pending = [core.pending for core in trace.final.node_states if core.pending is not None]
    if settled is not None and pending:
        return broken("all return", f"{pending[0]} is pending", examined=1)
    return holds("all return", examined=1)


@pytest.mark.slow
def test_a_property_of_the_end_is_judged_when_the_run_has_come_to_rest() -> None:
    class Deaf(Abd):
        def handle(self, node: str, state: State, given: Input) -> Step[State]:
            if node in ("r2", "r3") and getattr(given, "source", None) == "c1":
                return Step(state)
            return super().handle(node, state, given)

    end = Property("all return", nothing_is_owed, reads="end")
    error = failure(of(abd(system=Deaf(), properties=(end,))))
    assert error.verdict.summary.endswith("is pending")
    assert "settle" in [choice.kind for choice in error.trace.choices]
    assert any("state.teardown()" in note for note in error.__notes__)


def test_a_search_that_completes_no_calls_is_refused() -> None:
    machine = of(abd(min_calls_per_run=3.5), examples=5)
    with pytest.raises(ExaminedNothing, match="examined nothing"):
        check(machine, machine.TestCase.settings)


def test_the_test_case_is_one_of_unittest(capsys: pytest.CaptureFixture[str]) -> None:
    case = of(abd(), examples=5).TestCase
    result = unittest.TestResult()
    case().run(result)
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    assert capsys.readouterr() == ("", "")
    assert of(abd()).TestCase is not case


def test_teardown_judges_inside_an_exception_handler_too() -> None:
    """What is being handled outside is no reason to leave a run unjudged."""
    machine = state_machine_for(abd())
    try:
        raise LookupError("somewhere else")
    except LookupError:
        state = machine()
        state.teardown()
    assert state.run.conditions.settled is not None


@pytest.mark.slow
def test_rules_drawn_one_by_one_do_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is should Hypothesis ever draw its rules elsewhere."""
    monkeypatch.setattr(ScenarioMachine, "_chooser", lambda self: self._rule_by_rule)
    machine = of(abd(), examples=20)
    run_state_machine_as_test(machine, settings=machine.TestCase.settings)
    done = machine.bench.tally.progress()
    assert done.completed_calls >= abd().min_calls_per_run * done.runs
    assert len(failure(of(hasty(), examples=900)).trace.choices) == 7
