"""Histories out of traces: which operations the clients called, and what they were told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.history import (
    OPEN,
    UNKNOWN,
    History,
    Operation,
    Status,
    exact,
    exact_result,
    inexact,
    well_formed,
)
from counterpoint.checkers.judging import BrokenKeys
from counterpoint.model.event import Event
from counterpoint.model.former_names import formerly
from counterpoint.model.last_told import LastTold
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value
from counterpoint.model.verdict import Outcome, Verdict, holds, undecided


class Seen(NamedTuple):
    """An operation as a sequential specification knows it.

    `status` is that of an operation that was answered: "fail" if the answer says that it surely had
    no effect. One that was not answered is always "info".
    """

    f: str
    key: Hashable
    argument: Hashable
    result: Hashable
    status: Status = "ok"


def exact_seen(looks: Seen | tuple[str, Hashable, Hashable, Hashable]) -> Seen:
    """Return an operation with its key and values in exact form."""
    seen = Seen(*looks)
    return seen._replace(
        key=exact(seen.key),
        argument=exact(seen.argument),
        result=exact_result(seen.f, seen.result),
    )


OperationView: TypeAlias = Callable[
    [Value, Hashable], "Seen | tuple[str, Hashable, Hashable, Hashable] | None"
]
"""How a system's operation and result look to a checker; None for those that it does not judge.

The result is `UNKNOWN` for an operation that was not answered.
"""


def operations_of(trace: Trace, view: OperationView) -> History:
    """Return what the clients of a run asked and were told, in the order of their calls.

    Ranks are the identities of the events. An operation that is open at the end, or was cut by a
    crash of its client, or that its client gave up, has status "info": it may have taken effect, and
    may still do so.
    """
    return _LAST.told(trace, view, _operations_of)


_LAST: LastTold[Trace, OperationView, History] = LastTold()


def _operations_of(trace: Trace, view: OperationView) -> History:
    answers = {event.operation: event for event in trace.events if event.kind == "return"}
    calls = (event for event in trace.events if event.kind == "invoke")
    seen = (_operation(call, answers.get(call.operation), view) for call in calls)
    return well_formed(operation for operation in seen if operation is not None)


def _operation(call: Event, answer: Event | None, view: OperationView) -> Operation | None:
    assert call.operation is not None, f"event {call.id} calls an operation without a name"
    assert call.node is not None, f"event {call.id} calls {call.operation} at no node"
    if answer is not None and isinstance(answer.value, GaveUp):
        answer = None
    looks = view(call.value, UNKNOWN if answer is None else answer.value)
    if looks is None:
        return None
    seen = Seen(*looks)
    return Operation(
        id=call.operation,
        client=call.node,
        f=seen.f,
        key=seen.key,
        argument=seen.argument,
        result=UNKNOWN if answer is None else seen.result,
        called=call.id,
        returned=OPEN if answer is None else answer.id,
        status="info" if answer is None else seen.status,
        call_step=call.step,
        return_step=-1 if answer is None else answer.step,
    )


def joined(name: str, parts: Mapping[Hashable, Verdict]) -> Verdict:
    """Return the verdict on all objects of a history together, from those on each of them.

    Broken if one is, undecided if one with operations is; else it holds. The first that is broken
    is told, and all are named.
    """
    examined = sum(part.examined for part in parts.values())
    keys = [key for key, part in parts.items() if part.is_broken]
    if keys:
        part = parts[keys[0]]
        if len(parts) == 1:
            return replace(part, property=name)
        also = f"; also broken: {', '.join(map(str, keys[1:]))}" if len(keys) > 1 else ""
        evidence = (*part.evidence, BrokenKeys(tuple(map(inexact, keys))))
        summary = f"{keys[0]}: {part.summary}{also}"
        return replace(part, property=name, summary=summary, examined=examined, evidence=evidence)
    for key, part in parts.items():
        if part.outcome is Outcome.UNDECIDED and part.examined:
            return undecided(name, f"{key}: {part.summary}", examined=examined)
    witness = tuple(identity for part in parts.values() for identity in part.witness)
    return holds(name, examined=examined, witness=witness)


__getattr__ = formerly(__name__, View="OperationView")


@dataclass(frozen=True)
class Translated:
    """An observer that is told of everything in other words, and not of what has none.

    So a view can depend on who calls: `translate` puts the client into the operation.
    """

    notes_may_swap: ClassVar[bool] = True

    observer: Observer
    translate: Callable[[Observation], Observation | None]

    @property
    def initial(self) -> Value:
        """The memory of the observer before anything was seen."""
        return self.observer.initial

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Pass on what was seen, translated."""
        told = [said for o in seen if (said := self.translate(o)) is not None]
        return self.observer.observe(memory, told)

    def is_broken(self, memory: Value) -> bool:
        """Ask the observer."""
        return self.observer.is_broken(memory)
