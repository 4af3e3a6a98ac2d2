"""Histories out of traces, and the verdict on several objects together."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from counterpoint.checkers.history import OPEN, UNKNOWN, MalformedHistory, Operation
from counterpoint.checkers.operations import Seen, joined, operations_of
from counterpoint.model.event import Event
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Outcome, broken, holds, undecided
from tests.support.abd import Abd

SCENARIO = Scenario("none", Abd(), {}, ())


def view(operation: Value, result: Hashable) -> Seen | tuple[str, Hashable, Hashable, Hashable]:
    """Operations are (f, key, argument); the result "no" means that nothing was done."""
    assert isinstance(operation, tuple)
    f, key, argument = operation
    if result == "no":
        return Seen(f, key, argument, result, "fail")
    return f, key, argument, result


def trace_of(*events: Event) -> Trace:
    """A trace that has nothing but events."""
    return Trace(SCENARIO, (), events, ())


WRITE, READ = ("write", "x", 7), ("read", "x", None)


def test_ranks_are_event_identities_and_steps_those_of_the_choices() -> None:
    trace = trace_of(
        Event(3, 0, "invoke", "c1", operation="o1", value=WRITE),
        Event(4, 1, "invoke", "c2", operation="o2", value=READ),
        Event(9, 5, "return", "c2", operation="o2", value=7),
        Event(12, 8, "return", "c1", operation="o1", value="ok"),
    )
    assert operations_of(trace, view) == (
        Operation("o1", "c1", "write", "x", 7, "ok", 3, 12, "ok", 0, 8),
        Operation("o2", "c2", "read", "x", None, 7, 4, 9, "ok", 1, 5),
    )


def test_a_call_without_an_answer_may_have_had_an_effect() -> None:
    trace = trace_of(
        Event(3, 0, "invoke", "c1", operation="o1", value=WRITE),
        Event(5, 1, "crash", "c1", operation="o1"),
        Event(6, 2, "recover", "c1"),
        Event(7, 3, "invoke", "c1", operation="o2", value=READ),
    )
    assert operations_of(trace, view) == (
        Operation("o1", "c1", "write", "x", 7, UNKNOWN, 3, OPEN, "info", 0, -1),
        Operation("o2", "c1", "read", "x", None, UNKNOWN, 7, OPEN, "info", 3, -1),
    )


def test_the_view_may_say_that_an_operation_failed_or_does_not_count() -> None:
    trace = trace_of(
        Event(3, 0, "invoke", "c1", operation="o1", value=WRITE),
        Event(5, 1, "return", "c1", operation="o1", value="no"),
        Event(7, 3, "invoke", "c1", operation="o2", value=READ),
        Event(8, 4, "return", "c1", operation="o2", value="no"),
    )

    def only_writes(operation: Value, result: Hashable) -> Seen | None:
        return Seen(*view(operation, result)) if operation == WRITE else None

    (write,) = operations_of(trace, only_writes)
    assert (write.id, write.status) == ("o1", "fail")


def test_a_client_that_calls_twice_at_once_is_no_verdict() -> None:
    trace = trace_of(
        Event(3, 0, "invoke", "c1", operation="o1", value=WRITE),
        Event(4, 1, "invoke", "c1", operation="o2", value=READ),
        Event(5, 2, "return", "c1", operation="o1", value="ok"),
        Event(6, 3, "return", "c1", operation="o2", value=7),
    )
    with pytest.raises(MalformedHistory, match="c1 called o2 at 4 while o1 was still open"):
        operations_of(trace, view)


GOOD = holds("p", examined=2, witness=("o1", "o2"))
BAD = broken("p", "c2 read 0", examined=3, because=("why",), culprits=("o4",))
UNSURE, EMPTY = undecided("p", "a value was written twice", examined=4), undecided("p", "no read")


def test_the_verdict_on_several_objects() -> None:
    together = joined("p", {1: GOOD, 2: BAD, 3: UNSURE})
    assert together.outcome is Outcome.BROKEN
    assert together.summary == "2: c2 read 0"
    assert (together.examined, together.because, together.culprits) == (9, ("why",), ("o4",))


def test_of_one_object_alone_the_sentence_stays_as_it_is() -> None:
    assert joined("p", {2: BAD}).summary == "c2 read 0"


def test_several_objects_hold_unless_one_with_operations_is_undecided() -> None:
    assert joined("p", {1: GOOD, 2: EMPTY}).outcome is Outcome.HOLDS
    assert joined("p", {1: GOOD, 2: EMPTY}).witness == ("o1", "o2")
    unsure = joined("p", {1: GOOD, 2: UNSURE})
    assert unsure.outcome is Outcome.UNDECIDED
    assert unsure.summary == "2: a value was written twice"
    assert joined("p", {1: EMPTY}).outcome is Outcome.UNDECIDED
    assert joined("p", {}).outcome is Outcome.UNDECIDED
