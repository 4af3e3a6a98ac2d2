# ruff: noqa: ARG001 - a function takes what it may be given
"""A function that can be told more is told it, whether or not it could do without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.model.scenario import Invariant
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.exploration.goals import reached

States = Mapping[str, Any]


def node(state: str, given: cp.Input) -> cp.Step[str] | None:
    match given:
        case cp.Invoke():
            return cp.Step("up", cp.Return("ok"))
        case cp.Receive():
            return cp.Step("told")
        case cp.Start():
            return cp.Step(state, cp.Send("m", "hello") if state == "first" else ())
    return None


def alone(**claims: Any) -> cp.Scenario:
    system = cp.system(n=(node, "first"), m=(node, "second"))
    limits = cp.faults(crash=1)
    return cp.Scenario(
        "alone", system, calls={"n": ["go"]}, limits=limits, tolerates=lambda *_: True, **claims
    )


def needed(states: States, down: Sequence[str]) -> bool:
    return not down


def by_default(states: States, down: Sequence[str] = ()) -> bool:
    return not down


def constant(states: States, most: int = 2) -> bool:
    return most == 2 and len(states) == most


def broken(scenario: cp.Scenario) -> str | None:
    *_, last = Explorer(scenario.replace(faults_max=1)).explore()
    return None if last.violation is None else last.violation.property


@pytest.mark.parametrize(
    ("function", "found"), [(needed, "claim"), (by_default, "claim"), (constant, None)]
)
def test_an_invariant_is_told_who_is_down(function: Callable[..., Any], found: str | None) -> None:
    assert broken(alone(invariants=[cp.always("claim", function)])) == found
    said = Invariant("claim", wraps(function)(lambda *asked: None if function(*asked) else "no"))
    assert broken(alone(invariants=[said])) == found


def test_a_goal_is_told_of_messages() -> None:
    def needed(states: States, messages: Sequence[Any]) -> bool:
        return any(body == "hello" for _, _, body in messages)

    def by_default(states: States, messages: Sequence[Any] = ()) -> bool:
        return any(body == "hello" for _, _, body in messages)

    def constant(states: States, wanted: str = "told") -> bool:
        return bool(states["m"] == wanted)

    for function, steps in ((needed, 0), (by_default, 0), (constant, 1)):
        explorer = Explorer(alone(goals=[cp.Goal("goal", function)]))
        for _ in explorer.explore():
            pass
        (found,) = reached(explorer)
        assert (found.is_met, found.first) == (True, steps)


def test_what_comes_about_is_asked_with_who_stays_silent() -> None:
    def by_default(states: States, silent: Sequence[str] = ()) -> bool:
        return not silent

    def constant(states: States, wanted: str = "told") -> bool:
        return states["m"] in (wanted, "second")

    for function, found in ((by_default, "end"), (constant, None)):
        cp.verify(alone(properties=[cp.eventually("end", function)]), runs=20, expect=found)
