"""What an author requires of a run, with the steps that show it is not met: explained as ours are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from inspect import isgenerator
from typing import TypeAlias

from counterpoint.model.event import Event
from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, show
from counterpoint.model.verdict import Reason, Verdict, at_step, broken, said

ShownStep: TypeAlias = "int | Event | str | Reason | tuple[str, int | Event]"
"""A step, by its number or by an event of it; a sentence; or a sentence about a step."""


class Unmet(AssertionError):
    """A requirement that is not met: the sentence, what shows it, and the nodes that it is about."""

    def __init__(
        self, sentence: str, because: Sequence[ShownStep], nodes: Sequence[NodeId]
    ) -> None:
        super().__init__(sentence)
        self.sentence, self.because, self.nodes = sentence, tuple(because), tuple(nodes)

    def verdict(self, name: str, trace: Trace, examined: int) -> Verdict:
        """Return the verdict on a run, in which each step says what happened there."""
        events = [event for shown in self.because for event in _events(shown, trace)]
        operations = dict.fromkeys(e.operation for e in events if e.operation is not None)
        nodes = dict.fromkeys((*(e.node for e in events if e.node is not None), *self.nodes))
        return broken(
            name,
            self.sentence,
            examined=max(examined, 1),
            because=[_reason(shown, trace) for shown in self.because],
            culprits=tuple(operations) if operations and not self.nodes else tuple(nodes),
        )


def require(
    condition: object,
    sentence: str,
    *,
    because: Sequence[ShownStep] = (),
    nodes: Sequence[NodeId] = (),
) -> None:
    """Say, in the check of a property or an invariant, what must be, and what is wrong if it is not.

        cp.require(read.value >= 3, f"c2 read {read.value} after 3", because=[written, read])

    `because` are the steps that show it, in their order, the deciding one last: each a number, an
    event, or a pair of a sentence and one of these; a sentence alone is about no step. Report and
    viewer link them, with the operations of their events, or with `nodes`.

    Raises:
        Unmet: it is not so; whoever judges the property makes a verdict of it.
        BadScenario: the condition is a generator, which is always true.
    """
    if isgenerator(condition):
        raise BadScenario(
            f"require: the condition is {brief(condition)}, which is always true; right would be: "
            "all(... for ...) or any(... for ...)"
        )
    if not condition:
        raise Unmet(sentence, because, nodes)


def _reason(shown: ShownStep, trace: Trace) -> Reason:
    match shown:
        case Reason():
            return shown
        case str():
            return said(shown)
        case (str(text), where):
            return said(text, " (", at_step(_step(where)), ")")
        case Event() | int():
            return said(at_step(_step(shown)), ": ", ", ".join(_told(shown, trace)))
    raise BadScenario(
        f"require: because has {brief(shown)}; a step is a number, an event, or a sentence with one of "
        "these: ('c1 was told 3', event)"
    )


def _step(where: int | Event) -> int:
    return where.step if isinstance(where, Event) else where


def _told(where: int | Event, trace: Trace) -> Iterator[str]:
    """Say what happened: of an event what it is, of a step what was chosen and what was answered."""
    if isinstance(where, Event):
        yield _words(where)
        return
    if 0 <= where < len(trace.choices):
        yield show(trace.choices[where])
    for event in _events(where, trace):
        if event.kind == "return":
            yield _words(event)


def _words(event: Event) -> str:
    """Say what an event is.

    >>> _words(Event(4, 2, "return", "c1", operation="o1", value=7))
    'o1 of c1 returned 7'
    >>> _words(Event(4, 2, "deliver", "n1", src="n2", value="ping"))
    'n1 got ping from n2'
    """
    match event.kind:
        case "invoke":
            return f"{event.node} called {event.operation} {show(event.value)}"
        case "return":
            return f"{event.operation} of {event.node} returned {show(event.value)}"
        case "deliver":
            return f"{event.node} got {show(event.value)} from {event.src}"
        case "send":
            return f"{event.node} sent {show(event.value)} to {event.dst}"
        case "note":
            return f"{event.node} noted {show(event.value)}"
    about = "" if event.value is None else f" {show(event.value)}"
    return f"{event.kind} {event.node or ''}".strip() + about


def _events(shown: ShownStep, trace: Trace) -> Iterable[Event]:
    """Return the events that a step is about: the one given, or the calls and answers of the step."""
    where = shown[1] if isinstance(shown, tuple) else shown
    if isinstance(where, Event):
        return (where,)
    if isinstance(where, int) and 0 <= where < len(trace.choices):
        found = trace.events_of_step(where)
        told = [event for event in found if event.kind in ("invoke", "return")]
        return told or found[:1]
    return ()
