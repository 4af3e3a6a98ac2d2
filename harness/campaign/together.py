"""One search by several processes: the same runs as by one, and so the same counterexample."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from counterpoint.harness.campaign.assignment import Assignment, NamedSearch
from counterpoint.harness.campaign.team import Team
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.tally import Progress

BLOCK_RUNS = 16
"""So many runs are assigned at a time: a moment's work, many times what it takes to send them."""


def search_together(
    campaign: Campaign,
    search: NamedSearch,
    budgets: Budgets,
    *,
    shard: tuple[int, int] = (0, 1),
    team: Team,
) -> Iterator[Progress]:
    """Search until the budget is used up or enough is found, and tell of the progress.

    Which run does what depends on the seed and its number alone, and blocks are counted in order: so
    the number of workers makes no difference to what is found in so many runs.
    """
    with team:
        assignments = blocks_of(search, shard, budgets.runs)
        yield from campaign.gather(team.blocks(assignments, seconds=budgets.seconds))


def blocks_of(
    search: NamedSearch, shard: tuple[int, int] = (0, 1), runs: int | None = None
) -> Iterator[Assignment]:
    """Yield the blocks of a shard of a search, without end or of so many runs together.

    >>> [list(a.numbers) for a in blocks_of(NamedSearch(()), (1, 2), runs=18)][1]
    [33, 35]
    """
    first, stride = shard
    for made in count(0, BLOCK_RUNS):
        size = BLOCK_RUNS if runs is None else min(BLOCK_RUNS, runs - made)
        if size <= 0:
            return
        start = first + made * stride
        yield Assignment(search, range(start, start + size * stride, stride))
