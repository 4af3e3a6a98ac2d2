"""One sentence a step, made from the values in it: who did what, what changed, what was sent.

A sentence is a tuple of parts; where a line is too short for all, the least telling go first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from counterpoint.harness.explanation.explanation import StateChange, TraceExplanation
from counterpoint.harness.explanation.plain import fit, plain, width_of
from counterpoint.model.event import Event
from counterpoint.model.fault_state import Partition
from counterpoint.model.suspicions import IS_WELL
from counterpoint.model.values import NodeId, Value, show

Manner: TypeAlias = Literal["", "bad", "fault", "muted", "value"]
"""How a part is to be drawn, where there are colours; the words alone must be enough."""

TELLING = 40
"""Parts of this weight are missed: a sentence without one of them ends in an ellipsis."""

DECISIVE = 80
"""A part of this weight stays, even if the head of the sentence has to take its brief form."""

VALUE_MAX = 48
"""How many characters of one value go into a sentence."""


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A piece of a sentence.

    `weight` says how much would be lost without it; `brief` is a shorter form for narrow places.
    """

    text: str
    weight: int
    manner: Manner = ""
    brief: str = ""


def word(value: object) -> str:
    """Return a value as a sentence shows it: its text, safe and bounded."""
    return plain(show(value), VALUE_MAX)


def brief(value: object) -> str:
    """Return a value with what is in its parentheses left out, or else all but its first word.

    >>> brief("store(1, (2, 3)) at s1"), brief("stored(1)"), brief("answer x=1")
    ('store(…) at s1', 'stored(…)', 'answer …')
    """
    text = word(value)
    if "(" not in text:
        first, space, _ = text.partition(" ")
        return f"{first} …" if space else text
    before, _, rest = text.partition("(")
    _, closing, after = rest.rpartition(")")
    return f"{before}(…){after if closing else ''}"


def sentence(
    story: TraceExplanation, step: int, *, labelled: bool = True, decisive: str = ""
) -> str:
    """Return the whole sentence of a step; `decisive` is the operation whose answer is wrong."""
    return " · ".join(p.text for p in parts(story, step, labelled=labelled, decisive=decisive))


def shortened(found: tuple[SentencePart, ...], width: int) -> str:
    """Return as much of a sentence as fits, ending in an ellipsis where something telling is left out.

    The least telling part takes its brief form first, and goes if that is not enough.

    >>> parts = [("r1 ← store", 100), ("arms retry", 10), ("o1 returns 1", 90)]
    >>> shortened(tuple(SentencePart(*part) for part in parts), 25)
    'r1 ← store · o1 returns 1'
    """
    kept = list(found)
    left_out = 0
    while width_of(_joined(kept)) > width:
        # Of equal parts the last goes first.
        least = min(reversed(kept[1:]), key=lambda part: part.weight, default=None)
        if least is not None and least.brief:
            kept[kept.index(least)] = replace(least, text=least.brief, brief="")
        elif least is not None and (least.weight < DECISIVE or not kept[0].brief):
            left_out = max(left_out, least.weight)
            kept.remove(least)
        elif kept[0].brief:
            kept[0] = SentencePart(kept[0].brief, kept[0].weight, kept[0].manner)
        else:
            break
    if len(kept) == 1:  # alone, the beginning of the long form says more than the brief one
        kept[0] = found[0]
    text = _joined(kept)
    is_marked = left_out >= TELLING and width_of(text) + 2 <= width
    return fit(text + " …" if is_marked else text, width)


def _joined(found: list[SentencePart]) -> str:
    return " · ".join(part.text for part in found)


def parts(
    story: TraceExplanation, step: int, *, labelled: bool = True, decisive: str = ""
) -> tuple[SentencePart, ...]:
    """Return the parts of a step's sentence; `labelled` names messages by their identity."""
    events = story.steps[step]
    if not events:  # a handler failed, and the trace ends here, or it is a kind of one's own
        text = plain(story.trace.failure or show(story.trace.choices[step]))
        return (SentencePart(text, 100, "bad"),)
    return tuple(_parts(story, step, events, labelled, decisive))


def _parts(
    story: TraceExplanation, step: int, events: tuple[Event, ...], labelled: bool, decisive: str
) -> Iterator[SentencePart]:
    head, *rest = _without_silence(events)
    yield _head(story, step, head, labelled)
    if events[0] is not head:
        yield SentencePart(f"{show(events[0].value)} is silent from here", 70, "fault")
    if head.why == "ignored":
        yield SentencePart("late, ignored" if is_late(story, head) else "ignored", 80, "muted")
    yield from _outcome(rest, decisive)
    yield from _changes(story.changes(step), head.node, is_caller=head.node in story.clients)
    yield from _sends(rest)
    yield from _marginal(rest)


def _without_silence(events: tuple[Event, ...]) -> tuple[Event, ...]:
    is_first = events[0].kind == "silence" and len(events) > 1
    return events[1:] if is_first else events


