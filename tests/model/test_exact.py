"""Equal values of two classes are two values: to numbers, states, messages, calls, and every search."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given

import counterpoint as cp
from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.exact import ExactNumbers, alike, distinct, is_same, made_of
from counterpoint.model.faults import Drop
from counterpoint.model.forms import choice_form
from counterpoint.model.normal import Call, Deliver
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.following import fitting
from counterpoint.model.search.replay import run
from counterpoint.model.search.replay_file import find_choice
from tests.oracles.table import has_numpy

COLUMNAR = "counterpoint.model.search.columnar.explorer"


class Put(NamedTuple):
    number: int


class Commit(NamedTuple):
    number: int


class Level(IntEnum):
    LOW = 0
    HIGH = 1


@cp.value
class Pair:
    one: cp.Value
    other: cp.Value


@dataclass(frozen=True)
class Login:
    """What is equal is not all that a handler can read."""

    name: str
    is_admin: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Word:
    """Its equality is its author's."""

    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())


LOGINS = Login("bob"), Login("bob", is_admin=True)
WORDS = Word("Yes"), Word("yes")

atoms = st.sampled_from(
    (0, 1, False, True, Level.LOW, Level.HIGH, "a", None, Put(1), Commit(1), *LOGINS, *WORDS)
)
values = st.recursive(
    atoms,
    lambda parts: (
        st.builds(Pair, parts, parts)
        | st.frozensets(parts, max_size=3)
        | st.tuples(parts, parts)
        | st.builds(Put, parts)
    ),
    max_leaves=6,
)


@given(st.lists(values, max_size=12))
def test_numbers_are_equal_where_values_and_their_shapes_are(given: list[Any]) -> None:
    """The stupid way: a value beside the classes that it is made of."""
    numbers = ExactNumbers[Any]()
    stupid: dict[Any, int] = {}
    for value in given:
        assert numbers.known(value) == stupid.get((value, made_of(value)))
        expected = stupid.setdefault((value, made_of(value)), len(stupid))
        assert numbers.number(value) == numbers.known(value) == expected
    assert list(map(made_of, numbers.values)) == [shape for _, shape in stupid]
    assert list(map(made_of, distinct(given))) == [shape for _, shape in stupid]


@given(values, values)
def test_the_same_is_equal_and_has_the_same_shape(one: Any, other: Any) -> None:
    assert is_same(one, other) == (one == other and made_of(one) == made_of(other))
    assert one != other or alike(one, other) == (made_of(one) == made_of(other))


class Frozen(Mapping[str, int]):
    """A mapping that can be hashed, in the order in which it was given its items."""

    def __init__(self, **items: int) -> None:
        self._items = items

    def __getitem__(self, key: str) -> int:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))


def test_the_order_of_a_mapping_counts_as_a_handler_may_go_through_it() -> None:
    one, again, other = Frozen(a=1, b=2), Frozen(a=1, b=2), Frozen(b=2, a=1)
    assert one == other
    assert is_same(one, again)
    assert not is_same(one, other)
    assert made_of(one) == made_of(again) != made_of(other)
    assert distinct([one, other, again]) == [one, other]


# ---- searches ------------------------------------------------------------------------------------


class Told(NamedTuple):
    what: str


class Warned(NamedTuple):
    what: str


class Server:
    """Two clients' calls tell the server something; what is wrong depends on the class alone."""

    nodes = ("c", "s")

    def __init__(self, first: cp.Value, second: cp.Value, states: tuple[Any, Any]) -> None:
        self.bodies, self.states = (first, second), states

    def initial(self, node: str) -> cp.Value:
        return f"{node} was told nothing"

    def handle(self, node: str, state: cp.Value, given: cp.Input) -> cp.Step[cp.Value]:
        del node
        first, second = self.bodies
        match given:
            case cp.Invoke("both"):
                return cp.Step(state, (cp.Send("s", first), cp.Send("s", second), cp.Return(1)))
            case cp.Receive(_, body):
                is_second = repr(body) == repr(second)
                return cp.Step(self.states[is_second])
        return cp.Step(state)


def never_second(states: Any) -> str | None:
    return "s was told the second" if type(states["s"]) is SECOND else None


