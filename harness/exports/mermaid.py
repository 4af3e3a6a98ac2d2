"""Mermaid: a sequence diagram, as comments and job summaries on code hosts draw it.

An arrow stands where the message arrives, with the step that sent it in its label. Diagrams past
150 messages are not drawn by most hosts, so what the answer rests on comes first and the rest is
counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.sentences import parts, word
from counterpoint.harness.report.causal_slice import culprit_events, fault_steps, support
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict

MESSAGES_MAX = 150


def to_mermaid(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the diagram."""
    story, verdict = TraceExplanation(trace), broken_first(verdicts)
    title = f"{verdict.property}: {verdict.summary}" if verdict else trace.scenario.name
    lines = ["sequenceDiagram", f"    accTitle: {escaped(title)}"]
    lines.append(f"    accDescr: {escaped(f'{len(trace.choices)} steps of {trace.scenario.name}')}")
    lines += [f"    participant n{k} as {escaped(node)}" for k, node in enumerate(story.nodes)]
    kept = _kept(story, verdict)
    decisive = verdict.culprits[-1] if verdict and verdict.culprits and verdict.is_broken else ""
    for step in kept:
        lines += [f"    {line}" for line in _step(story, step, decisive)]
    if len(kept) < len(trace.choices):
        left_out = len(trace.choices) - len(kept)
        lines.append(f"    Note over n0: {left_out} more steps are not drawn")
    return "\n".join(lines) + "\n"


def _kept(story: TraceExplanation, verdict: Verdict | None) -> list[int]:
    count = len(story.trace.choices)
    if count <= MESSAGES_MAX:
        return list(range(count))
    wanted: set[int] = set(fault_steps(story))
    if verdict is not None and verdict.is_broken:
        wanted = {*support(story, culprit_events(story, verdict)[-1]), *wanted}
    first = sorted(wanted)[:MESSAGES_MAX]
    return first or list(range(MESSAGES_MAX))


def _step(story: TraceExplanation, step: int, decisive: str) -> Iterator[str]:
    events = story.steps[step]
    event = next((e for e in events if e.kind != "silence"), None)
    said = parts(story, step, decisive=decisive)
    if event is not None and event.message is not None and event.kind in ("deliver", "lose"):
        yield _arrow(story, event)
        notes = [p.text for p in said if p.weight >= 80 and p is not said[0]]
    else:
        notes = [part.text for part in said if part.weight >= 60]
    if notes:
        index = story.trace.scenario.index
        node = event.node if event is not None else story.trace.choices[step].at
        over = f"n{index[node]}" if node is not None else f"n0,n{max(len(story.nodes) - 1, 0)}"
        yield f"Note over {over}: {step} · {escaped(' · '.join(notes))}"


def _arrow(story: TraceExplanation, event: Event) -> str:
    index = story.trace.scenario.index
    assert event.src is not None, event
    assert event.dst is not None, event
    assert event.message is not None, event
    letter = story.letters[event.message]
    head = "-)" if event.kind == "deliver" else "-x"
    sent = "" if letter.sent_step < 0 else f"@{letter.sent_step}"
    label = f"{event.step} · {letter.name}{sent} {word(event.value)}"
    if event.kind == "lose":
        label += f" lost: {event.why}"
    return f"n{index[event.src]}{head}n{index[event.dst]}: {escaped(label)}"


def escaped(text: str) -> str:
    """Return text that Mermaid shows as it is: its own marks, and the word that ends a block.

    >>> escaped("a;b #1 <end>")
    'a#59;b #35;1 #lt;en#100;#gt;'
    """
    marks = {
        "#": "#35;",
        ";": "#59;",
        "<": "#lt;",
        ">": "#gt;",
        "%": "#37;",
        "{": "#123;",
        "}": "#125;",
    }
    safe = "".join(marks.get(character, character) for character in plain(text, 160))
    return re.sub(r"\b(en)d\b", r"\1#100;", safe, flags=re.IGNORECASE) or " "
