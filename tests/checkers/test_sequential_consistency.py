"""Sequential consistency of any object, against trying every order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.history import OPEN, UNKNOWN, Operation, Status
from counterpoint.checkers.objects.containers import Queue
from counterpoint.checkers.objects.locks import Mutex
from counterpoint.checkers.objects.registers import CasRegister, Register
from counterpoint.checkers.objects.sequential import ILLEGAL, Specification
from counterpoint.checkers.sequential_consistency import check_sequential_consistency
from counterpoint.model.verdict import Outcome
from tests.checkers.objects_at_random import OBJECTS
from tests.checkers.random_histories import Shape, happened, random_history
from tests.support.nights import by_day


def has_order(history: Sequence[Operation], specification: Specification) -> bool:
    """Try every order of every choice of what took effect, given what may have `happened`."""
    sure = [op for op in history if op.is_answered]
    maybe = [op for op in history if op.is_open]
    for bits in range(2 ** len(maybe)):
        chosen = sure + [op for k, op in enumerate(maybe) if bits >> k & 1]
        if any(_is_legal(order, specification) for order in permutations(chosen)):
            return True
    return False


def _is_legal(order: Sequence[Operation], specification: Specification) -> bool:
    at: dict[str, tuple[float, float]] = {}
    state: dict[object, object] = {}
    for op in order:
        if at.get(op.client, (-1, -1)) > (op.called, op.returned):
            return False
        at[op.client] = op.called, op.returned
        after = specification.step(
            state.get(op.key, specification.initial),
            op.f,
            op.argument,
            op.result,
        )
        if after is ILLEGAL:
            return False
        state[op.key] = after
    return True


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Up to six calls of three clients on a register or two, the values of which say little."""
    found, busy_until = [], dict.fromkeys("abc", 0)
    for number in range(draw(st.integers(1, 6))):
        client = draw(st.sampled_from("abc"))
        called = busy_until[client] + draw(st.integers(1, 3))
        returned = called + draw(st.integers(1, 4))
        busy_until[client] = returned
        f = draw(st.sampled_from(("read", "write")))
        value = draw(st.sampled_from((None, 1, 2)))
        statuses: tuple[Status, ...] = ("ok", "ok", "ok", "info", "fail")
        status = draw(st.sampled_from(statuses))
        found.append(
            Operation(
                id=f"o{number}", client=client, f=f, key=draw(st.sampled_from("xy")),
                argument=value if f == "write" else None,
                result=UNKNOWN if status == "info" else value if f == "read" else None,
                called=called, returned=OPEN if status == "info" else returned, status=status,
            )
        )  # fmt: skip
    return sorted(found, key=lambda op: op.called)


OBJECTS_OF_CLIENTS = ("register", "cas register", "mutex", "queue", "stack", "set", "list")
FEW = Shape(operations_max=5, instants=5, open_rate=0.3, spoil_rate=0.7)


@pytest.mark.slow
@pytest.mark.parametrize("count", by_day(60, 1_000))
@pytest.mark.parametrize("name", OBJECTS_OF_CLIENTS)
def test_so_it_does_on_any_object_however_calls_are_left_open(name: str, count: int) -> None:
    random, drawn, seen = Random(4), OBJECTS[name], Counter[Outcome]()
    for _ in range(count):
        alone = random_history(random, drawn.draw, drawn.specification, drawn.answer, FEW)
        history = [replace(op, key=random.choice("xxy")) for op in alone]
        verdict = check_sequential_consistency(history, drawn.specification)
        seen[verdict.outcome] += 1
        if verdict.outcome is not Outcome.UNDECIDED:
            assert verdict.is_broken != has_order(happened(history), drawn.specification), history
        else:
            assert has_order(happened(history), drawn.specification), history
    assert min(seen[Outcome.HOLDS], seen[Outcome.BROKEN]) > count // 20, seen


def test_what_an_info_carries_says_nothing() -> None:
    history = (
        Operation("o1", "a", "cas", "x", (None, 1), False, 0, 1, "info"),
        Operation("o2", "a", "read", "x", None, 1, 2, 3),
    )
    assert check_sequential_consistency(history, CasRegister()).outcome is Outcome.HOLDS


def test_a_call_that_is_open_has_no_answer_whatever_its_status() -> None:
    history = (
        Operation("o1", "a", "acquire", "x", None, UNKNOWN, 0),
        Operation("o2", "b", "acquire", "x", None, "ok", 1, 2),
    )
    assert check_sequential_consistency(history, Mutex()).outcome is Outcome.HOLDS


@pytest.mark.slow
@given(histories())
def test_it_agrees_with_trying_every_order(history: list[Operation]) -> None:
    verdict = check_sequential_consistency(history, Register())
    if not any(op.status == "ok" for op in history):
        assert verdict.outcome is Outcome.UNDECIDED
        return
    assert verdict.is_broken != has_order(happened(history), Register())
    if verdict.is_broken:
        named = [op for op in history if op.id in verdict.culprits]
        assert not has_order(happened(named), Register())


def call(name: str, client: str, f: str, value: object, at: int) -> Operation:
    argument = value if f != "dequeue" else None
    return Operation(
        id=name, client=client, f=f, key=None, argument=argument,
        result=value if f == "dequeue" else None, called=at, returned=at + 1, status="ok",
    )  # fmt: skip


def test_real_time_plays_no_part_and_each_client_keeps_its_order() -> None:
    late = [call("o1", "a", "enqueue", 1, 0), call("o2", "b", "dequeue", None, 2)]
    assert check_sequential_consistency(late, Queue()).outcome is Outcome.HOLDS
    own = [call("o1", "a", "enqueue", 1, 0), call("o2", "a", "dequeue", None, 2)]
    verdict = check_sequential_consistency(own, Queue())
    assert verdict.is_broken
    assert verdict.culprits == ("o1", "o2")
    assert verdict.summary == (
        "a's dequeue (o2) cannot have had its answer None in any order with the 1 calls before it"
    )
