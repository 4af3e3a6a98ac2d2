"""An invariant is asked again only where something that it reads is another."""

from __future__ import annotations

import copy
import json
import marshal
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Invariant
from counterpoint.model.search.invariants import Invariants, JudgedStates
from counterpoint.model.search.states_read import StatesRead
from tests.support.echo import echo
from tests.support.nights import examples

NODES = echo().system.nodes
STATES = range(3)


def branching(choices: list[int]) -> Callable[[Mapping[str, Any]], str | None]:
    """Return an invariant which reads one node after the other: which comes next is in their states."""

    def violation(states: Mapping[str, Any]) -> str | None:
        at = 0
        for choice in choices:
            at += choice + states[NODES[at % len(NODES)]]
        return "a sum is wrong" if at % 3 == 0 else None

    return violation


@pytest.mark.slow
@examples(40)
@given(
    st.lists(st.integers(0, 2), max_size=3),
    st.lists(st.tuples(*[st.sampled_from(STATES)] * len(NODES)), min_size=1),
)
def test_states_are_judged_as_if_each_invariant_was_asked_each_time(
    choices: list[int], combinations: list[tuple[int, ...]]
) -> None:
    scenario = echo(invariants=(Invariant("sums", branching(choices)),))
    judged = JudgedStates(scenario, [NodeState(state) for state in STATES])
    for combination in combinations:
        states = dict(zip(NODES, combination, strict=True))
        assert judged.violated(combination, ()) == Invariants(scenario).violated(states, ())
    assert len(judged) <= len(STATES) ** len(judged.nodes_read)


def test_nodes_that_are_not_read_make_no_difference() -> None:
    asked: list[int] = []

    def violation(states: Mapping[str, Any]) -> str | None:
        asked.append(states[NODES[1]])
        return None if asked[-1] < 2 else "the second node is wrong"

    scenario = echo(invariants=(Invariant("second", violation),))
    judged = JudgedStates(scenario, [NodeState(state) for state in STATES])
    last = len(NODES) - 2
    found = [
        judged.violated((a, b, *(c,) * last), ()) for a in STATES for b in STATES for c in STATES
    ]
    assert found == [None if b < 2 else "second" for a in STATES for b in STATES for c in STATES]
    assert asked == [0, 1, 2]
    assert judged.nodes_read == (1,)


def by_pattern(states: Mapping[str, Any]) -> Any:
    match states:
        case {"a": found, **others}:
            return found, others


WAYS: dict[str, Callable[[Any], object]] = {
    "values": lambda states: sum(states.values()),
    "items": lambda states: [state for _, state in states.items()],
    "copied": dict,
    "copied by stars": lambda states: {**states},
    "copied by itself": lambda states: states.copy(),
    "copied by a module": copy.copy,
    "copied in depth": copy.deepcopy,
    "united": lambda states: states | {},
    "united, the other way": lambda states: {} | states,
    "compared": lambda states: states == {},
    "as text": str,
    "pickled": pickle.dumps,
    "as arguments": lambda states: (lambda a, b: (a, b))(**states),
    "by a pattern": by_pattern,
    "one by one": lambda states: [states[node] for node in states],
    "one by one, got": lambda states: [states.get(node) for node in reversed(states)],
    "formatted": lambda states: "{a} {b}".format_map(states),
    "formatted by stars": lambda states: "{a} {b}".format(**states),
    "greatest": lambda states: max(states, key=states.get),
    "compared with an ordered one": lambda states: OrderedDict(a=1) == states,
    "compared by an ordered one": lambda states: states == OrderedDict(a=1),
    "compared with one that has defaults": lambda states: defaultdict(int) != states,
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_reads_all_states_is_noticed(way: str) -> None:
    states = StatesRead({"a": 1, "b": 2})
    WAYS[way](states)
    assert states.read == {"a", "b"}


REFUSED: dict[str, Callable[[Any], object]] = {
    "got past its methods": lambda states: dict.get(states, "a"),
    "told past its methods": lambda states: list(dict.values(states)),
    "as JSON": json.dumps,
    "marshalled": marshal.dumps,
    "taken out": lambda states: states.pop("b"),
    "put in": lambda states: states.update(a=1),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_only_a_dictionary_has_is_refused(way: str) -> None:
    """What reads past the methods of a dictionary would read unnoticed."""
    with pytest.raises((TypeError, ValueError, AttributeError)):
        REFUSED[way](StatesRead({"a": 1, "b": 2}))


def test_names_are_no_states() -> None:
    states = StatesRead({"a": 1, "b": 2})
    assert sorted(states) == list(states.keys()) == ["a", "b"]
    assert "a" in states
    assert len(states) == 2
    assert states.get("c") is None
    with pytest.raises(KeyError):
        states["c"]
    assert states.read == set()


@pytest.mark.parametrize("kind", [OrderedDict, partial(defaultdict, int)])
def test_an_invariant_that_compares_all_and_reads_one_is_asked_of_each(
    kind: Callable[..., Any],
) -> None:
    wrong = kind(zip(NODES, range(len(NODES)), strict=True))

    def violation(states: Mapping[str, Any]) -> str | None:
        return "all are wrong" if states[NODES[0]] == 0 and wrong == states else None

    numbers = range(len(NODES))
    scenario = echo(invariants=(Invariant("all", violation),))
    judged = JudgedStates(scenario, [NodeState(number) for number in numbers])
    assert judged.violated((0,) * len(NODES), ()) is None
    assert judged.violated(tuple(numbers), ()) == "all"
