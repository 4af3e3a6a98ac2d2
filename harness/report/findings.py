"""What analyses of a failing run found, in words: what had to happen, and from where on it was lost."""

from __future__ import annotations

from itertools import pairwise

from counterpoint.harness.analysis.analyses import Analyses, Need
from counterpoint.harness.analysis.variants import deviation
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.plain import plain

BELOW = 16
"""The column at which what the lines below the rows say begins."""


def findings(story: TraceExplanation, found: Analyses, width: int) -> list[str]:
    """Return a line or more for each thing that was found."""
    lines: list[str] = []
    needed = [need for need in found.needs if need.mark == "◆"]
    shown = needed if len(needed) <= 4 else needed[-3:]
    for need in shown:
        title = "" if lines else " ◆ needed"
        before, after = f"step {need.step}: ", f"; {_otherwise(need)}"
        room = width - BELOW - len(before) - len(after)
        lines.append(f"{title:<{BELOW}}{before}{deviation(story, need.step, room)}{after}")
    if len(shown) < len(needed):
        lines.append(f"{'':16}{len(needed) - len(shown)} more, marked ◆")
    if found.nearest is not None:
        lines.append(f" ▷ nearest pass {plain(found.nearest.change)}")
    baked = _baked(found)
    if baked:
        lines.append(f" ▲ baked in     {baked}")
    if found.trail is not None:
        lines.append(f" trail          {_trail(found)}")
    if found.fault_free:
        lines.append(f" fault-free     {found.fault_free}")
    if found.unfinished:
        lines.append(f" out of time    partial: {', '.join(found.unfinished)}")
    return lines


def _otherwise(need: Need) -> str:
    return (
        "without it it passes" if need.tried == 1 else f"{need.tried} of {need.tried} others pass"
    )


def _baked(found: Analyses) -> str:
    """Say where the chance of failing rose most, and from where on the failure was certain."""
    chances = found.chances
    if len(chances) < 2:
        return ""
    if chances[0] >= 1:
        return f"from the start: every continuation fails (estimate, {found.samples} of them)"
    rises = [after - before for before, after in pairwise(chances)]
    leap = max(range(len(rises)), key=rises.__getitem__)
    before, after = (round(100 * chances[k]) for k in (leap, leap + 1))
    text = f"step {leap}: fails {before}% before it, {after}% after it"
    certain = len(chances)
    while certain > 0 and chances[certain - 1] >= 1:
        certain -= 1
    if certain - 1 not in (leap, len(chances) - 1):
        text += f"; 100% from step {certain - 1} on"
    return f"{text} (estimate of {found.samples} random runs)"


def _trail(found: Analyses) -> str:
    trail = found.trail
    assert trail is not None
    held = " · ".join(f"{node} since {step}" for node, step in trail.holders)
    never = f" · {' '.join(trail.never)} never got it" if trail.never else ""
    return plain(f"{trail.what}: {held}{never}")
