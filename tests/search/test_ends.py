"""What an exploration may say of claims about rest: it holds where every end was judged, and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds
from counterpoint.model.search.exploration.explore import Limits


def copying(state: int, given: cp.Input) -> cp.Step[int] | None:
    match given:
        case cp.Invoke("add"):
            return cp.Step(state + 1, cp.Send("b", state + 1), cp.Return("ok"))
        case cp.Receive(_, int(count)):
            return cp.Step(max(state, count))
    return None


def last(state: int, given: cp.Input) -> cp.Step[int] | None:
    """The mistake: what arrives last wins."""
    match given:
        case cp.Receive(_, int(count)):
            return cp.Step(count)
    return copying(state, given)


def ticking(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Has a timer that goes off again and again, without end, and changes nothing."""
    match given:
        case cp.Start() | cp.Timeout("tick"):
            return cp.Step(state, cp.SetTimer("tick"))
    return copying(state, given)


def blinking(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Changes without end."""
    match given:
        case cp.Start():
            return cp.Step(state, cp.SetTimer("blink"))
        case cp.Timeout("blink"):
            return cp.Step(1 - state, cp.SetTimer("blink"))
    return None


def same(state: int) -> int:
    return state


def scenario(handler: Any, *claims: Any, calls: int = 2) -> cp.Scenario:
    return cp.Scenario(
        "copies",
        cp.system(a=(handler, 0), b=(handler, 0)),
        calls={"a": ["add"] * calls} if calls else {},
        properties=claims,
        min_calls_per_run=0.0,
    )


def rounds(built: cp.Scenario, engine: Any = "auto") -> FaultRounds:
    found = FaultRounds(built, replace(BOUNDED, engine=engine), faults_max=0)
    for _ in found.explore():
        pass
    found.judge_endings()
    return found


BOUNDED = ExploreOptions(Limits(states=5_000))
TWO = cp.eventually("two", lambda states: states["a"] == 2)


def test_claims_of_the_last_world_are_proved_where_every_run_rests() -> None:
    found = rounds(scenario(copying, cp.converges(same), TWO, cp.conserved(lambda _: 0)))
    assert found.not_judged == []
    assert found.undecided is None
    for name in ("convergence", "two", "conservation"):
        assert (found.judged[name].held, found.judged[name].of) == (1, "ends")


def test_what_breaks_at_some_end_is_found() -> None:
    found = rounds(scenario(last, cp.converges(same), TWO))
    violation = found.last.explored.violation
    assert violation is not None
    assert violation.property == "convergence"
    assert found.judged["convergence"].broken == 1
    assert found.judged["two"].held == 0


def test_nodes_that_change_no_more_have_come_to_rest_whatever_goes_on() -> None:
    claims = (cp.converges(same), TWO)
    found = rounds(scenario(ticking, *claims))
    assert found.undecided is None
    assert found.judged["convergence"].held > 0
    broken = rounds(scenario(ticking, cp.eventually("three", lambda states: states["b"] == 3)))
    assert broken.last.explored.violation is not None


def test_where_some_run_never_rests_nothing_holds() -> None:
    found = rounds(scenario(blinking, cp.converges(same), calls=0))
    assert found.judged["convergence"].held == 0
    assert found.judged["convergence"].reason == "some runs never rest"
    assert found.undecided is not None


def asking(state: int, given: cp.Input) -> cp.Step[int] | None:
    """Ask, and never get an answer."""
    return cp.Step(state + 1) if isinstance(given, cp.Invoke) else None


@pytest.mark.parametrize("engine", ["plain", "auto"])
def test_a_call_that_stays_open_makes_no_rest_of_a_circle(engine: Any) -> None:
    """The lasso of the call goes round through both states of the lamp; neither is the last."""
    for wanted in (0, 1):
        claim = cp.eventually("lamp", lambda states, wanted=wanted: states["lamp"] == wanted)
        built = cp.Scenario(
            "lamp",
            cp.system(lamp=(blinking, 0), c=(asking, 0)),
            calls={"c": ["ask"]},
            properties=[claim],
            min_calls_per_run=0.0,
        )
        found = rounds(built, engine)
        assert found.last.explored.violation is None
        assert found.judged["lamp"].held == 0


def test_what_may_depend_on_the_way_to_an_end_is_not_called_proved() -> None:
    def first_one_wins(trace: cp.Trace) -> bool:
        returns = [event for event in trace.events if event.kind == "return"]
        return returns[0].node == "a"

    found = rounds(scenario(copying, cp.Property("first", first_one_wins, reads="end")))
    assert found.judged["first"].held == 0
    assert found.judged["first"].reason == "one run to each end was judged, others may differ"
    assert found.undecided is not None


def test_without_liveness_they_are_not_explored() -> None:
    found = FaultRounds(scenario(copying, TWO), BOUNDED, faults_max=0)
    for _ in found.explore():
        pass
    assert found.not_judged == ["two"]
    assert found.judged_otherwise == {"two": "fuzz or --liveness"}
    assert found.undecided == "nothing was judged; not explored: two"


def test_liveness_that_a_limit_forestalls_is_not_advised_again() -> None:
    options = ExploreOptions(Limits(depth=2), liveness=True)
    found = FaultRounds(scenario(copying, TWO), options, faults_max=0)
    for _ in found.explore():
        pass
    assert not found.are_endings_due
    how = "fuzz, or explore all states: --liveness begins after them"
    assert found.judged_otherwise == {"two": how}


@pytest.mark.parametrize("make", [cp.answers, lambda: cp.converges(same), lambda: TWO])
def test_properties_say_what_they_look_at(make: Any) -> None:
    prop = make()
    assert prop.is_about_last_world is (prop.name != "liveness")
    assert prop.is_about_answers is (prop.name == "liveness")
