"""From one failing run to a short one, with the help of others that break the same property.

Leaving out steps ends at a run from which nothing more can be left out, which need not be the
shortest there is. So walks look for a few more failing runs first, for a second at most, and the
shortest result of all is the counterexample.
"""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.failure import PropertyBroken, failure_of
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.finding import Finding
from counterpoint.model.trace import Trace
from counterpoint.model.world import Action

SECONDS_MAX = 1.0


def shortened(error: PropertyBroken) -> PropertyBroken:
    """Return a failure with the shortest run that was found to break the same property."""
    trace, name = error.trace, error.verdict.property
    short = shortest(trace.scenario, trace.choices, name)
    found = len(trace.choices)
    return failure_of(short.scenario, short.choices, name, steps_found=found, search=error.search)


def shortest(scenario: Scenario, choices: Sequence[Action], name: str) -> Trace:
    """Return a short run that breaks the property, given the choices of one that does.

    Where the calls were drawn its scenario may have others, fewer and simpler.

    Raises:
        ValueError: they do not break it.
    """
    campaign = Campaign(scenario)
    campaign.findings.append(Finding(-1, name, tuple(choices), scenario))
    for _ in campaign.search(Budgets(seconds=SECONDS_MAX)):
        pass
    example = campaign.counterexample()
    assert example is not None, "there was a finding to begin with"
    return example.trace
