"""Refusals: due ones that did not come, and others that should not have."""

from __future__ import annotations

from counterpoint.checkers.authorisation import check_authorisation
from counterpoint.model.event import Event
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Outcome, Verdict
from tests.support.abd import Abd


def refusal_of(operation: Value) -> Value:
    """Writing is not allowed, everything else is."""
    return "you may not write" if operation == "write" else None


def judged(operation: str, answer: Value = None) -> Verdict:
    """The verdict on one operation that was answered, and one that was not."""
    events = (
        Event(1, 0, "invoke", "c1", operation="o1", value=operation),
        Event(2, 1, "invoke", "c2", operation="o2", value="write"),
        Event(3, 4, "return", "c1", operation="o1", value=answer),
    )
    trace = Trace(Scenario("none", Abd(), {}, ()), (), events, ())
    refusals = ("you may not write", "you may not read")
    return check_authorisation(trace, refusal_of=refusal_of, refusals=refusals)


def test_what_is_not_allowed_is_refused() -> None:
    verdict = judged("write", "you may not write")
    assert (verdict.outcome, verdict.examined) == (Outcome.HOLDS, 1)


def test_what_is_not_allowed_was_carried_out() -> None:
    verdict = judged("write", 5)
    assert verdict.is_broken
    assert verdict.culprits == ("o1",)
    assert verdict.summary == (
        "c1's write was carried out, although it is not allowed; it returned 5"
    )
    assert verdict.because == (
        "o1 was called (step 0) and returned (step 4); it should have been you may not write",
    )


def test_a_refusal_in_other_words_is_none() -> None:
    assert judged("write", "you may not read").is_broken


def test_what_is_allowed_is_not_refused() -> None:
    assert judged("read", 5).outcome is Outcome.HOLDS
    verdict = judged("read", "you may not read")
    assert verdict.is_broken
    assert verdict.summary == "c1's read was you may not read, although it is allowed"


def test_without_answers_there_is_nothing_to_judge() -> None:
    events = (Event(1, 0, "invoke", "c1", operation="o1", value="write"),)
    trace = Trace(Scenario("none", Abd(), {}, ()), (), events, ())
    verdict = check_authorisation(trace, refusal_of=refusal_of, refusals=())
    assert verdict.outcome is Outcome.UNDECIDED
