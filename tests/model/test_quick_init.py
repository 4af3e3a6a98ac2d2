"""A quick `__init__` does what that of a dataclass does."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, make_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.history import Operation
from counterpoint.model.event import Event
from counterpoint.model.fault_state import FaultState
from counterpoint.model.node import Invoke, Receive, Send
from counterpoint.model.normal import Deliver
from counterpoint.model.quick_init import quick_init
from counterpoint.model.quick_init import replace as quick_replace
from counterpoint.model.reaction import NodeState, Reaction
from counterpoint.model.verdict import Verdict
from tests.support.nights import examples

QUICK = (Event, Operation, FaultState, Invoke, Receive, Send, Deliver, NodeState, Reaction, Verdict)


def twin_of(cls: Any) -> Any:
    """Return a plain dataclass of the same name and fields."""
    specs = [(f.name, f.type, field(default=f.default)) for f in fields(cls)]
    return make_dataclass(cls.__name__, specs, frozen=True, slots=True)


def values_of(made: Any) -> list[object]:
    """Return the values of all fields."""
    return [getattr(made, f.name) for f in fields(made)]


def outcome_of(cls: Any, given_values: list[int], named: dict[str, int]) -> object:
    """Return the values of the fields, or what is wrong with the arguments."""
    try:
        return values_of(cls(*given_values, **named))
    except TypeError as error:
        return str(error).split(".")[-1]


@pytest.mark.slow
@pytest.mark.parametrize("cls", QUICK)
@examples(30)
@given(data=st.data())
def test_it_makes_what_a_dataclass_makes(cls: Any, data: st.DataObject) -> None:
    """For all arguments, by position and by name, too few and too many: the same fields or error."""
    twin, names = twin_of(cls), [f.name for f in fields(cls)]
    given_values = data.draw(st.lists(st.integers(), max_size=len(names) + 1))
    named = data.draw(
        st.dictionaries(st.sampled_from([*names, "other"]), st.integers(), max_size=3)
    )
    expected = outcome_of(twin, given_values, named)
    assert outcome_of(cls, given_values, named) == expected
    made = cls(*range(len(names)))
    assert values_of(replace(made, **{names[0]: 7})) == [7, *range(1, len(names))]


@pytest.mark.parametrize("cls", QUICK)
def test_it_is_as_frozen_and_as_well_described_as_before(cls: Any) -> None:
    names = [f.name for f in fields(cls)]
    made = cls(*range(len(names)))
    with pytest.raises(FrozenInstanceError):
        setattr(made, names[0], 1)
    assert list(inspect.signature(cls).parameters) == names
    assert copy.copy(made) == pickle.loads(pickle.dumps(made)) == made


def test_what_is_done_after_making_is_done() -> None:
    @quick_init
    @dataclass(frozen=True, slots=True)
    class Positive:
        number: int

        def __post_init__(self) -> None:
            if self.number < 1:
                raise ValueError("not positive")

    assert Positive(1).number == 1
    with pytest.raises(ValueError, match="not positive"):
        Positive(0)


def test_fields_with_conditions_are_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Listed:
        names: tuple[str, ...] = field(default_factory=tuple)

    with pytest.raises(AssertionError, match="Listed has fields with conditions"):
        quick_init(Listed)


@pytest.mark.parametrize("cls", QUICK)
def test_a_value_with_other_fields_is_that_of_dataclasses(cls: Any) -> None:
    names = [f.name for f in fields(cls)]
    made = cls(*range(len(names)))
    for changes in ({}, {names[0]: 7}, dict.fromkeys(reversed(names), 7)):
        assert quick_replace(made, **changes) == replace(made, **changes)
    with pytest.raises(TypeError, match="has no field 'z'; its fields: "):
        quick_replace(made, z=3)
