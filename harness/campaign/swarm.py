"""What the assignments of a campaign are: each target is searched now this way and now that.

The k-th assignment depends on the plan and on k alone; which are made is another matter (`allocation`).
For each target a few ways are open at a time,
so that workers keep their tables; every so often others are drawn. Half of the work is done with all
faults and the widest strategy, the other half with a part of the faults, as what no fault hides is
found sooner without them (Groce et al., "Swarm testing", ISSTA 2012).
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from counterpoint.harness.campaign.assignment import Assignment, NamedSearch
from counterpoint.harness.campaign.targets import CampaignPlan
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.strategy import DEFAULT, MIX, StrategyName

BLOCK_RUNS = 32
"""So many runs the first assignments of a target have: all targets have been tried soon."""

GROWN_AFTER, DOUBLINGS = 8, 2
"""After so many turns of a target its assignments are twice as long, and that so often."""

EPOCH = 32
"""So many assignments a target has in the same ways, before others are drawn."""

WAYS = 2
"""So many ways a target is searched at a time: the first is always the whole scenario."""

STRATEGIES: tuple[StrategyName, ...] = (DEFAULT, *MIX)


class Planned(NamedTuple):
    """An assignment with its number in the plan, and the target that it is of."""

    number: int
    target: int
    assignment: Assignment


def nth(plan: CampaignPlan, scenarios: tuple[Scenario, ...], index: int) -> Planned:
    """Return the assignment of that number."""
    turn, target = divmod(index, len(plan.targets))
    search = way(plan, scenarios[target], target, turn)
    return Planned(index, target, Assignment(search, runs_of(turn), is_covered=True))


def runs_of(turn: int) -> range:
    """Return the numbers of the runs of a target's `turn`-th assignment; between them they are all.

    >>> [runs_of(turn) for turn in (0, 7, 8)]
    [range(0, 32), range(224, 256), range(256, 320)]
    """
    doubled = min(turn // GROWN_AFTER, DOUBLINGS)
    longer = 2**doubled
    first = BLOCK_RUNS * (GROWN_AFTER * (longer - 1) + (turn - doubled * GROWN_AFTER) * longer)
    return range(first, first + BLOCK_RUNS * longer)


def way(plan: CampaignPlan, scenario: Scenario, target: int, turn: int) -> NamedSearch:
    """Return how a target is searched in its `turn`-th assignment."""
    name = plan.targets[target].property_name
    if turn % WAYS == 0:
        return NamedSearch.of(scenario, DEFAULT, plan.seed, name)
    random = Random(f"{plan.seed} {target} {turn // EPOCH}")
    left_out = [kind for kind in _faults(scenario) if random.random() < 0.5]
    weighed = scenario.with_weights({**scenario.weights, **dict.fromkeys(left_out, 0.0)})
    return NamedSearch.of(weighed, random.choice(STRATEGIES), plan.seed, name)


def _faults(scenario: Scenario) -> list[str]:
    """Return the kinds of fault that have a budget; runs without one are runs of the scenario, too."""
    return sorted({a.kind for a in scenario.actions if a.is_fault} & set(scenario.limits))
