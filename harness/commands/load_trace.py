"""Trace files as commands open them: read, checked, run again and judged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from counterpoint.harness.analysis.analyses import Analyses, analyse
from counterpoint.harness.catalog import origin_in, rebuild, retyped
from counterpoint.harness.keeping import command
from counterpoint.harness.output import BAD_INPUT, clear_errors, tell
from counterpoint.harness.report.terminal import broken_first
from counterpoint.model.search.replay import judge, led_by
from counterpoint.model.search.replay_file import Diverged, replay
from counterpoint.model.trace import Trace
from counterpoint.model.tracefile import TraceFile, broken_in, read_trace
from counterpoint.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Opened:
    """A trace file, its run, and what is to be said of it."""

    file: Path
    recorded: TraceFile
    trace: Trace
    verdicts: tuple[Verdict, ...]

    @property
    def shrunk(self) -> tuple[int, int] | None:
        """How many choices the run had before and after minimising, if the file says so."""
        sizes = self.recorded.header.get("shrunk")
        if not isinstance(sizes, dict):
            return None
        before, after = sizes.get("from"), sizes.get("to")
        return (before, after) if isinstance(before, int) and isinstance(after, int) else None

    @property
    def replay_command(self) -> str:
        """What to type to run it again."""
        return command("replay", self.file)

    def analysed(self, seconds: float) -> Analyses | None:
        """Re-run it in every way that tells something; None for a run that breaks nothing."""
        verdict = broken_first(self.verdicts)
        if verdict is None or not verdict.is_broken or seconds <= 0:
            return None
        return analyse(self.trace, verdict, seconds=seconds)


def opened(file: Path, typed: Mapping[str, str] = MappingProxyType({})) -> Opened:
    """Read a trace file and run it again; a file that cannot be ends the command, with the reason.

    Settings that somebody has `typed` take the place of those in the file.
    """
    with clear_errors():
        recorded = read_trace(file)
        origin = origin_in(recorded)
        scenario = rebuild(retyped(origin, typed) if typed else origin)
    try:
        trace = replay(recorded, scenario)
    except Diverged as error:
        tell(f"counterpoint: {file}: {error}", err=True)
        sys.exit(BAD_INPUT)
    return Opened(file, recorded, trace, led_by(judge(trace), broken_in(recorded)))
