"""What the assignments of a campaign are: each target in turn, searched now this way and now that.

The k-th assignment depends on the plan and on k alone. For each target a few ways are open at a time,
so that workers keep their tables; every so often others are drawn. Half of the work is done with all
faults and the widest strategy, the other half with a part of the faults, as what no fault hides is
found sooner without them (Groce et al., "Swarm testing", ISSTA 2012).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

from counterpoint.harness.campaign.assignment import Assignment, NamedSearch
from counterpoint.harness.campaign.targets import CampaignPlan
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.walks.strategy import StrategyName

BLOCK_RUNS = 32
"""So many runs an assignment has."""

EPOCH = 32
"""So many assignments a target has in the same ways, before others are drawn."""

WAYS = 2
"""So many ways a target is searched at a time: the first is always the whole scenario."""

STRATEGIES: tuple[StrategyName, ...] = ("wide", "mixed", "pos", "deep")


class Planned(NamedTuple):
    """An assignment with its number in the plan, and the target that it is of."""

    number: int
    target: int
    assignment: Assignment


def planned(
    plan: CampaignPlan, scenarios: tuple[Scenario, ...], start: int = 0
) -> Iterator[Planned]:
    """Yield the assignments of a plan's part without end, from the `start`-th of this part on."""
    part, parts = plan.shard
    for index in count(part + start * parts, parts):
        yield nth(plan, scenarios, index)


def nth(plan: CampaignPlan, scenarios: tuple[Scenario, ...], index: int) -> Planned:
    """Return the assignment of that number."""
    turn, target = divmod(index, len(plan.targets))
    search = way(plan, scenarios[target], target, turn)
    first = turn * BLOCK_RUNS
    return Planned(
        index, target, Assignment(search, range(first, first + BLOCK_RUNS), is_covered=True)
    )


def way(plan: CampaignPlan, scenario: Scenario, target: int, turn: int) -> NamedSearch:
    """Return how a target is searched in its `turn`-th assignment."""
    name = plan.targets[target].property_name
    if turn % WAYS == 0:
        return NamedSearch.of(scenario, "wide", plan.seed, name)
    random = Random(f"{plan.seed} {target} {turn // EPOCH}")
    left_out = [kind for kind in _faults(scenario) if random.random() < 0.5]
    weighed = scenario.with_weights({**scenario.weights, **dict.fromkeys(left_out, 0.0)})
    return NamedSearch.of(weighed, random.choice(STRATEGIES), plan.seed, name)


def _faults(scenario: Scenario) -> list[str]:
    """Return the kinds of fault that have a budget; runs without one are runs of the scenario, too."""
    return sorted({a.kind for a in scenario.actions if a.is_fault} & set(scenario.limits))
