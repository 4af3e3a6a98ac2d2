"""The services, held against what they promise: a dictionary, and sequential consistency."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.history import Operation
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.registers import CasRegister
from counterpoint.checkers.sequential_consistency import check_sequential_consistency
from counterpoint.harness.maelstrom.json_body import JsonBody, body_of
from counterpoint.harness.maelstrom.services import LIN_KV, SEQ_KV, KvState, kv_step
from counterpoint.model.node import Receive, Send, Timeout

NODES = ("n1", "n2", "n3")
value = st.integers(0, 3)
asked = st.one_of(
    st.fixed_dictionaries({"type": st.just("read"), "key": st.just("k")}),
    st.fixed_dictionaries({"type": st.just("write"), "key": st.just("k"), "value": value}),
    st.fixed_dictionaries(
        {
            "type": st.just("cas"), "key": st.just("k"), "from": value, "to": value,
            "create_if_not_exists": st.booleans(),
        }
    ),
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(NODES), st.none() | asked), max_size=12)


def answers(service: str, done: list[tuple[str, Any]]) -> list[tuple[str, Any, Any]]:
    """Ask a service, let its timers go off where a step has no question, and return the answers."""
    state, told = KvState(), []
    for number, (node, question) in enumerate(done):
        if question is None:
            state = kv_step(service, NODES, state, Timeout(node)).state
            continue
        step = kv_step(
            service, NODES, state, Receive(node, body_of({**question, "msg_id": number}))
        )
        state = step.state
        [answer] = [e for e in step.effects if isinstance(e, Send)]
        assert isinstance(answer.body, JsonBody)
        assert (answer.to, answer.body.fields["in_reply_to"]) == (node, number)
        told.append((node, question, answer.body.fields))
    return told


@pytest.mark.slow
@given(steps)
def test_a_linearizable_store_answers_as_a_dictionary_does(done: list[tuple[str, Any]]) -> None:
    twin: dict[str, int] = {}
    for _, question, answer in answers(LIN_KV, done):
        here = twin.get("k")
        match question["type"]:
            case "read":
                assert answer.get("value") == here
                assert (answer.get("code") == 20) == (here is None)
            case "write":
                twin["k"] = question["value"]
            case _:
                creates = here is None and question["create_if_not_exists"]
                if creates or (here is not None and here == question["from"]):
                    assert answer["type"] == "cas_ok"
                    twin["k"] = question["to"]
                else:
                    assert answer["code"] == (20 if here is None else 22)


def history(done: list[tuple[str, Any]]) -> tuple[Operation, ...]:
    """Return what the answers of a sequentially consistent store look like to a checker."""
    found = []
    for number, (node, question, answer) in enumerate(answers(SEQ_KV, done)):
        kind = question["type"]
        if kind == "cas":
            if answer["type"] != "cas_ok" or question["create_if_not_exists"]:
                continue  # one that has failed says nothing that a register knows
            seen: tuple[str, Any, Any] = ("cas", (question["from"], question["to"]), True)
        elif kind == "write":
            seen = ("write", question["value"], None)
        else:
            seen = ("read", None, answer.get("value"))
        at = (2 * number, 2 * number + 1)
        found.append(Operation(f"o{number}", node, seen[0], None, seen[1], seen[2], *at))
    return tuple(found)


without_creation = steps.map(
    lambda done: [(n, q if q is None or q["type"] != "cas" else None) for n, q in done]
)


@pytest.mark.slow
@given(without_creation)
def test_a_sequentially_consistent_store_is_that(done: list[tuple[str, Any]]) -> None:
    assert not check_sequential_consistency(history(done), CasRegister()).is_broken


def test_a_sequentially_consistent_store_is_no_more_than_that() -> None:
    """Who does not write may see what was before, until its timer goes off."""
    write = {"type": "write", "key": "k", "value": 1}
    read = {"type": "read", "key": "k"}
    done = [("n1", write), ("n2", read), ("n2", None), ("n2", read)]
    assert [a.get("value") for _, _, a in answers(SEQ_KV, done)] == [None, None, 1]
    assert check_linearizability(history(done), CasRegister()).is_broken


def test_what_a_store_does_not_know_is_an_error() -> None:
    [(_, _, answer)] = answers(LIN_KV, [("n1", {"type": "add", "key": "k"})])
    assert (answer["type"], answer["code"]) == ("error", 10)
    assert json.dumps(answer)
