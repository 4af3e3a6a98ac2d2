"""What properties may see the order of: steps that are visible to them depend on each other."""

from __future__ import annotations

from counterpoint.model.claims import Property
from counterpoint.model.observer import OBSERVED, keeps_order_of_notes
from counterpoint.model.scenario import Scenario, nothing_is_visible

MOMENTS = OBSERVED - {"invoke", "return"}
"""What properties of histories may read besides operations: a moment ends something, and begins it."""


def may_read_moments(scenario: Scenario) -> bool:
    """Tell whether some property of histories may read the order of notes."""
    return any(keeps_order_of_notes(p.observer) for p in _of_histories(scenario))


def may_read_order(scenario: Scenario) -> bool:
    """Tell whether some property may read which of two calls that overlap was first."""
    return any(not p.is_about_precedence for p in _of_histories(scenario))


def may_read_everything(scenario: Scenario) -> bool:
    """Tell whether some property reads whole runs, and nothing says what it sees the order of."""
    is_told = scenario.visible is not nothing_is_visible
    return not is_told and any(p.reads == "trace" for p in scenario.properties)


def needs_real_time(scenario: Scenario) -> bool:
    """Tell whether some property reads histories, in which the order of calls and returns counts."""
    return bool(_of_histories(scenario))


def _of_histories(scenario: Scenario) -> list[Property]:
    """Return what may read histories: at the end, too, unless only the last world is looked at."""
    return [
        p
        for p in scenario.properties
        if p.reads == "operations"
        or (p.reads == "end" and not (p.is_about_answers or p.is_about_last_world))
    ]
