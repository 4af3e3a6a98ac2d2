"""ShiViz: a log with vector clocks (https://bestchai.bitbucket.io/shiviz/).

Line 1 is the expression that takes an event apart, line 2 the delimiter of executions (none). Clocks
count the events of each host from 1, one by one. A message that is lost has no event of its own
there, so its fate stands in the text of its sending.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.sentences import word
from counterpoint.model.event import Event
from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Verdict

EXPRESSION = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"


def to_shiviz(trace: Trace, verdicts: Sequence[Verdict]) -> str:
    """Return the log: two lines an event."""
    del verdicts
    story = TraceExplanation(trace)
    clocks: dict[int, dict[str, int]] = {}
    latest: dict[str, dict[str, int]] = {node: {} for node in story.nodes}
    lines = [EXPRESSION, ""]
    for event in trace.events:
        if event.node is None:
            continue
        clock = dict(latest[event.node])
        for cause in event.causes:
            for host, count in clocks.get(cause, {}).items():
                clock[host] = max(clock.get(host, 0), count)
        clock[event.node] = clock.get(event.node, 0) + 1
        clocks[event.id] = latest[event.node] = clock
        shown = {_host(host): clock[host] for host in sorted(clock)}
        lines += [_text(story, event), f"{_host(event.node)} {json.dumps(shown)}"]
    return "\n".join(lines) + "\n"


def _host(node: str) -> str:
    return "_".join(plain(node, 60).split()) or "_"


def _text(story: TraceExplanation, event: Event) -> str:
    where = "at the start" if event.step < 0 else f"step {event.step}"
    match event.kind:
        case "send":
            assert event.message is not None, event
            text = f"sends m{event.message} {word(event.value)} to {event.dst}{_fate(story, event)}"
        case "deliver":
            late = f" ({event.why})" if event.why else ""
            text = f"receives m{event.message} {word(event.value)} from {event.src}{late}"
        case "invoke":
            text = f"calls {event.operation} {word(event.value)}"
        case "return":
            text = f"{event.operation} returns {word(event.value)}"
        case _:
            text = (
                event.kind
                if event.value is None
                else f"{event.kind} {plain(show(event.value), 60)}"
            )
    return f"{text} [{where}]"


def _fate(story: TraceExplanation, event: Event) -> str:
    assert event.message is not None, event
    letter = story.letters[event.message]
    fates = [
        f"{fate.kind} at step {fate.step}" + (f": {fate.why}" if fate.kind == "lose" else "")
        for fate in letter.fates
        if fate.kind != "deliver"
    ]
    if letter.in_flight:
        fates.append("still in flight at the end")
    return f" ({'; '.join(fates)})" if fates else ""
