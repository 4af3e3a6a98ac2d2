"""Failures of earlier sessions: they are tried first, since what failed once is what fails soonest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from counterpoint.harness.keeping import SUFFIX
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.following import follow
from counterpoint.model.search.replay import first_broken, judge, led_by
from counterpoint.model.search.replay_file import Diverged
from counterpoint.model.tracefile import BadTraceFile, broken_in, read_trace


def kept_of(folder: Path) -> dict[str, list[Path]]:
    """Return the trace files in a folder by the test that wrote them; from a first line alone."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with path.open(encoding="utf-8") as file:
                header = json.loads(file.readline())
        except (OSError, ValueError):
            continue
        if isinstance(header, dict) and isinstance(header.get("test"), str):
            found.setdefault(header["test"], []).append(path)
    return found


def try_again(scenario: Scenario, paths: list[Path]) -> int:
    """Make the runs of these files as they fit the code of today; return how many could be followed.

    Raises:
        PropertyBroken: one of them still breaks something.
    """
    return sum(1 for path in paths for _ in _followed(scenario, path))


def _followed(scenario: Scenario, path: Path) -> Iterator[None]:
    try:
        recorded = read_trace(path)
        trace = follow(recorded, scenario).trace
    except (BadTraceFile, Diverged, ValueError):  # of another scenario, or of another version
        return
    verdicts = led_by(judge(trace), broken_in(recorded))
    verdict = first_broken(verdicts)
    if verdict is not None:
        search = {"strategy": "kept", "from": path.name}
        raise PropertyBroken(
            trace, verdict, verdicts, steps_found=len(trace.choices), search=search
        )
    yield
