"""Failures of earlier days in the code of today: whether their runs still break something."""

from __future__ import annotations

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.following import follow
from counterpoint.model.search.replay import first_broken, judge
from counterpoint.model.search.replay_file import Diverged
from counterpoint.model.tracefile import BadTraceFile, parse_trace


def judged_again(scenario: Scenario | None, lines: str) -> str:
    """Return "broken" or "fixed" for the run of a trace, "" where it cannot be followed any more."""
    if scenario is None:
        return ""
    try:
        trace = follow(parse_trace(lines.encode() + b"\n", "the store"), scenario).trace
    except (BadTraceFile, Diverged, ValueError):
        return ""
    return "fixed" if first_broken(judge(trace)) is None else "broken"
