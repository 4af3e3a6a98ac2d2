"""The peers, each as a function that makes one run of some programs and returns what it complains of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Spawn = Callable[[str, Coroutine[Any, Any, Any]], Any]
"""Starts a coroutine at a host, and returns its task."""

Programs = Callable[[Spawn], Coroutine[Any, Any, None]]
"""What is run: it starts what it needs, and ends when the run is over."""

Peer = Callable[[Programs, int], str | None]
"""Makes the run of a seed; returns what the peer says is wrong, None if nothing is."""


def simloom(programs: Programs, seed: int) -> str | None:
    """Make one run."""
    peer = import_module("simloom")

    async def main(world: Any) -> None:
        await programs(lambda name, program: world.host(name).spawn(lambda: program))

    found = peer.run(main, seed=seed, raise_on_error=False)
    return None if found.error is None else repr(found.error)


def detangle(programs: Programs, seed: int) -> str | None:
    """Make one run."""
    peer = import_module("detangle")

    async def main() -> None:
        await programs(lambda name, program: peer.spawn(program, host=name))

    found = peer.execute(main, strategy=peer.strategies.RandomWalk(seed))
    return None if found.failure is None else str(found.failure)


def simloop(programs: Programs, seed: int) -> str | None:
    """Make one run; by its own defaults nothing takes any time on the network."""
    peer = import_module("simloop")

    async def main() -> None:
        network: Any = asyncio.get_running_loop().net  # type: ignore[attr-defined]
        network.set_defaults(latency=(0.001, 0.050))
        await programs(lambda name, program: network.host(name).create_task(program))

    try:
        found = peer.explore(main, [seed])
    except asyncio.CancelledError as error:  # of its own tearing down
        return repr(error)
    return None if found is None else str(found)


def seedloop(programs: Programs, seed: int) -> str | None:
    """Make one run; there are no streams."""
    peer = import_module("seedloop")

    async def main(_: Any) -> None:
        await programs(lambda _, program: asyncio.ensure_future(program))

    found = peer.check(main, seeds=[seed], on_failure="return")
    return None if found.error is None else repr(found.error)


PEERS: Mapping[str, Peer] = {
    "simloom": simloom,
    "detangle": detangle,
    "simloop": simloop,
    "seedloop": seedloop,
}

WITHOUT_STREAMS = ("seedloop",)


def installed() -> dict[str, Peer]:
    """Return the peers that are there."""
    return {name: peer for name, peer in PEERS.items() if find_spec(name) is not None}
