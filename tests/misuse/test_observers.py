"""Observers that are wrong end an exploration as bad input."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import counterpoint as cp
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Property
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.exploration.observers_compared import compare_observers
from tests.support.echo import echo


@dataclass(frozen=True)
class Wrong:
    """An observer that raises, or remembers what cannot be hashed."""

    how: str
    initial: cp.Value = 0

    def observe(self, memory: cp.Value, observations: object) -> cp.Value:
        del observations
        if self.how == "observe raises":
            raise KeyError("mine")
        return [memory] if self.how == "a list" else 1  # type: ignore[return-value]

    def is_broken(self, memory: cp.Value) -> bool:
        if self.how == "is_broken raises":
            raise ValueError(f"what is {memory!r}?")
        return False


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("observe raises", r"raised KeyError: 'mine' \(test_observers.py:\d+, in observe\)"),
        ("a list", "raised TypeError: unhashable type: 'list'"),
        ("is_broken raises", r"raised ValueError: what is \d\? \(test_observers.py:\d+, in is_bro"),
    ],
)
def test_a_wrong_observer_is_bad_input(how: str, what: str) -> None:
    observed = Property("quiet", bool, observer=Wrong(how))
    with pytest.raises(BadScenario, match=f"the observer of property 'quiet' {what}"):
        list(Explorer(echo().replace(properties=(observed,))).explore())


def never_two(trace: cp.Trace) -> bool:
    return sum(event.kind == "return" for event in trace.events) < 2


@pytest.mark.parametrize(("check", "claims"), [(never_two, "not broken"), (bool, "broken")])
def test_an_observer_that_differs_from_its_check_is_bad_input(check: object, claims: str) -> None:
    """It would let an exploration hold, or break what its check says is right."""

    @dataclass(frozen=True)
    class Says(Wrong):
        def is_broken(self, memory: cp.Value) -> bool:
            return claims == "broken" and memory is not None

    observed = Property("few", check, observer=Says("nothing"))  # type: ignore[arg-type]
    with pytest.raises(
        BadScenario, match=f"observer of property 'few' says that it is {claims} by"
    ):
        compare_observers(echo().replace(properties=(observed,)))


def test_what_an_observer_says_after_any_step_counts() -> None:
    """An exploration judges each state, so an observer may tell what is broken right now."""

    @dataclass(frozen=True)
    class Returned(Wrong):
        def observe(self, memory: cp.Value, observations: object) -> cp.Value:
            assert isinstance(observations, list), f"{memory!r} is followed by {observations!r}"
            return any(seen.kind == "return" for seen in observations)

        def is_broken(self, memory: cp.Value) -> bool:
            return memory is True

    def never_returns(trace: cp.Trace) -> bool:
        return all(event.kind != "return" for event in trace.events)

    observed = Property("none", never_returns, observer=Returned("nothing"))
    compare_observers(echo().replace(properties=(observed,)))


def test_a_handler_that_fails_is_for_the_exploration_to_tell() -> None:
    class Failing:
        nodes = ("c",)

        def initial(self, node: str) -> str:
            return node

        def handle(self, node: str, state: str, given: cp.Input) -> cp.Step[str]:
            assert isinstance(given, cp.Start), f"{node} fails at {given}"
            return cp.Step(state)

    failing = cp.Scenario(
        name="failing",
        system=Failing(),
        calls={"c": ("ask",)},
        properties=(Property("any", bool, observer=Wrong("nothing")),),
    )
    compare_observers(failing)


def test_a_right_observer_may_be_an_authors_own() -> None:
    compare_observers(
        echo().replace(properties=(Property("any", bool, observer=Wrong("nothing")),))
    )
