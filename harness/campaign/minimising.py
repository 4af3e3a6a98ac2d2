"""One run that broke something, made again and minimised: the trace that a campaign keeps of it."""

from __future__ import annotations

from pathlib import Path

from counterpoint.harness.campaign.assignment import MinimisedRun, Minimising
from counterpoint.harness.campaign.shape import shape_of
from counterpoint.harness.keeping import trace_path
from counterpoint.harness.tool import tool
from counterpoint.model.tracefile import trace_lines
from counterpoint.model.values import Json

SECONDS_MAX = 5.0
"""So long a run is minimised; most need a tenth of that."""


def minimised(given: Minimising) -> MinimisedRun:
    """Make a run again, leave out what it does not need, and write its trace down.

    Raises:
        OwnDefect: it does not break what it was said to break.
    """
    search = given.search
    campaign = search.campaign()
    campaign.make_again(given.number, given.property)
    example = campaign.counterexample(SECONDS_MAX)
    assert example is not None, f"no finding in run {given.number}"
    steps, found = len(example.trace.choices), len(example.finding.choices)
    how: dict[str, Json] = {"seed": search.seed, "strategy": search.strategy, "run": given.number}
    if search.weights:
        how["weights"] = [f"{kind}={weight:g}" for kind, weight in search.weights]
    about: dict[str, Json] = {
        "tool": tool(),
        "search": how,
        "shrunk": {"from": found, "to": steps},
    }
    name = trace_path(example.trace.scenario, Path(), example.verdict.property).name
    lines = tuple(trace_lines(example.trace, example.verdicts, about=about))
    shape = shape_of(example.trace.choices)
    return MinimisedRun(lines, name, shape, example.verdict.summary, steps, found, example.faults)
