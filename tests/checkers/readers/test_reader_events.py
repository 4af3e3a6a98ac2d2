"""The front end: events become operations, or an error that names the line."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.checkers.events import RecordedEvent, UnreadableHistory, operations, ranked
from counterpoint.checkers.history import OPEN, UNKNOWN, MalformedHistory, Operation
from tests.checkers.readers.event_lists import events_at_random


def invoke(client: str, f: str, value: object = None, key: str | None = "x") -> RecordedEvent:
    return RecordedEvent(client, "invoke", f, key, value)


def ok(client: str, f: str, value: object = None, key: str | None = "x") -> RecordedEvent:
    return RecordedEvent(client, "ok", f, key, value)


def read_all(*events: RecordedEvent) -> tuple[Operation, ...]:
    numbered = [replace(event, line=i, step=i * 10) for i, event in enumerate(events, 1)]
    return operations(numbered, source="made")


def test_ranks_are_positions_and_steps_are_kept() -> None:
    (write, read) = read_all(
        invoke("a", "write", 1), invoke("b", "read"), ok("b", "read", 1), ok("a", "write", 1)
    )
    assert (write.called, write.returned, write.call_step, write.return_step) == (0, 3, 10, 40)
    assert (read.called, read.returned, read.id, read.client) == (1, 2, "o2", "b")


@pytest.mark.parametrize(
    ("f", "asked", "said", "argument", "result"),
    [
        pytest.param("write", 1, 1, 1, None, id="a write echoes its value"),
        pytest.param("write", 1, None, 1, None, id="a write may answer nothing"),
        pytest.param("write", None, 1, 1, None, id="only the completion knows the value"),
        pytest.param("read", 4, 4, None, 4, id="a value in a read's call is no argument"),
        pytest.param("read", None, UNKNOWN, None, UNKNOWN, id="a read nobody saw"),
        pytest.param("cas", (1, 2), (1, 2), (1, 2), True, id="a swap that repeats its pair"),
        pytest.param("cas", (1, 2), None, (1, 2), True, id="a swap that says nothing more"),
        pytest.param("cas", (1, 2), False, (1, 2), False, id="a comparison that found another"),
        pytest.param("dequeue", None, 7, None, 7, id="any other function shows its result"),
        pytest.param(
            "txn",
            (("r", "x", None), ("w", "y", 1)),
            (("r", "x", 5), ("w", "y", 1)),
            (("r", "x", None), ("w", "y", 1)),
            (("r", "x", 5), ("w", "y", 1)),
            id="a transaction's completion fills its reads",
        ),
    ],
)
def test_what_was_asked_and_answered(
    f: str, asked: object, said: object, argument: object, result: object
) -> None:
    (op,) = read_all(invoke("a", f, asked), ok("a", f, said))
    assert (op.argument, op.result, op.status) == (argument, result, "ok")


def test_a_failed_write_stays_with_its_value() -> None:
    """Checkers drop it, and still know that reading 1 is an aborted read."""
    (op,) = read_all(
        invoke("a", "write", 1), RecordedEvent("a", "fail", "write", "x", ":timed-out")
    )
    assert (op.status, op.argument, op.result, op.returned) == ("fail", 1, UNKNOWN, 1)


def test_an_info_leaves_the_call_open_and_its_own_value_is_ignored() -> None:
    """Knossos throws when an :info carries another value than its call; the call's counts here."""
    (op,) = read_all(invoke("a", "write", 1), RecordedEvent("a", "info", "write", "x", 2))
    assert (op.status, op.argument, op.returned) == ("info", 1, OPEN)


def test_a_call_without_completion_is_open() -> None:
    """Porcupine takes `w(1)` alone for a violation; here it may or may not have happened."""
    (op,) = read_all(invoke("a", "write", 1))
    assert (op.status, op.returned, op.is_open) == ("info", OPEN, True)


def test_a_client_may_call_again_after_an_info() -> None:
    first, second = read_all(
        invoke("a", "write", 1), RecordedEvent("a", "info", "write", "x", None), invoke("a", "read")
    )
    assert (first.id, second.id, second.called) == ("o1", "o2", 2)


