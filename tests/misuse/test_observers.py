"""Observers that are wrong end an exploration as bad input, with their author's line."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import counterpoint as cp
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Property
from counterpoint.model.search.exploration.explore import Explorer
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