def _head(story: TraceExplanation, step: int, event: Event, labelled: bool) -> SentencePart:
    name = "" if not labelled or event.message is None else f" m{event.message}"
    link = f" {event.src} → {event.dst}" if labelled else ""
    match event.kind:
        case "invoke":
            calls = f"{event.node} calls {event.operation}"
            text = f"{calls} {word(event.value)}"
            return SentencePart(text, 100, brief=f"{calls} {brief(event.value)}")
        case "deliver":
            jump = " overtaking older ones" if story.trace.choices[step].kind == "reorder" else ""
            again = " again" if story.copy_of(event) else ""
            rest = f"{name}{again}{jump}"
            text = f"{event.node} ← {word(event.value)}{rest}"
            return SentencePart(text, 100, brief=f"{event.node} ← {brief(event.value)}{rest}")
        case "lose":
            return SentencePart(f"lost {word(event.value)}{name}{link}: {event.why}", 100, "fault")
        case "duplicate":
            return SentencePart(f"the network copies {word(event.value)}{name}{link}", 100, "fault")
        case "hold":
            return SentencePart(f"held back: {word(event.value)}{name}{link}", 100, "fault")
        case "release":
            return SentencePart(f"let go again: {word(event.value)}{name}{link}", 100)
        case "timer":
            return SentencePart(f"{event.node}'s timer {word(event.value)} goes off", 100)
        case "crash":
            cut = f", {event.operation} stays open" if event.operation else ""
            return SentencePart(f"{event.node} crashes{cut}", 100, "fault")
        case "recover":
            return SentencePart(f"{event.node} runs again", 100)
        case "pause":
            return SentencePart(f"{event.node} is paused", 100, "fault")
        case "go-on":
            return SentencePart(f"{event.node} goes on", 100)
        case "mend":
            return SentencePart(f"{show(event.value)} is well again", 100)
        case "transform":
            return SentencePart(f"the operator asks {event.node} to change its role", 100)
        case "suspect":
            told = f"{event.node} is told that {show(event.value)} has failed"
            if event.why == IS_WELL:
                return SentencePart(f"{told}, wrongly", 100, "fault")
            return SentencePart(told, 100)
        case "trust":
            return SentencePart(f"{event.node} is told that {show(event.value)} is well", 100)
        case "partition":
            return SentencePart(cut_off(event.value), 100, "fault")
        case "heal":
            return SentencePart(f"{_side(event.value)} connected again", 100)
        case "settle":
            return SentencePart(f"the faults stop{_silent(event.value)}", 100)
    choice = story.trace.choices[step]
    return SentencePart(plain(show(choice)), 100, "fault" if choice.is_fault else "")


def is_late(story: TraceExplanation, arrival: Event) -> bool:
    """Tell whether a message is about a call that its receiver does not wait for any more."""
    assert arrival.message is not None, arrival
    sent = story.letters[arrival.message].sent_step
    own = [s for s in story.spans if s.client == arrival.node and s.call_step < arrival.step]
    if not own:
        return False
    latest = own[-1]
    is_over = latest.return_step is not None and latest.return_step < arrival.step
    return is_over or sent < latest.call_step


def cut_off(value: Value) -> str:
    """Say what a partition separates.

    >>> cut_off(Partition(("r1",))), cut_off(Partition(("r1", "r2"), "in"))
    ('r1 cut off from everyone else', 'nothing reaches r1 r2 any more')
    """
    assert isinstance(value, Partition), value
    match value.direction:
        case "in":
            return f"nothing reaches {_side(value)} any more"
        case "out":
            return f"nothing from {_side(value)} gets out any more"
    return f"{_side(value)} cut off from everyone else"


def _side(value: Value) -> str:
    return " ".join(value.side) if isinstance(value, Partition) else show(value)


def _silent(value: Value) -> str:
    if not isinstance(value, tuple) or not value:
        return ""
    return f"; {' '.join(map(show, value))} silent for good"


def _outcome(events: list[Event], decisive: str) -> Iterator[SentencePart]:
    for event in events:
        if event.kind == "return":
            wrong = event.operation == decisive
            mark = " ✗" if wrong else ""
            text = f"{event.operation} returns {word(event.value)}{mark}"
            yield SentencePart(text, 90, "bad" if wrong else "value")
        elif event.kind == "invoke":
            yield SentencePart(f"{event.node} calls {event.operation} {word(event.value)}", 88)
        elif event.kind == "role":
            yield SentencePart(f"{event.node} becomes {word(event.value)}", 85, "value")
        elif event.kind == "note":
            said = word(event.value)
            yield SentencePart(said, 60, brief=said.partition(" ")[0])


def _changes(
    changes: tuple[StateChange, ...], actor: NodeId | None, *, is_caller: bool
) -> Iterator[SentencePart]:
    """A caller's state says what its calls say already; what others hold is telling.

    The durable part repeats the state, and timers come with their effects: the state is enough.
    """
    weight = 35 if is_caller else 55
    for change in changes:
        if change.path.startswith(("durable", "timers")):
            continue
        owner = "" if change.node == actor else f"{change.node}."
        text = plain(change.text)
        if len(text) > VALUE_MAX:
            text = f"{change.path or 'state'} changed"
        yield SentencePart(f"{owner}{text}", weight)


def _sends(events: list[Event]) -> Iterator[SentencePart]:
    receivers: dict[Value, list[NodeId]] = {}
    for event in events:
        if event.kind == "send" and event.dst is not None:
            receivers.setdefault(event.value, []).append(event.dst)
    for body, nodes in receivers.items():
        all_of_them = " ".join(nodes)
        few = all_of_them if len(nodes) <= 2 else f"{len(nodes)} nodes"
        kind = word(body).partition("(")[0]
        yield SentencePart(f"{word(body)} → {all_of_them}", 50, brief=f"{kind} → {few}")


def _marginal(events: list[Event]) -> Iterator[SentencePart]:
    for event in events:
        if event.kind == "persist":
            yield SentencePart("persists", 12, "muted")
        elif event.kind == "set-timer":
            yield SentencePart(f"arms {word(event.value)}", 10, "muted")
        elif event.kind == "cancel-timer":
            yield SentencePart(f"disarms {word(event.value)}", 8, "muted")
