"""How fast runs are made: random walks with checking, against the reference world; minimising."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from time import process_time
from typing import get_args

from counterpoint.harness.catalog import build
from counterpoint.model.scenario import Network, Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Minimiser
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.strategy import StrategyName
from counterpoint.model.search.walks.walk import walk
from tests.bench.measure import COMMAND, Figure, process_seconds, seconds
from tests.support.flood import flood

RUNS = 3_000
BOUNDED_RUNS = 2_000


def small_register() -> Scenario:
    """3 readers, 1 writer, 2 reading clients: 20 to 40 deliveries a run."""
    small = build("register", settings={"writes": "1", "reads": "1"})
    return small.replace(limits={}, walk_steps=(15, 40))


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    scenario = small_register()
    strategies: tuple[StrategyName, ...] = ("uniform", "swarm", "pct")
    for strategy in strategies:
        compiled = Compiled(scenario)
        examiner = Examiner(compiled)
        deliveries = _walks(compiled, examiner, strategy, 500)

        def work(
            strategy: StrategyName = strategy,
            compiled: Compiled = compiled,
            examiner: Examiner = examiner,
        ) -> None:
            _walks(compiled, examiner, strategy, RUNS)

        rate = RUNS / seconds(work)
        note = f"{deliveries / 500:.0f} deliveries a run, checked"
        yield Figure(f"{strategy} walks of the register", rate, "runs/s", ">= 5,000", note)
    yield from _steps()
    yield from _in_flight()
    yield from _bounded()
    yield _ratio(scenario)
    yield from _minimising()


STEP_AIMS = {"register": (5, 3_000), "token_manager": (9, 200), "causal_deps": (21, 700)}
"""Of each system: microseconds for a step of its default search, half of what it once took; and runs."""


def _steps() -> Iterator[Figure]:
    """What a step takes in the default search of a system, and how much of it is judging."""
    for system, (aim, runs) in STEP_AIMS.items():
        microseconds, share = judged_step(system, runs)
        yield Figure(f"a step of {system}, all faults, judged", microseconds, "us", f"<= {aim}")
        yield Figure(f"judging histories of {system}", share, "%", "<= 15", f"{runs} runs a round")


def judged_step(system: str, runs: int, rounds: int = 4) -> tuple[float, float]:
    """Return the microseconds of a step, and the percentage for judging histories.

    Pairs of searches on the same seeds in turns, with the properties of histories and without them.
    """
    judged = build(system)
    others = tuple(p for p in judged.properties if p.reads != "operations")
    took, steps = {True: 0.0, False: 0.0}, 0
    for seed in range(rounds):
        for is_judged in (seed % 2 == 0, seed % 2 == 1):
            scenario = judged if is_judged else judged.replace(properties=others)
            campaign = Campaign(scenario, seed=seed)
            start = process_time()
            for _ in campaign.search(Budgets(runs=runs)):
                pass
            took[is_judged] += process_time() - start
            steps += campaign.progress.steps * is_judged
    return 1e6 * took[True] / steps, 100 * (1 - took[False] / took[True])


def _in_flight() -> Iterator[Figure]:
    """What a step costs where many messages are in flight, by strategy and network."""
    for network in get_args(Network):
        for strategy in ("uniform", "swarm", "pct"):
            few, many = (step_seconds(strategy, network, messages) for messages in (10, 160))
            name = f"a step of {strategy} with 640 messages in flight, {network}"
            aim = f"<= {few * 1e6:.1f}" if strategy == "pct" else ""
            yield Figure(name, many * 1e6, "us", aim, f"{few * 1e6:.1f} us with 40")


def step_seconds(strategy: StrategyName, network: Network, messages: int) -> float:
    """Return what a step takes after a flood of so many messages to each of four nodes."""
    steps = 4 * messages
    scenario = flood(4, messages, network).replace(walk_steps=(steps, steps))
    compiled = Compiled(scenario)
    return seconds(lambda: [walk(compiled, Random(n), strategy) for n in range(3)]) / (3 * steps)


def _bounded() -> Iterator[Figure]:
    """Whole processes that make the same runs, in turns: one may fill 90 MB, one a quarter of all."""
    took = {"0.09": 0.0, "64": 0.0}
    for memory in ("64", "0.09", "0.09", "64"):
        arguments = ("token_manager", "--runs", str(BOUNDED_RUNS), "--memory", memory)
        took[memory] += process_seconds(["-c", COMMAND, "fuzz", *arguments], rounds=1)
    lost = 100 * (took["0.09"] / took["64"] - 1)
    note = f"{BOUNDED_RUNS} runs of the token manager within 90 MB"
    yield Figure("time lost to memory for 40 MB of tables", lost, "%", "", note)


def _walks(compiled: Compiled, examiner: Examiner, strategy: StrategyName, runs: int) -> int:
    deliveries = 0
    for number in range(runs):
        walked = walk(compiled, Random(number), strategy)
        assert examiner.broken(walked.run, walked.failure) is None
        deliveries += sum(choice.kind == "deliver" for choice in walked.run.choices)
    return deliveries


def _ratio(scenario: Scenario) -> Figure:
    compiled = Compiled(scenario)
    choices = [walk(compiled, Random(n), "uniform").run.choices for n in range(200)]
    fast = seconds(lambda: [walk(compiled, Random(n), "uniform") for n in range(200)])
    slow = seconds(lambda: [run_reference(scenario, chosen) for chosen in choices])
    return Figure("reference world / compiled walk, same runs", slow / fast, "times")


def _minimising() -> Iterator[Figure]:
    for mutant in ("B1", "B4", "B6"):
        campaign = Campaign(build("register", mutant=mutant), seed=1)
        for _ in campaign.search(Budgets(runs=20_000)):
            pass
        compiled = Compiled(campaign.scenario)
        minimiser = Minimiser(compiled, Examiner(compiled))
        finding = campaign.findings[0]
        took = seconds(lambda m=minimiser, f=finding: m.minimise(f.choices, f.property))  # type: ignore[misc]
        found, least = (
            len(finding.choices),
            len(minimiser.minimise(finding.choices, finding.property).choices),
        )
        yield Figure(
            f"minimising {mutant}", took * 1e3, "ms", "<= 1,000", f"{found} -> {least} steps"
        )
