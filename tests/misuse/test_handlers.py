# ruff: noqa: ARG001, ARG005 - what is wrong on purpose takes what it is given
"""A handler that returns what it may not is told so in one line, by every search alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.model.mistakes import BadScenario
from counterpoint.model.node import CancelTimer, Input, Return, Send, SetTimer, Start, Step
from counterpoint.model.search.replay import HANDLER_PROPERTY, judge, run
from counterpoint.model.search.replay_file import replay
from counterpoint.model.tracefile import read_trace, write_trace
from counterpoint.model.values import KnownValues, NotAValue, canonical, digest_of, require_value
from tests.misuse.searches import SEARCHES, in_searches
from tests.misuse.systems import Echo, asking


@dataclass
class Open:
    """A state that can be changed, and cannot be hashed."""

    count: int = 0


@dataclass(unsafe_hash=True)
class Sly:
    """A state that can be changed, and can be hashed all the same."""

    count: int = 0


@dataclass(frozen=True)
class Log:
    """Frozen, but for what is in it."""

    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Lonely:
    """Equal to itself alone."""

    count: int = 0


def raising(state: int, body: str) -> Step[int]:
    raise KeyError("no such session")


def raising_in_a_library(state: int, body: str) -> Step[int]:
    return Step(int("one"))


def wrong(value: Any) -> Any:
    """Return a value of the wrong type: what is tested is that it is noticed in a run."""
    return value


WRONG = [
    pytest.param(lambda s, b: None, "returned None, not a Step; Step(state) is right", id="none"),
    pytest.param(lambda s, b: s + 1, "returned 1, not a Step", id="a state alone"),
    pytest.param(lambda s, b: (s, (Send("c", b),)), "returned (0, (Send(", id="a tuple"),
    pytest.param(lambda s, b: Step(s, wrong((("c", b),))), "('c', 'p", id="not an effect"),
    pytest.param(
        lambda s, b: Step(s, wrong("c")), "returned 'c' among the effects; effects are", id="text"
    ),
    pytest.param(
        lambda s, b: Step(s, wrong(frozenset({Send("c", b)}))),
        "a set has no order",
        id="a set of effects",
    ),
    pytest.param(lambda s, b: Step([b]), "in which ['p", id="a list as state"),
    pytest.param(lambda s, b: Step({"seen": b}), "can be changed", id="a dict as state"),
    pytest.param(lambda s, b: Step(Open()), "write @dataclass(frozen=True) at Open", id="open"),
    pytest.param(lambda s, b: Step(Sly()), "write @dataclass(frozen=True) at Sly", id="sly"),
    pytest.param(lambda s, b: Step(Log()), "[] is a list", id="a list within"),
    pytest.param(lambda s, b: Step(Lonely()), "equal to itself alone", id="no equality"),
    pytest.param(lambda s, b: Step(0.5), "0.5 is a float", id="a float as state"),
    pytest.param(lambda s, b: Step(s, (Send("c", 0.5),)), "0.5 is a float", id="a float sent"),
    pytest.param(
        lambda s, b: Step(s, (Send("c", wrong({"a": b})),)), "can be changed", id="a dict sent"
    ),
    pytest.param(
        lambda s, b: Step(s, (Send("srv", b),)), "to 'srv', which is no node; c, s", id="to"
    ),
    pytest.param(lambda s, b: Step(s, (Return(b),)), "while nothing is pending", id="return"),
    pytest.param(lambda s, b: Step(s, (SetTimer(wrong(3)),)), "a timer named 3", id="timer"),
    pytest.param(lambda s, b: Step(s, (CancelTimer(wrong(3)),)), "a timer named 3", id="cancelled"),
    pytest.param(raising, "raised KeyError: 'no such session' on receive(c, p", id="raises"),
    pytest.param(raising_in_a_library, "raised ValueError: invalid literal", id="in a library"),
]


@pytest.mark.parametrize(("reply", "words", "search"), in_searches(WRONG, in_all=2))
def test_every_search_says_which_node_did_what_on_which_input(
    reply: Any, words: str, search: str
) -> None:
    found = SEARCHES[search](asking(Echo(reply)))
    assert found is not None
    trace, verdict = found
    assert verdict.property == HANDLER_PROPERTY
    assert words in verdict.summary
    assert verdict.summary.startswith("s ")
    assert "on receive(c, p" in verdict.summary
    assert "in handle)" in verdict.summary or "in raising" in verdict.summary
    assert "\n" not in verdict.summary
    assert len(trace.choices) == 2


@pytest.mark.parametrize(("reply", "words"), WRONG)
def test_the_run_is_kept_and_can_be_replayed(reply: Any, words: str, tmp_path: Any) -> None:
    scenario = asking(Echo(reply))
    found = SEARCHES["plain"](scenario)
    assert found is not None
    write_trace(tmp_path / "found.trace.jsonl", found[0], judge(found[0]))
    again = replay(read_trace(tmp_path / "found.trace.jsonl"), scenario)
    assert again.failure is not None
    assert words in again.failure


MEANT_WELL = [
    pytest.param(lambda s, b: Step(s, wrong(Send("c", b))), id="one effect alone"),
    pytest.param(lambda s, b: Step(s, wrong([Send("c", b)])), id="a list of effects"),
]


@pytest.mark.parametrize(("reply", "search"), in_searches(MEANT_WELL))
def test_one_effect_alone_and_a_list_are_taken_as_they_are_meant(reply: Any, search: str) -> None:
    assert SEARCHES[search](asking(Echo(reply))) is None


def test_no_effects_may_be_said_by_none() -> None:
    scenario = asking(Echo(lambda state, body: Step(state, None)))
    assert run(scenario, ()).failure is None
    assert SEARCHES["walks"](scenario) is None


def test_the_line_named_is_the_authors_and_not_that_of_a_library() -> None:
    found = SEARCHES["plain"](asking(Echo(raising_in_a_library)))
    assert found is not None
    assert "(systems.py:" in found[1].summary or "(test_handlers.py:" in found[1].summary


# ---- before the first choice ---------------------------------------------------------------------


@dataclass(frozen=True)
class FailsAtStart(Echo):
    """Does not know what a start is."""

    def handle(self, node: str, state: Any, given: Input) -> Any:
        return None if isinstance(given, Start) else super().handle(node, state, given)


@dataclass(frozen=True)
class NoInitial(Echo):
    """Cannot say how a node begins."""

    def initial(self, node: str) -> Any:
        raise LookupError(f"no {node}")


NO_RUN = [
    pytest.param(FailsAtStart(), "no run can begin: c returned None, not a Step", id="start"),
    pytest.param(NoInitial(), "initial('c') raised LookupError: no c (test_handlers.py:", id="no"),
    pytest.param(Echo(state=[]), "initial('c') returned a state in which [] is a list", id="list"),
    pytest.param(Echo(state=set()), "in which set() is a set; use None, bool", id="set"),
    pytest.param(Echo(state=Sly()), "write @dataclass(frozen=True) at Sly", id="sly"),
]


@pytest.mark.parametrize(("system", "words", "search"), in_searches(NO_RUN))
def test_what_depends_on_no_run_is_refused(system: Any, words: str, search: str) -> None:
    with pytest.raises(BadScenario) as refused:
        SEARCHES[search](asking(system))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


FROZEN = (None, True, 3, "a", b"b", (1, ("x",)), frozenset({1}), Start(), Send("a", (1,)))


@pytest.mark.parametrize("state", FROZEN)
def test_any_frozen_value_is_a_state(state: Any) -> None:
    assert (
        SEARCHES["plain"](asking(Echo(lambda s, b: Step(s, (Send("c", b),)), state=state))) is None
    )


# ---- values --------------------------------------------------------------------------------------

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=2)
    | st.floats()
    | st.binary(max_size=2),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        | st.builds(Return, inner)
        | st.builds(Open, inner)
    ),
    max_leaves=10,
)


@pytest.mark.slow
@given(anything)
def test_what_is_accepted_has_a_hash_and_a_canonical_form(value: object) -> None:
    """The quick look accepts what both slow ones accept, and besides no class that can be changed."""
    try:
        require_value(value, {})
    except NotAValue:
        with pytest.raises((NotAValue, TypeError)):
            digest_of([hash(value), canonical(value)])
    else:
        hash(value)
        canonical(value)


def test_what_was_looked_at_is_known_by_identity_and_by_nothing_less() -> None:
    known: dict[int, object] = {}
    require_value((1, (2,)), known)
    with pytest.raises(NotAValue, match=r"1\.0 is a float"):
        require_value((1.0, (2,)), known)


@dataclass(frozen=True)
class Parts:
    """What may be anywhere in it."""

    first: object = 1
    second: object = ("a", 2)
    third: object = frozenset({3})


@pytest.mark.parametrize("name", ["first", "second", "third"])
@pytest.mark.parametrize("wrong", [0.5, (1, 0.5), (*range(20), 0.5), (Parts(first=0.5),)])
def test_what_is_no_value_is_found_in_each_field_of_a_class(name: str, wrong: object) -> None:
    known: KnownValues = {}
    require_value(Parts(), known)
    with pytest.raises(NotAValue, match=r"^0\.5 is a float; "):
        require_value(replace(Parts(), **{name: wrong}), known)


class Name(str):
    """A text that may carry more than its letters."""


class Folded(str):
    """A text whose case does not count."""

    __slots__ = ("source",)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


@dataclass(frozen=True)
class Quorum:
    """Something that is worked out from the fields once, and kept."""

    nodes: tuple[str, ...]
    rank: int = field(default=0, compare=False)

    @cached_property
    def size(self) -> int:
        return len(self.nodes) // 2 + 1


def with_mark(value: object) -> object:
    object.__setattr__(value, "mark", 1)
    return value


@pytest.mark.parametrize("is_part", [False, True])
def test_what_carries_more_than_its_class_declares_is_no_value(is_part: bool) -> None:
    quorum = Quorum(("a", "b"))
    assert quorum.size == 2
    for value in (Name("bob"), quorum):
        require_value(Parts(value) if is_part else value)
        with pytest.raises(NotAValue, match="carries 'mark', which is no field of"):
            require_value(Parts(with_mark(value)) if is_part else with_mark(value))
    with pytest.raises(NotAValue, match="is a Folded, which has an __eq__ of its own"):
        require_value((Folded("a"),) if is_part else Folded("a"))


def test_a_value_that_was_refused_is_refused_again() -> None:
    known: KnownValues = {}
    marked = with_mark(Quorum(()))
    for _ in range(2):
        with pytest.raises(NotAValue, match="carries 'mark'"):
            require_value(marked, known)
