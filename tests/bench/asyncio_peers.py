"""One register under this scheduler and under its peers, in turns, in one process; what they promise.

    python -m tests.bench.asyncio_peers --fresh python3.12
    python -m tests.bench.asyncio_peers --runs 60 --rounds 5

`--fresh` makes an environment of that Python that is thrown away, installs the peers from the package
index and measures there; without it what is not installed is left out. simloom and simloop need Python
3.12. Each run is one writer of two values and two readers of two, on three servers, until all clients
have ended; under this scheduler until nothing is left to happen. seedloop has a transport of its own in
place of streams, so that it is asked the two questions about asyncio alone.

- runs/s: by processor time, the best of the rounds, as what disturbs a machine makes it slower alone.
- judged: the same, with the calls and answers of each run written down and judged by one and the same
  check of linearizability, which ours always are.
- noise: of how many runs of this right register it is told that they failed.
- one seed: how many outcomes 100 runs of one seed have, of a program that waits for a set of tasks.
- order: how many of 100 seeds break a program that relies on the order that asyncio promises.
- found: after how many runs a read without a write-back breaks a history, and how many seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import Any

from counterpoint.aio import scenario
from counterpoint.harness.aio.given_node import Node
from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.aio.store import SERVERS, reader_of, register, server, writer_of
from tests.bench.fresh import in_fresh_environment
from tests.bench.peers_of_asyncio import PEERS, WITHOUT_STREAMS, Peer, Spawn, installed

FOUND_MAX = 3_000
"""After so many runs a peer is asked no more for the bug."""

FOUND_ROUNDS = 5
"""Of so many searches the one in the middle is told, of ours; peers search once."""

SEEDS = 100

RIGHT = register()


class Reporter:
    """Writes down what one node calls and is answered, or nothing."""

    def __init__(self, node: str, seen: list[Observation] | None) -> None:
        self._node, self._seen = node, seen

    def _note(self, kind: Any, value: Any) -> None:
        if self._seen is not None:
            self._seen.append(Observation(kind, self._node, value))

    def began(self, operation: Any) -> None:
        """Note a call."""
        self._note("invoke", operation)

    def returned(self, result: Any) -> None:
        """Note its answer."""
        self._note("return", result)

    def left_open(self) -> None:
        """Note that nobody knows what came of it."""
        self._note("return", GaveUp())

    def noted(self, what: Any) -> None:
        """Note anything else."""
        self._note("note", what)


async def all_nodes(spawn: Spawn, seen: list[Observation] | None, *, writes_back: bool) -> None:
    """Run servers, and clients until they have ended."""
    reader = reader_of(2, writes_back=writes_back)
    clients: dict[str, Any] = {"c0": writer_of(1, 2), "c1": reader, "c2": reader}
    names = (*SERVERS, *clients)

    def node(name: str) -> Node:
        return Node(name, names, {}, Reporter(name, seen))

    servers = [spawn(name, server(node(name))) for name in SERVERS]
    await asyncio.sleep(0.01)
    await asyncio.gather(*[spawn(name, client(node(name))) for name, client in clients.items()])
    for task in servers:
        task.cancel()


def is_broken(seen: list[Observation]) -> bool:
    """Tell whether a history is not linearizable."""
    return answer_of(RIGHT.properties[0], history_trace(RIGHT, seen)).is_broken


def runs_of(peer: Peer, runs: int, seed: int, *, judged: bool) -> int:
    """Make so many runs of the right register; return of how many it was told that they failed."""
    noise = 0
    for k in range(runs):
        seen: list[Observation] | None = [] if judged else None
        noise += peer(partial(all_nodes, seen=seen, writes_back=True), seed * runs + k) is not None
        if seen is not None:
            assert not is_broken(seen), "a history of the right register is broken"
    return noise


def finds(peer: Peer, seconds_max: float) -> str:
    """Say after how many runs, and seconds, the register without write-back breaks a history."""
    begun = time.process_time()
    for k in range(FOUND_MAX):
        seen: list[Observation] = []
        peer(partial(all_nodes, seen=seen, writes_back=False), k)
        took = time.process_time() - begun
        if is_broken(seen):
            return f"found after {k + 1:,} runs, {took:.1f} s"
        if took > seconds_max:
            break
    return f"not found in {k + 1:,} runs, {took:.0f} s"


# ---- what asyncio promises, and what a seed does -------------------------------------------------


async def waits_for_a_set(told: list[int]) -> None:
    """Tell in which order a set of tasks is gone through."""

    async def one(k: int) -> int:
        await asyncio.sleep(0)
        return k

    done, _ = await asyncio.wait({asyncio.ensure_future(one(k)) for k in range(20)})
    told.extend(task.result() for task in done)


async def relies_on_order(told: list[int]) -> None:
    """Tell in which order tasks begin that were made one after the other."""

    async def one(k: int) -> None:
        told.append(k)

    await asyncio.gather(*[asyncio.ensure_future(one(k)) for k in range(10)])


Told = Callable[[list[int]], Any]


def told_by(peer: Peer, program: Told, seed: int) -> tuple[int, ...]:
    """Return what a program tells in the run of a seed."""
    told: list[int] = []

    async def programs(spawn: Spawn) -> None:
        await spawn("n", program(told))

    peer(programs, seed)
    return tuple(told)


def ours_told(program: Told, seed: int) -> tuple[int, ...]:
    """Return what a program tells in a run of ours."""
    told: list[int] = []

    async def node(given: Node) -> None:
        told.clear()
        await program(told)
        given.note(*told)

    search(Campaign(scenario(nodes={"n": node}, answers=False), seed=seed), 1)
    return tuple(told)


def questions(tell: Callable[[Told, int], tuple[int, ...]]) -> str:
    """Return how many outcomes one seed has, and how many seeds change asyncio's own order."""
    outcomes, kept = set(), []
    for k in range(SEEDS):
        kept.append([object() for _ in range(k % 17)])  # another heap for each run
        outcomes.add(tell(waits_for_a_set, 1))
    broken = sum(tell(relies_on_order, seed) != tuple(range(10)) for seed in range(SEEDS))
    return f"one seed {len(outcomes)} outcomes, order broken by {broken} seeds"


