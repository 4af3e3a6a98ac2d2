"""DOT: the happens-before graph of a run, for Graphviz.

One column a node, program order straight and heavy, messages light, so that lanes stay lanes; a lost
message ends in a red cross. A long run is drawn only where the verdict's deciding event rests on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from counterpoint.checkers.happens_before.graph import causal_past, happens_before, named
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.report.causal_slice import culprit_events
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict

EVENTS_MAX = 400

LOOKS: Mapping[str, str] = MappingProxyType(
    {
        "program": "weight=50, arrowhead=none",
        "message": "weight=0",
        "operation": "weight=0, style=dotted",
    }
)
"""How an edge is drawn, by its rule."""


def to_dot(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the graph."""
    verdict = broken_first(verdicts)
    graph = happens_before(trace, _region(trace, verdict))
    title = verdict.summary if verdict and verdict.summary else trace.scenario.name
    lines = [
        "digraph run {",
        f"  label={quoted(title)}; rankdir=TB; node [shape=box, fontsize=10];",
    ]
    for identity in graph.nodes:
        event = trace.events[identity]
        look = f", group={quoted(event.node)}" if event.node is not None else ""
        if event.kind == "lose":
            look += ', shape=plaintext, fontcolor="red"'
        text = f"× m{event.message}: {event.why}" if event.kind == "lose" else named(event)
        lines.append(f"  e{identity} [label={quoted(f'{text} [{event.step}]')}{look}];")
    for cause, effect, edge in graph.edges(data=True):
        how = LOOKS[edge["rule"]]
        if trace.events[effect].kind == "lose":
            how = 'weight=0, style=dashed, color="red"'
        lines.append(f"  e{cause} -> e{effect} [{how}, tooltip={quoted(edge['reason'].text)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _region(trace: Trace, verdict: Verdict | None) -> Sequence[int]:
    if len(trace.events) <= EVENTS_MAX:
        return range(len(trace.events))
    end = culprit_events(TraceExplanation(trace), verdict)[-1] if verdict else trace.events[-1]
    return sorted(causal_past(trace.events, end.id))[-EVENTS_MAX:]


def quoted(text: str) -> str:
    r"""Return a quoted string of DOT.

    >>> print(quoted('a "b" \\ c'))
    "a \"b\" \\ c"
    """
    return json.dumps(plain(text, 200), ensure_ascii=False)
