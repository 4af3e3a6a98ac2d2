"""Authorisation: what is not allowed is refused in the right words, what is allowed is not."""

from __future__ import annotations

from collections.abc import Callable, Collection

from counterpoint.checkers.words import at
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value, show
from counterpoint.model.verdict import Verdict, broken, holds, said


def check_authorisation(
    trace: Trace,
    *,
    refusal_of: Callable[[Value], Value],
    refusals: Collection[Value],
    name: str = "authorisation",
) -> Verdict:
    """Judge every answer of a run against the access rules.

    `refusal_of(operation)` is the answer that an operation must get because it is not allowed, None
    for one that is; `refusals` are all answers of that kind. Examined are the answered operations.
    """
    calls = {event.operation: event for event in trace.events if event.kind == "invoke"}
    answers = [event for event in trace.events if event.kind == "return"]
    for answer in answers:
        call = calls[answer.operation]
        due = refusal_of(call.value)
        if due is not None and answer.value != due:
            why = f"was carried out, although it is not allowed; it returned {show(answer.value)}"
            return _broken(name, call, answer, why, f"it should have been {show(due)}", answers)
        if due is None and answer.value in refusals:
            why = f"was {show(answer.value)}, although it is allowed"
            return _broken(name, call, answer, why, "no rule forbids it", answers)
    return holds(name, examined=len(answers))


def _broken(
    name: str, call: Event, answer: Event, what: str, remark: str, answers: list[Event]
) -> Verdict:
    assert call.operation is not None, f"event {call.id} calls an operation without a name"
    return broken(
        name,
        f"{call.node}'s {show(call.value)} {what}",
        examined=len(answers),
        because=(
            said(
                f"{call.operation} was called",
                at(call.step),
                " and returned",
                at(answer.step),
                f"; {remark}",
            ),
        ),
        culprits=(call.operation,),
    )
