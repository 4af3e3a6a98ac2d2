"""What a campaign costs beside the runs it makes, and what a second worker brings.

Workers are processes, and a machine does other things as well: so what counts is the processor time of
all of them and of their lead, in turns, the best round of each, what it takes to start left out. A
second worker makes as many runs as the first in the same time, where these take as much as before.
"""

from __future__ import annotations

import gc
import pickle
import resource
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.harness.campaign.lead import CampaignLead
from counterpoint.harness.campaign.store import CampaignStore
from counterpoint.harness.campaign.swarm import nth, runs_of
from counterpoint.harness.campaign.targets import CampaignPlan, CampaignTarget
from counterpoint.harness.campaign.team import Team
from counterpoint.harness.campaign.worker import Workbench
from counterpoint.model.search.walks.block import RunBlock
from tests.bench.measure import Figure

BLOCKS = {"register": 40, "token_manager": 14}
"""So many assignments one worker makes: some seconds. They grow, so two make fewer than twice that."""

ROUNDS = 3


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for system, blocks in BLOCKS.items():
        bare = both = one = two = leads = float("inf")
        ratios = []
        for _ in range(ROUNDS):
            bare = min(bare, made_bare(system, blocks))
            both = min(both, made_at_once(system, blocks))
            ratios.append(as_a_worker_does(system, blocks))
            made, of_lead = led(system, blocks, workers=1)
            one, leads = min(one, made), min(leads, of_lead)
            two = min(two, led(system, doubled(blocks), workers=2)[0])
        lost = 100 * (median(ratios) + leads / bare - 1)
        note = f"the lead takes {1e6 * leads:.0f} us a run, the walk {1e6 * bare:.0f}"
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


def as_a_worker_does(system: str, blocks: int) -> float:
    """Return how many times as long as bare a worker takes, block by block in turns.

    Nothing is a second apart, so what else the machine does is left out.
    """
    plan = CampaignPlan((CampaignTarget(system),))
    scenarios = tuple(target.build() for target in plan.targets)
    bench, campaign = Workbench(), nth(plan, scenarios, 0).assignment.search.campaign()
    took = {"bare": 0.0, "worker": 0.0}
    for number in range(blocks):
        given = nth(plan, scenarios, number).assignment
        for who in sorted(took, reverse=bool(number % 2)):
            started = process_time()
            if who == "bare":
                campaign.go_by(given.search.strategy, dict(given.search.weights))
                campaign.block(given.numbers, lambda: False)
            else:
                pickle.loads(pickle.dumps(bench.answer(given, lambda: False)))
            took[who] += process_time() - started
    return took["worker"] / took["bare"]


def made_at_once(system: str, blocks: int, *, processes: int = 2) -> float:
    """Return the seconds of each run where several processes make the same at once.

    What they lose they lose to the machine: it has one memory, and does other things as well.
    """
    with get_context("spawn").Pool(processes) as pool:
        made = pool.starmap(made_bare, [(system, blocks)] * processes, chunksize=1)
    return sum(made) / processes


def led(system: str, blocks: int, *, workers: int) -> tuple[float, float]:
    """Lead a campaign of so many assignments; return seconds of each run: of all, of the lead alone.

    What it takes to start is that of a campaign in which each worker makes one assignment.
    """
    runs = runs_until(blocks) - runs_until(workers)
    whole, start = _seconds(system, blocks, workers), _seconds(system, workers, workers)
    return (whole[0] - start[0]) / runs, (whole[1] - start[1]) / runs


def _seconds(system: str, blocks: int, workers: int) -> tuple[float, float]:
    before, of_lead = _used(), process_time()
    plan = CampaignPlan((CampaignTarget(system),))
    with TemporaryDirectory() as folder, CampaignStore(Path(folder), is_new=True) as store:
        lead = CampaignLead(store, plan)
        with Bounded(workers, blocks) as team:
            for _ in lead.run(team, 0.0):
                pass
    return _used() - before, process_time() - of_lead


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
