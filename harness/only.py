"""A scenario of which one claim alone is judged, so that no other hides whether that one breaks."""

from __future__ import annotations

from counterpoint.model.inert import quoted
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Scenario


def only_claim(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario with the property or invariant of this name, and with no other claim.

    Raises:
        BadScenario: there is none; the text names those that there are.
    """
    properties = tuple(claim for claim in scenario.properties if claim.name == name)
    invariants = tuple(claim for claim in scenario.invariants if claim.name == name)
    if not properties and not invariants:
        known = [
            claim.name for some in (scenario.properties, scenario.invariants) for claim in some
        ]
        raise BadScenario(
            f"{quoted(name)} is no property of {scenario.name!r}; there are: {', '.join(known)}"
        )
    return scenario.replace(properties=properties, invariants=invariants, goals=())
