"""What a campaign costs beside the runs it makes, and what a second worker brings.

Workers are processes, and a machine does other things as well: so what counts is the processor time of
all of them and of their lead, in turns, the best round of each, what it takes to start left out. A
second worker makes as many runs as the first in the same time, where these take as much as before.
"""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.harness.campaign.lead import CampaignLead
from counterpoint.harness.campaign.store import CampaignStore
from counterpoint.harness.campaign.swarm import nth, runs_of
from counterpoint.harness.campaign.targets import CampaignPlan, CampaignTarget
from counterpoint.harness.campaign.team import Team
from counterpoint.model.search.walks.block import RunBlock
from tests.bench.measure import Figure

BLOCKS = {"register": 40, "token_manager": 14}
"""So many assignments one worker makes: some seconds. They grow, so two make fewer than twice that."""

ROUNDS = 3


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for system, blocks in BLOCKS.items():
        bare = both = one = two = float("inf")
        for _ in range(ROUNDS):
            bare = min(bare, made_bare(system, blocks))
            both = min(both, made_at_once(system, blocks))
            one = min(one, led(system, blocks, workers=1))
            two = min(two, led(system, doubled(blocks), workers=2))
        lost = 100 * (one / bare - 1)
        note = f"{1e6 * one:.0f} us a run beside {1e6 * bare:.0f}"
        yield Figure(f"campaign of {system} over bare walks", lost, "%", "<= 10", note)
        gain, most = 2 * one / two, 2 * bare / both
        note = f"{most:.2f} with two searches at once that know nothing of each other"
        yield Figure(f"two workers / one worker, {system}", gain, "times", ">= 1.8", note)


def doubled(blocks: int) -> int:
    """Return how many assignments have twice as many runs, or a few more."""
    return next(n for n in range(blocks, 2 * blocks + 1) if runs_until(n) >= 2 * runs_until(blocks))


def runs_until(blocks: int) -> int:
    """Return how many runs the first assignments of a target have."""
    return runs_of(blocks).start


def made_bare(system: str, blocks: int) -> float:
    """Make the runs of some assignments in this process; return the seconds of each."""
    plan = CampaignPlan((CampaignTarget(system),))
    scenarios = tuple(target.build() for target in plan.targets)
    gc.collect()
    started, campaign = process_time(), None
    for number in range(blocks):
        one = nth(plan, scenarios, number)
        search = one.assignment.search
        campaign = campaign or search.campaign()
        campaign.go_by(search.strategy, dict(search.weights))
        campaign.block(one.assignment.numbers, lambda: False)
    return (process_time() - started) / runs_until(blocks)


def made_at_once(system: str, blocks: int, *, processes: int = 2) -> float:
    """Return the seconds of each run where several processes make the same at once.

    What they lose they lose to the machine: it has one memory, and does other things as well.
    """
    with get_context("spawn").Pool(processes) as pool:
        made = pool.starmap(made_bare, [(system, blocks)] * processes, chunksize=1)
    return sum(made) / processes


def led(system: str, blocks: int, *, workers: int) -> float:
    """Lead a campaign of so many assignments; return the seconds of each run, of all processes.

    What it takes to start is that of a campaign in which each worker makes one assignment.
    """
    seconds = _seconds(system, blocks, workers) - _seconds(system, workers, workers)
    return seconds / (runs_until(blocks) - runs_until(workers))


def _seconds(system: str, blocks: int, workers: int) -> float:
    before = _used()
    plan = CampaignPlan((CampaignTarget(system),))
    with TemporaryDirectory() as folder, CampaignStore(Path(folder), is_new=True) as store:
        lead = CampaignLead(store, plan)
        with Bounded(workers, blocks) as team:
            for _ in lead.run(team, 0.0):
                pass
    return _used() - before


def _used() -> float:
    """Processor seconds of this process and of all that have ended that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Bounded(Team):
    """A team that is given so many assignments, however long they take."""

    def __init__(self, count: int, assignments_max: int) -> None:
        super().__init__(count)
        self._assignments_max = assignments_max

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        """Give out so many, and return what comes back."""
        del seconds
        return super().answers(islice(given, self._assignments_max))
