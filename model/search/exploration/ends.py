"""The ends of complete runs: what may be said of a run in which nothing can happen any more."""

from __future__ import annotations

from counterpoint.model.actions import Fire, Settle
from counterpoint.model.kind import kinds_of
from counterpoint.model.legality import tolerated_failures
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.world import begin

STOP = Settle(())
"""The faults stop, and nobody stays silent."""


def judges_ends(scenario: Scenario) -> bool:
    """Tell whether a run in which nothing is enabled is at rest once its faults have stopped.

    It is where no node may stay silent for good, and no timer is armed that has no budget left.
    """
    if scenario.detector is not None or (Fire in kinds_of(scenario) and "fire" in scenario.limits):
        return False
    start = begin(scenario).world
    return not any(tolerated_failures(scenario, start.conditions))


def at_rest(trace: Trace) -> Trace:
    """Return a complete run in which the faults have stopped at its end, for good."""
    moved = STOP.apply(trace.final)
    return Trace(
        trace.scenario,
        (*trace.choices, STOP),
        (*trace.events, *moved.events),
        (*trace.worlds, moved.world),
    )


def is_about_end(scenario: Scenario, name: str) -> bool:
    """Tell whether the property of that name is about the ends of runs."""
    return any(prop.name == name and prop.is_of_ends for prop in scenario.properties)