# ---- measuring -----------------------------------------------------------------------------------


def search(campaign: Campaign, runs: int) -> Campaign:
    """Make so many runs."""
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


def ours(runs: int, seed: int) -> tuple[int, int]:
    """Make so many runs, recorded and judged; return how many failed, and their actions."""
    campaign = search(Campaign(RIGHT, seed=seed), runs)
    return campaign.failing_runs, campaign.progress.steps


def ours_finds() -> str:
    """Say after how many runs, and seconds, the register without write-back is found broken."""
    searches = []
    for seed in range(FOUND_ROUNDS):
        begun = time.process_time()
        given = register(writes_back=False)
        campaign = search(Campaign(given, seed=seed, findings_max=1), FOUND_MAX)
        searches.append((campaign.progress.runs, time.process_time() - begun))
    runs, took = sorted(searches)[FOUND_ROUNDS // 2]
    return f"found after {runs:,} runs, {took:.1f} s"


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor time of some work."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def best_rates(runs: int, rounds: int) -> dict[str, float]:
    """Return the runs a second of everybody, bare and judged, measured in turns."""
    works: dict[str, Callable[[int], object]] = {"counterpoint": partial(ours, runs)}
    for name, peer in installed().items():
        if name not in WITHOUT_STREAMS:
            for word, judged in ((name, False), (f"{name} judged", True)):
                works[word] = partial(_peer_runs, peer, runs, judged)
    best = dict.fromkeys(works, float("inf"))
    for seed in range(rounds):
        for word, work in works.items():
            best[word] = min(best[word], seconds_of(partial(work, seed)))
    return {word: runs / seconds for word, seconds in best.items()}


def _peer_runs(peer: Peer, runs: int, judged: bool, seed: int) -> int:
    return runs_of(peer, runs, seed, judged=judged)


def measure(runs: int, rounds: int, seconds_max: float) -> None:
    """Print a line for each."""
    sys.unraisablehook = lambda _: None  # what peers leave to the collector
    print(f"{date.today()}, Python {platform.python_version()}, {runs} runs, {rounds} rounds")
    rates = best_rates(runs, rounds)
    failing, actions = ours(runs, 1)
    rate = rates["counterpoint"]
    print(
        f"counterpoint: {rate:,.0f} runs/s, judged, {rate * actions / runs:,.0f} actions/s; "
        f"noise in {failing} of {runs}; {ours_finds()}; {questions(ours_told)}"
    )
    for name, peer in installed().items():
        line = f"{name} {version(name)}: "
        if name not in WITHOUT_STREAMS:
            bare, judged = rates[name], rates[f"{name} judged"]
            line += (
                f"{bare:,.0f} runs/s, judged {judged:,.0f}, ours are {rate / bare:.1f} and "
                f"{rate / judged:.1f} times; noise in {runs_of(peer, runs, 1, judged=False)} of "
                f"{runs}; {finds(peer, seconds_max)}; "
            )
        print(line + questions(partial(told_by, peer)))


def main() -> None:
    """Measure here, or where everything is installed for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--search-seconds", type=float, default=60.0, help="so long a peer looks for the bug"
    )
    parser.add_argument("--fresh", metavar="PYTHON", help="in an environment that is thrown away")
    given = parser.parse_args()
    if given.fresh is None:
        measure(given.runs, given.rounds, given.search_seconds)
        return
    again = ["-m", "tests.bench.asyncio_peers"]
    again += ["--runs", str(given.runs), "--rounds", str(given.rounds)]
    again += ["--search-seconds", str(given.search_seconds)]
    sys.exit(in_fresh_environment(given.fresh, tuple(PEERS), again))


if __name__ == "__main__":
    main()
