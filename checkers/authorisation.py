"""Authorisation: what is not allowed is refused in the right words, what is allowed is not.

Authorisation as an automaton: which answer each call under way is due, and whether it got it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from counterpoint.checkers.links import at
from counterpoint.model.event import Event
from counterpoint.model.observer import Observation
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
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


class Due(NamedTuple):
    """`calls` has for each call under way its client and the refusal that it must get, if any."""

    calls: tuple[tuple[NodeId, Value], ...] = ()
    is_broken: bool = False


@dataclass(frozen=True)
class AuthorisationObserver:
    """What is not allowed is refused in the right words, what is allowed is not; see `authorisation`."""

    notes_may_swap: ClassVar[bool] = True

    refusal_of: Callable[[Value], Value]
    refusals: Collection[Value]

    @property
    def initial(self) -> Due:
        """Nothing was called."""
        return Due()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Due:
        """Take in calls, answers and crashes of clients."""
        assert isinstance(memory, Due), f"{memory!r} is no memory of this observer"
        for observation in seen:
            memory = self._after(memory, observation)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether some answer was wrong."""
        assert isinstance(memory, Due), f"{memory!r} is no memory of this observer"
        return memory.is_broken

    def _after(self, memory: Due, seen: Observation) -> Due:
        rest = tuple(call for call in memory.calls if call[0] != seen.node)
        match seen.kind:
            case "invoke":
                due = self.refusal_of(seen.value)
                calls = sorted((*rest, (seen.node, due)), key=lambda call: call[0])
                return memory._replace(calls=tuple(calls))
            case "return":
                due = dict(memory.calls)[seen.node]
                is_wrong = seen.value != due if due is not None else seen.value in self.refusals
                return Due(rest, memory.is_broken or is_wrong)
            case "crash":
                return memory._replace(calls=rest)
            case _:
                return memory