@pytest.mark.parametrize(
    ("events", "line", "words"),
    [
        pytest.param(
            [invoke("a", "write", 1), invoke("a", "read")],
            2,
            "a calls read while its write of line 1 is open",
            id="two calls at once",
        ),
        pytest.param(
            [ok("a", "read", 1)], 1, "a completes read with ok but has no open call", id="no call"
        ),
        pytest.param(
            [invoke("a", "read"), ok("a", "read", 1), ok("a", "read", 1)],
            3,
            "has no open call",
            id="a second completion",
        ),
        pytest.param(
            [invoke("a", "write", 1), ok("a", "write", 2)],
            2,
            "completes write of 'x' 2 but line 1 called write of 'x' 1",
            id="another value",
        ),
        pytest.param(
            [invoke("a", "write", 1), ok("a", "read", 1)], 2, "line 1 called write", id="another f"
        ),
        pytest.param(
            [invoke("a", "read"), ok("a", "read", 1, key="y")], 2, "read of 'y'", id="another key"
        ),
        pytest.param(
            [invoke("a", "cas", (1, 2)), ok("a", "cas", (1, 3))], 2, "(1, 3)", id="another swap"
        ),
        pytest.param(
            [invoke("a", "txn", (("w", "y", 1),)), ok("a", "txn", (("w", "y", 2),))],
            2,
            "completes txn",
            id="a transaction with another write",
        ),
    ],
)
def test_what_no_clients_can_have_produced(
    events: list[RecordedEvent], line: int, words: str
) -> None:
    with pytest.raises(MalformedHistory) as caught:
        read_all(*events)
    assert isinstance(caught.value, UnreadableHistory)
    assert (caught.value.source, caught.value.line) == ("made", line)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"made:{line}: ")


def timed(client: str, called: float, returned: float, name: str = "o") -> Operation:
    status = "info" if returned == OPEN else "ok"
    return Operation(name, client, "write", None, 1, None, called, returned, status)  # type: ignore[arg-type]


def test_equal_times_are_concurrent() -> None:
    first, second = ranked([timed("a", 0, 5), timed("b", 5, 9)], source="made")
    assert not first.precedes(second)
    assert (first.called, first.returned, second.called, second.returned) == (0, 1, 1, 2)


def test_a_client_may_call_again_at_the_instant_of_its_return() -> None:
    history = ranked(
        [timed("a", 5, 9, "later"), timed("a", 5, 5, "none"), timed("a", 0, 5, "first")],
        source="made",
    )
    assert [op.id for op in history] == ["first", "none", "later"]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ([timed("a", 5, 3)], "before its call"),
        ([timed("a", 0, 5), timed("a", 4, 9)], "one call at a time"),
    ],
)
def test_times_that_contradict_each_other(history: list[Operation], words: str) -> None:
    with pytest.raises(UnreadableHistory, match=words):
        ranked(history, source="made")


names = st.sampled_from(["a", "b"])
events = st.builds(
    RecordedEvent,
    client=names,
    type=st.sampled_from(["invoke", "ok", "fail", "info"]),
    f=st.sampled_from(["read", "write", "cas", "txn", ""]),
    key=st.sampled_from([None, "x"]),
    value=st.sampled_from([None, 1, 2, (1, 2), True, UNKNOWN, (("r", "x", 1),)]),
)


fitting = st.integers(0, 10**6).map(Random).map(events_at_random)
"""Many of these are a history; of events that are drawn each by itself hardly any are."""


@pytest.mark.slow
@given(st.lists(events, max_size=12), fitting)
def test_any_events_are_a_history_or_a_named_error(
    made: list[RecordedEvent], fit: list[RecordedEvent]
) -> None:
    """The front end is total; a history has one operation per call, in call order."""
    for given_events in (made, fit):
        try:
            history = operations(given_events, source="made")
        except UnreadableHistory:
            continue
        assert len(history) == sum(event.type == "invoke" for event in given_events)
        assert [op.called for op in history] == sorted(op.called for op in history)
        assert all(op.called < op.returned for op in history)
        assert all((op.status == "info") == op.is_open for op in history)
