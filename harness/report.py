"""The terminal report of a failing run."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.model.trace import Trace
from counterpoint.model.values import show
from counterpoint.model.verdict import Verdict


def report(
    trace: Trace,
    verdicts: Sequence[Verdict],
    *,
    width: int | None = None,
    ascii: bool = False,
    colour: bool = False,
    verbosity: int = 0,
    shrunk: tuple[int, int] | None = None,
    replay_command: str | None = None,
) -> str:
    """Return the verdict's sentence, its reasons, the steps and how to replay them."""
    del width, ascii, colour, verbosity, shrunk
    broken = [verdict for verdict in verdicts if verdict.is_broken]
    lines = [f"{verdict.property}: {verdict.summary}" for verdict in broken]
    lines += [f"   {line}" for verdict in broken for line in verdict.because]
    lines += [f"{step:4}  {show(choice)}" for step, choice in enumerate(trace.choices)]
    return "\n".join([*lines, f"replay  {replay_command or ''}"])
