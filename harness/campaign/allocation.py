"""Whose turn it is: each target in turn, those in which something was found less often than others.

What is found in a target is seldom all there is to be found; but what is slow to be found elsewhere
needs the time more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import count

from counterpoint.harness.campaign.swarm import WAYS, Planned, nth
from counterpoint.harness.campaign.targets import CampaignPlan
from counterpoint.model.scenario import Scenario

BROKEN_EVERY = 8
"""A target in which something was found has one turn where another one has so many."""


class Allocation:
    """The assignments of a plan's part that are to be made: all but those of `known` numbers."""

    def __init__(
        self, plan: CampaignPlan, scenarios: tuple[Scenario, ...], known: Collection[int] = ()
    ) -> None:
        self._plan = plan
        self._scenarios = scenarios
        self._known = known
        self._turns = [-1] * len(scenarios)
        self._taken = [0] * len(scenarios)
        for number in known:
            self._taken[number % len(scenarios)] += 1

    def next(self, is_broken: Callable[[int], bool]) -> Planned:
        """Return the next assignment, given in which targets, by their place, something was found."""

        def turns(target: int) -> int:
            return self._taken[target] * (BROKEN_EVERY if is_broken(target) else 1)

        target = min(range(len(self._scenarios)), key=turns)
        self._taken[target] += 1
        self._turns[target], number = self._following(target)
        return nth(self._plan, self._scenarios, number)

    def _following(self, target: int) -> tuple[int, int]:
        """Return the next turn of a target that is of this part and to be made, and its number."""
        for turn in count(self._turns[target] + 1):
            number = turn * len(self._scenarios) + target
            if is_of_part(self._plan, target, turn) and number not in self._known:
                return turn, number
        raise AssertionError("turns have no end")


def is_of_part(plan: CampaignPlan, target: int, turn: int) -> bool:
    """Tell whether a turn of a target is of the plan's part: parts share each target and each way."""
    part, parts = plan.shard
    return (turn // WAYS + target) % parts == part
