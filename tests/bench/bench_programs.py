"""How fast runs of asyncio programs are made: recorded, judged, on until nothing is left to happen.

A peer that does less is compared in `tests.bench.asyncio_peers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from docs.gallery import async_register, cache, job_queue

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.aio.store import register
from tests.aio.test_exploration import reads_then_writes, updates
from tests.bench.measure import Figure, seconds

RUNS = 300
SERVICES: dict[str, Callable[[], Scenario]] = {
    "async register of the gallery": async_register.scenario,
    "job queue of the gallery": job_queue.scenario,
    "cache of the gallery": cache.scenario,
    "register of 3 clients": register,
}


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    for name, make in SERVICES.items():
        steps = _steps(make())
        rate = steps / seconds(lambda make=make: _steps(make()), rounds=5)  # type: ignore[misc]
        note = f"{RUNS * rate / steps:,.0f} runs/s of {steps / RUNS:.0f} actions"
        yield Figure(f"actions of the {name}", rate, "actions/s", ">= 15,000", note)
    yield Figure("a missing write-back, found", seconds(_finding), "s", "<= 1")
    runs = sum(1 for _ in _reduced())
    took = seconds(lambda: sum(1 for _ in _reduced()))
    yield Figure(
        "runs of a lost update, one of each class", runs / took, "runs/s", "", f"{runs} runs"
    )


def _steps(scenario: Scenario) -> int:
    """Make some runs, judged as any search does it; return how many actions they had."""
    campaign = Campaign(scenario, seed=1)
    for _ in campaign.search(Budgets(runs=RUNS)):
        pass
    assert not campaign.findings, "what is right was found wrong"
    return campaign.progress.steps


def _finding() -> None:
    campaign = Campaign(register(writes_back=False), seed=1, findings_max=1)
    for _ in campaign.search(Budgets(runs=2_000)):
        pass
    assert campaign.findings, "a read without a write-back was not found"


def _reduced() -> Iterator[object]:
    scenario = updates(reads_then_writes, reads_then_writes).replace(properties=())
    return Reducer(scenario, real_time=True).runs()
