"""The observer of linearizability says after every event what an exhaustive search says."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from random import Random

import pytest

from counterpoint.checkers.history import Operation
from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.objects.specifications import (
    CasRegister,
    Counter,
    Queue,
    Register,
    Specification,
)
from counterpoint.checkers.objects.verify import legal_order
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.histories import history_trace
from counterpoint.model.values import Value
from tests.oracles.abd import system

CLIENTS = ("a", "b", "c")

Choice = tuple[str, Hashable]


def view(operation: Value, result: Hashable) -> Seen | None:
    """An operation is (f, key, argument); an answer may be that it was refused."""
    assert isinstance(operation, tuple)
    f, key, argument = operation
    if f == "read" and result == "refused":
        return None
    return Seen(f, key, argument, result, "fail" if result == "refused" else "ok")


def legal(seen: Iterable[Observation], specification: Specification, scenario: Scenario) -> bool:
    """Search for an order, object by object, the exhaustive way."""
    history = [
        op for op in operations_of(history_trace(scenario, seen), view) if op.status != "fail"
    ]
    keys = {op.key for op in history}
    return all(_legal([op for op in history if op.key == key], specification) for key in keys)


def _legal(history: list[Operation], specification: Specification) -> bool:
    return legal_order(history, specification) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("specification", "operations", "results"),
    [
        pytest.param(
            Register(0), [("read", None), ("write", 1), ("write", 2)], [0, 1, 2], id="register"
        ),
        pytest.param(
            CasRegister(0),
            [("read", None), ("write", 1), ("cas", (0, 1)), ("cas", (1, 0))],
            [0, 1, True, False],
            id="compare and set",
        ),
        pytest.param(
            Queue(),
            [("enqueue", 1), ("enqueue", 2), ("dequeue", None)],
            [None, 1, 2],
            id="queue",
        ),
        pytest.param(Counter(), [("add", 1), ("read", None)], [0, 1, 2], id="counter"),
    ],
)
def test_the_observer_and_an_exhaustive_search_agree_after_every_event(
    specification: Specification, operations: list[Choice], results: list[Hashable]
) -> None:
    scenario, observer = (
        system("2", "1", observer=True),
        LinearizabilityObserver(specification, view),
    )
    outcomes = {True: 0, False: 0}
    for seed in range(250):
        random, memory, seen = Random(seed), observer.initial, list[Observation]()
        busy: dict[str, Value] = {}
        for _ in range(12):
            observation = _next(random, busy, operations, results)
            seen.append(observation)
            memory = observer.observe(memory, [observation])
            expected = legal(seen, specification, scenario)
            assert observer.is_broken(memory) == (not expected), seen
            outcomes[expected] += 1
            if not expected:
                break
    assert min(outcomes.values()) > 50, "both verdicts must occur"


def _next(
    random: Random, busy: dict[str, Value], operations: list[Choice], results: list[Hashable]
) -> Observation:
    client = random.choice(CLIENTS)
    if client not in busy:
        f, argument = random.choice(operations)
        busy[client] = (f, random.choice("xxxy"), argument)
        return Observation("invoke", client, busy[client])
    operation = busy.pop(client)
    assert isinstance(operation, tuple)
    if random.random() < 0.2:
        return Observation("crash", client, None)
    is_blind = operation[0] in ("write", "enqueue", "add")
    result = None if is_blind else random.choice(results)
    refusable = operation[0] in ("read", "write")
    return Observation(
        "return", client, "refused" if refusable and random.random() < 0.1 else result
    )


def test_calls_that_the_view_does_not_show_are_not_judged() -> None:
    observer = LinearizabilityObserver(Register(0), lambda _operation, _result: None)
    seen = [Observation("invoke", "a", "anything"), Observation("return", "a", 1)]
    assert observer.observe(observer.initial, seen) == observer.initial


def test_a_call_that_its_client_gave_up_may_still_take_effect_or_never_does() -> None:
    observer = LinearizabilityObserver(Register(0), view)
    for value in (0, 1):
        seen = [
            Observation("invoke", "a", ("write", "x", 1)),
            Observation("return", "a", GaveUp()),
            Observation("invoke", "b", ("read", "x", None)),
            Observation("return", "b", value),
        ]
        assert not observer.is_broken(observer.observe(observer.initial, seen))
