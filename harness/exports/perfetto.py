"""Chrome's trace events in JSON, for Perfetto and chrome://tracing.

Lanes are processes in the order of reports; an event takes one microsecond at a time of its own,
because Perfetto binds flows by time and not by their identities; calls are asynchronous slices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Verdict

NETWORK = 0
"""The lane of what happens at no node; nodes count from 1."""

PITCH = 10
"""Microseconds from one event to the next."""


def to_perfetto(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the events as one JSON document."""
    story = TraceExplanation(trace)
    summary = "; ".join(plain(v.summary) for v in verdicts if v.is_broken)
    document = {
        "displayTimeUnit": "ns",
        "otherData": {"scenario": plain(trace.scenario.name), "broken": summary},
        "traceEvents": [*_lanes(story), *_slices(story)],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def _lanes(story: TraceExplanation) -> Iterator[dict[str, object]]:
    for lane, name in enumerate(("network", *story.nodes)):
        base = {"ph": "M", "pid": lane, "tid": 0}
        yield {**base, "name": "process_name", "args": {"name": plain(name, 60)}}
        yield {**base, "name": "process_sort_index", "args": {"sort_index": lane}}


def _slices(story: TraceExplanation) -> Iterator[dict[str, object]]:
    index = story.trace.scenario.index
    delivered = {f.message for m in story.letters.values() for f in m.fates if f.kind == "deliver"}
    for event in story.trace.events:
        lane = NETWORK if event.node is None else index[event.node] + 1
        at: dict[str, object] = {"pid": lane, "tid": 0, "ts": (event.id + 1) * PITCH}
        yield {"ph": "X", "dur": 1, "name": _name(event), "args": _facts(event), **at}
        if event.kind == "send" and event.message in delivered:
            yield {"ph": "s", "cat": "message", "name": "message", "id": event.message, **at}
        elif event.kind == "deliver":
            flow = {"ph": "f", "bp": "e", "cat": "message", "name": "message"}
            yield {**flow, "id": event.message, **at}
        if event.kind in ("invoke", "return") and event.operation is not None:
            phase = "b" if event.kind == "invoke" else "e"
            name = next(plain(s.text, 120) for s in story.spans if s.id == event.operation)
            yield {"ph": phase, "cat": "call", "name": name, "id": event.operation, **at}


def _name(event: Event) -> str:
    about = f" m{event.message}" if event.message is not None else ""
    value = "" if event.value is None else f" {plain(show(event.value), 80)}"
    return f"{event.kind}{about}{value}"


def _facts(event: Event) -> dict[str, object]:
    facts = {"event": event.id, "step": event.step, "why": event.why, "operation": event.operation}
    return {key: value for key, value in facts.items() if value is not None}
