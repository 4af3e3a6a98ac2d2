"""Jepsen: a history in EDN, one operation a line, for Knossos, Elle and other checkers.

`:fail` would claim that a call surely had no effect, which no trace knows; a call without an answer
ends as `:info`, and its process is never used again. A read has its result as `:value`, any other
call its arguments; what else is known stands in `:result`. Faults are operations of the nemesis, of
type `:info`, before and after. `:time` is the step, in units of 1,000,000 nanoseconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from counterpoint.harness.explanation.explanation import CallSpan, TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.model.trace import Trace
from counterpoint.model.values import Value, show
from counterpoint.model.verdict import Verdict

STEP_NANOSECONDS = 1_000_000

NEMESIS = frozenset(
    {
        *("crash", "recover", "partition", "heal", "lose", "duplicate", "suspect", "trust"),
        "settle",
    }
)
"""The kinds of event that are told as what a nemesis does."""


def to_edn(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the history, one map a line."""
    del verdicts
    lines = []
    for index, (step, fields) in enumerate(_operations(TraceExplanation(trace))):
        form = {":index": str(index), ":time": str(max(step, 0) * STEP_NANOSECONDS), **fields}
        lines.append("{" + ", ".join(f"{key} {value}" for key, value in form.items()) + "}")
    return "\n".join(lines) + "\n"


def _operations(story: TraceExplanation) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each operation with its step, in the order of the run."""
    spans = {span.id: span for span in story.spans}
    count = len(story.nodes)
    process = {node: number for number, node in enumerate(story.nodes)}
    under_way: dict[str, int] = {}
    for event in story.trace.events:
        span = spans.get(event.operation or "")
        if event.kind == "invoke" and span is not None:
            under_way[span.id] = process[span.client]
            yield event.step, _form(span, process[span.client], ":invoke")
        elif event.kind == "return" and span is not None:
            yield event.step, _form(span, under_way.pop(span.id), ":ok")
        elif event.kind == "crash" and span is not None:
            yield event.step, _form(span, under_way.pop(span.id), ":info")
            process[span.client] += count
        if event.kind in NEMESIS:
            what = event.value if event.kind in ("suspect", "trust") else event.node or event.value
            fault = {":process": ":nemesis", ":type": ":info", ":f": f":{event.kind}"}
            for _ in range(2):
                yield event.step, {**fault, ":value": edn(plain(show(what), 200))}
    for name, number in under_way.items():
        yield len(story.trace.choices), _form(spans[name], number, ":info")


def _form(span: CallSpan, process: int, kind: str) -> dict[str, str]:
    f = type(span.operation).__name__.lower() if not isinstance(span.operation, str) else "call"
    arguments = _arguments(span.operation)
    is_read = f.startswith(("read", "get"))
    value = edn(arguments)
    fields = {":process": str(process), ":type": kind, ":f": f":{f}"}
    if is_read:
        value = edn(span.result) if kind == ":ok" else "nil"
        if arguments is not None:
            fields[":arguments"] = edn(arguments)
    elif kind == ":ok":
        fields[":result"] = edn(span.result)
    return {**fields, ":value": value, ":operation": edn(span.id)}


def _arguments(operation: Value) -> Value:
    """Return the one field of an operation, the tuple of several, None for none."""
    if not dataclasses.is_dataclass(operation):
        return operation
    values = tuple(getattr(operation, field.name) for field in dataclasses.fields(operation))
    return values[0] if len(values) == 1 else (values or None)


def edn(value: object) -> str:
    """Return a value in EDN: maps for dataclasses, vectors for tuples, sets for frozensets.

    >>> edn((1, True, None, "a\\n")), edn(frozenset({2, 1}))
    ('[1 true nil "a\\\\\\\\n"]', '#{1 2}')
    """
    match value:
        case None:
            return "nil"
        case Enum():
            return edn(value.name)
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value}N" if abs(value) >= 2**63 else str(value)
        case str():
            text = plain(value, 10_000)
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case bytes():
            return edn(value.hex())
        case tuple():
            return f"[{' '.join(map(edn, value))}]"
        case frozenset():
            return f"#{{{' '.join(sorted(map(edn, value)))}}}"
        case Mapping():
            pairs = sorted((edn(key), edn(part)) for key, part in value.items())
            return "{" + ", ".join(f"{key} {part}" for key, part in pairs) + "}"
    if dataclasses.is_dataclass(value):
        parts = (f":{f.name} {edn(getattr(value, f.name))}" for f in dataclasses.fields(value))
        return "{" + ", ".join(parts) + "}"
    return edn(show(value))
