"""The register of tests/aio under this scheduler and under its peers, in turns, in one process.

    python -m tests.bench.asyncio_peers --runs 60 --rounds 5

What is not installed is left out: simloom and detangle are on the package index, and the first needs
Python 3.12. Each run is one writer of two values and two readers of two, on three servers, until all
have ended. The figures are the best of the rounds, as what disturbs a machine makes it slower alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from counterpoint.harness.aio.given_node import Node
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from tests.aio.store import SERVERS, reader_of, register, server, writer_of


class Silent:
    """A reporter that tells nobody."""

    def began(self, operation: object) -> None:
        """Say nothing."""

    def returned(self, result: object) -> None:
        """Say nothing."""

    def left_open(self) -> None:
        """Say nothing."""

    def noted(self, what: object) -> None:
        """Say nothing."""


def programs() -> dict[str, Any]:
    """Return the programs of one run, by node."""
    clients = {"c0": writer_of(1, 2)} | {f"c{k}": reader_of(2, writes_back=True) for k in (1, 2)}
    return {**dict.fromkeys(SERVERS, server), **clients}


async def all_programs(spawn: Callable[[str, Any], Any]) -> None:
    """Run servers, and clients until they have ended."""
    nodes = programs()
    made = {name: Node(name, tuple(nodes), {}, Silent()) for name in nodes}
    servers = [spawn(name, nodes[name](made[name])) for name in SERVERS]
    await asyncio.sleep(0.01)
    clients = [spawn(name, nodes[name](made[name])) for name in nodes if name not in SERVERS]
    await asyncio.gather(*clients)
    for task in servers:
        task.cancel()


def ours(runs: int, seed: int) -> int:
    """Make so many runs, recorded and judged; return how many actions they had."""
    campaign = Campaign(register(), seed=seed)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    assert not campaign.findings
    return campaign.progress.steps


def simloom(runs: int, seed: int) -> int:
    """Make so many runs."""
    peer = import_module("simloom")

    async def main(world: Any) -> None:
        await all_programs(lambda name, program: world.host(name).spawn(lambda: program))

    for k in range(runs):
        peer.run(main, seed=seed * runs + k, raise_on_error=False, on_unhandled="record")
    return 0


def detangle(runs: int, seed: int) -> int:
    """Make so many runs."""
    peer = import_module("detangle")

    async def main() -> None:
        await all_programs(lambda name, program: peer.spawn(program, host=name))

    for k in range(runs):
        peer.execute(main, strategy=peer.strategies.RandomWalk(seed * runs + k))
    return 0


PEERS: dict[str, Callable[[int, int], int]] = {"simloom": simloom, "detangle": detangle}


def measured(
    make: Callable[[int, int], int], runs: int, rounds: int
) -> Iterator[tuple[float, int]]:
    """Yield seconds and actions of each round."""
    for seed in range(rounds):
        gc.collect()
        begun = time.process_time()
        actions = make(runs, seed)
        yield time.process_time() - begun, actions


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    there = {name: make for name, make in PEERS.items() if find_spec(name) is not None}
    for name, make in {"counterpoint": ours, **there}.items():
        seconds, actions = min(measured(make, given.runs, given.rounds))
        told = f", {actions / seconds:,.0f} actions/s" if actions else ""
        print(f"{name}: {given.runs / seconds:,.0f} runs/s{told}")


if __name__ == "__main__":
    main()