SECOND = Warned
MESSAGES: list[tuple[Any, Any]] = [
    (1, True),
    (True, 1),
    (Put(1), Commit(1)),
    (0, Level.LOW),
    ((1,), Put(1)),
    LOGINS,
    WORDS,
    ((Put(1), LOGINS[0]), (Put(1), LOGINS[1])),
]


def scenario(first: cp.Value, second: cp.Value, network: Any = "unordered") -> cp.Scenario:
    return cp.Scenario(
        name="told",
        system=Server(first, second, (Told("x"), Warned("x"))),
        calls={"c": ("both",)},
        invariants=(cp.Invariant("never second", never_second),),
        network=network,
    )


@pytest.mark.parametrize("network", ["unordered", "ordered"])
@pytest.mark.parametrize(("first", "second"), MESSAGES)
def test_every_search_tells_equal_messages_and_states_apart(
    first: Any, second: Any, network: Any
) -> None:
    told = scenario(first, second, network)
    cp.verify(told, runs=30, expect="never second")
    explorers: list[Any] = [Explorer(told), Reducer(told)]
    if has_numpy():
        explorers.append(importlib.import_module(COLUMNAR).VectorExplorer(told))
    for explorer in explorers:
        *_, last = explorer.explore()
        assert last.violation.property == "never second"


FINE = cp.Invariant("fine", lambda states: None if "c" in states else "c is gone")


class Asker:
    """Its answer to each call says of which class the operation was; the calls come in any order."""

    nodes = ("c",)

    def initial(self, node: str) -> str:
        return node

    def handle(self, node: str, state: str, given: cp.Input) -> cp.Step[str]:
        del node
        if isinstance(given, cp.Invoke):
            return cp.Step(state, cp.Return(type(given.operation) is bool))
        return cp.Step(state)


def answers_differ(trace: cp.Trace) -> cp.Verdict:
    answers = [event.value for event in trace.events if event.kind == "return"]
    if len(answers) == 2 and answers[0] is not answers[1]:
        return cp.broken("answers", "the answers differ", examined=2)
    return cp.holds("answers", examined=len(answers))


@pytest.mark.parametrize("in_order", [True, False])
def test_equal_calls_are_two_calls(in_order: bool) -> None:
    asked = cp.Scenario(
        name="asked",
        system=Asker(),
        calls={"c": (1, True)},
        properties=(cp.Property("answers", answers_differ),),
        in_order=in_order,
    )
    cp.verify(asked, runs=30, expect="answers")
    for explorer in (Explorer(asked, history=True), Reducer(asked)):
        *_, last = explorer.explore()
        assert last.violation is not None


def test_an_answer_of_another_class_is_another_answer() -> None:
    class Wavering(Asker):
        asked = 0

        def handle(self, node: str, state: str, given: cp.Input) -> cp.Step[str]:
            del node, given
            self.asked += 1
            return cp.Step(state, cp.Return(self.asked % 2 == 1 or 1))

    system = Wavering()
    asked = cp.Scenario(name="wavering", system=system, calls={"c": ("ask",)}, invariants=(FINE,))
    with pytest.raises(NotDeterministic, match="asked again"):
        list(Explorer(asked).explore())


def test_a_message_that_changes_the_class_of_a_state_is_not_ignored() -> None:
    told = scenario(Put(1), Commit(1))
    choices = (Call("c", "both"), Deliver("c", "s", Put(1)), Deliver("c", "s", Commit(1)))
    assert [e.why for e in run(told, choices).events if e.kind == "deliver"] == [None, None]


@pytest.mark.parametrize("operation", [1, True])
def test_a_choice_of_a_trace_is_found_again(operation: Any) -> None:
    asked = cp.Scenario(
        name="asked",
        system=Asker(),
        calls={"c": (1, True)},
        properties=(cp.Property("answers", answers_differ),),
        in_order=False,
    )
    wanted, world = Call("c", operation), run(asked, ()).final
    for found in (
        find_choice(choice_form(wanted), world),
        fitting(choice_form(wanted), world),
    ):
        assert found == wanted


def test_actions_are_about_what_they_say() -> None:
    assert Deliver("c", "s", Put(1)) == Deliver("c", "s", Put(1))
    assert Deliver("c", "s", Put(1)) != Deliver("c", "s", Commit(1))
    assert Call("c", 1) != Call("c", True)
    assert len({Deliver("c", "s", 1), Deliver("c", "s", True), Drop("c", "s", 1)}) == 3
