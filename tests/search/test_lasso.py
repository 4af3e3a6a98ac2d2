"""Liveness in exhaustive search: ends and fair circles with an open call, as runs that replay."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from counterpoint.checkers.liveness import check_liveness
from counterpoint.harness.catalog import build
from counterpoint.model.node import (
    Effect,
    Input,
    Invoke,
    Receive,
    Return,
    Send,
    SetTimer,
    Step,
    Timeout,
)
from counterpoint.model.scenario import Property, Scenario, budgets
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.lasso import Endings, explore_endings
from counterpoint.model.search.replay import run
from counterpoint.model.values import Value

LIVENESS = Property("liveness", check_liveness, reads="end")


@dataclass(frozen=True)
class Asking:
    """A client asks a server and asks again by a timer; the server answers as its `manner` says."""

    manner: str
    asks_again: bool = True

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("client", "server")

    def initial(self, node: str) -> Value:
        del node
        return False

    def handle(self, node: str, state: Value, given: Input) -> Step[Value]:
        if node == "server":
            return self._serve(state, given)
        again: tuple[Effect, ...] = (SetTimer("again"),) if self.asks_again else ()
        match given:
            case Invoke():
                return Step(True, (Send("server", "please"), *again))
            case Timeout() if state:
                return Step(True, (Send("server", "please"), *again))
            case Receive() if state:
                return Step(False, (Return("done"),))
            case _:
                return Step(state)

    def _serve(self, state: Value, given: Input) -> Step[Value]:
        if not isinstance(given, Receive):
            return Step(state)
        match self.manner:
            case "answers":
                return Step(state, (Send("client", "here"),))
            case _:
                return Step(state)


@dataclass(frozen=True)
class TakingTurns:
    """The server hands the request to itself for ever, unless it is told to stop by the client."""

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("client", "server")

    def initial(self, node: str) -> Value:
        del node
        return 0

    def handle(self, node: str, state: Value, given: Input) -> Step[Value]:
        match given:
            case Invoke():
                return Step(state, (Send("server", "please"),))
            case Receive(_, body) if node == "server":
                return Step(state, (Send("server", body),))
            case _:
                return Step(state)


def asking(manner: str, *, asks_again: bool = True, **limits: int) -> Scenario:
    return Scenario(
        name="asking",
        system=Asking(manner, asks_again),
        calls={"client": ("please",)},
        properties=(LIVENESS,),
        limits=budgets(**limits),
    )


def test_an_answer_that_comes_is_live() -> None:
    found = explore_endings(asking("answers", asks_again=False))
    assert (found.stop, found.violation, found.ends, found.circles) == ("complete", None, 0, 0)


def test_an_answer_that_never_comes_is_an_end_with_an_open_call() -> None:
    scenario = asking("never answers", asks_again=False)
    found = explore_endings(scenario)
    assert found.violation is not None
    trace = run(scenario, found.violation.choices)
    assert trace.repeats is None
    assert check_liveness(trace).is_broken


def test_a_lost_message_is_an_end_with_an_open_call() -> None:
    scenario = asking("answers", asks_again=False, drop=1)
    assert explore_endings(scenario.replace(faults_max=0)).violation is None
    found = explore_endings(scenario)
    assert found.violation is not None
    assert "drop" in [choice.kind for choice in found.violation.choices]


def test_going_round_for_ever_is_a_lasso() -> None:
    scenario = Scenario("turns", TakingTurns(), {"client": ("please",)}, (LIVENESS,))
    found = explore_endings(scenario)
    assert (found.stop, found.circles) == ("broken", 1)
    assert found.violation is not None
    trace = run(scenario, found.violation.choices)
    assert trace.repeats is not None
    assert trace.worlds[trace.repeats].identity == trace.final.identity
    assert check_liveness(trace).is_broken


@dataclass(frozen=True)
class Ticking:
    """The client ticks for ever; the answer is on its way all the while."""

    answers: bool

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("client", "server")

    def initial(self, node: str) -> Value:
        return node

    def handle(self, node: str, state: Value, given: Input) -> Step[Value]:
        match given:
            case Invoke():
                return Step("waiting", (Send("server", "please"), SetTimer("tick")))
            case Timeout():
                return Step(state, (SetTimer("tick"),) if state == "waiting" else ())
            case Receive() if node == "server" and self.answers:
                return Step(state, (Send("client", "here"),))
            case Receive() if node == "client":
                return Step("done", (Return("here"),))
            case _:
                return Step(state)


@pytest.mark.parametrize("answers", [True, False])
def test_a_circle_counts_only_if_it_is_fair_to_what_is_possible_all_the_while(
    answers: bool,
) -> None:
    scenario = Scenario("ticking", Ticking(answers), {"client": ("please",)}, (LIVENESS,))
    found = explore_endings(scenario)
    assert (found.violation is None) == answers
    assert found.circles == (0 if answers else 1)
    if found.violation is not None:
        trace = run(scenario, found.violation.choices)
        assert trace.repeats is not None
        assert check_liveness(trace).is_broken


def test_a_limit_on_states_leaves_the_question_open() -> None:
    found = explore_endings(asking("answers"), Limits(states=50))
    assert (found.stop, found.violation) == ("states", None)


def test_the_register_answers_every_call_that_it_owes() -> None:
    settings = {"token": "4", "writes": "1", "reads": "0", "clients": "0"}
    found = explore_endings(build("register", settings=settings).replace(faults_max=0))
    assert isinstance(found, Endings)
    assert (found.stop, found.violation) == ("complete", None)
    assert found.settled > found.states > 30
