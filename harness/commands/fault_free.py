"""`counterpoint replay FILE --fault-free`: the same calls on a network that does no harm."""

from __future__ import annotations

import sys
from pathlib import Path

from counterpoint.harness.catalog import entry
from counterpoint.harness.commands.load_trace import opened
from counterpoint.harness.explanation.plain import count_of, plain
from counterpoint.harness.output import EXIT_CODES, clear_errors, emit, tell
from counterpoint.harness.play.console import Console
from counterpoint.harness.play.fault_free import FaultFree, fault_free
from counterpoint.harness.play.plain_console import plain_console
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import show

LINES_MAX = 20
"""How many differences are shown."""


def console_of(system: str, scenario: Scenario) -> Console:
    """Return the console of a system, the plain one where it brings none.

    Raises:
        UnknownName: no such system.
        ValueError: its programs make their calls themselves, so nobody else can.
    """
    own = entry(system).console
    if own is None and not scenario.calls:
        raise ValueError(
            f"the programs of {plain(system)} make their calls themselves, and --fault-free makes "
            "those of the scenario; --edit N=skip leaves out a fault"
        )
    return own or plain_console(scenario)


def run(file: Path, *, as_json: bool) -> None:
    """Make the calls of a trace again without faults, compare, and end with 0 (equal) or 1."""
    # Imported here: what runs of real clusters need takes longer to import than a replay without it.
    from counterpoint.harness.live.recorded import system_behind

    found = opened(file)
    with clear_errors(as_json=as_json):
        console = console_of(system_behind(found.recorded.origin), found.trace.scenario)
    result = fault_free(found.trace, console)
    outcome = "holds" if result.is_equal else "different"
    if as_json:
        emit(
            {
                "file": str(file),
                "outcome": "equal" if result.is_equal else "different",
                "calls": [f"{node} {show(operation)}" for node, operation in result.calls],
                "compared": result.compared,
                "differences": [difference.text for difference in result.differences],
                "refused": list(result.refused),
            }
        )
    else:
        tell("\n".join(_lines(result)))
    sys.exit(EXIT_CODES[outcome])


def _lines(result: FaultFree) -> list[str]:
    calls = count_of(len(result.calls), "call")
    if result.is_equal:
        return [
            f"equal: {calls} again without faults, {result.compared} parts of the outcome compared"
        ]
    lines = [difference.text for difference in result.differences[:LINES_MAX]]
    if len(result.differences) > LINES_MAX:
        lines.append(f"and {len(result.differences) - LINES_MAX} more")
    lines += [f"not answered without faults: {call}" for call in result.refused]
    order = "; ".join(f"{node} {show(operation)}" for node, operation in result.calls)
    return [
        f"different: {calls} again without faults, "
        f"{len(result.differences)} of {result.compared} parts of the outcome differ",
        *(f"  {line}" for line in lines),
        f"the calls, in the order of their effects: {plain(order)}",
    ]
