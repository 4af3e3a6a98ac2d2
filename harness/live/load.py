"""A process of clients: each makes calls, one after the other, until time is up.

The nodes that call run in this process, and write everything they do to their logs; so a history is
what really happened, by the one clock of the machine. A call that is not answered in time is given
up by a client whose system lets clients crash; in other systems it is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from counterpoint.harness.live.cluster import load_cluster
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.processes import collect_rarely, tie_to_parent
from counterpoint.impl.host.node import InputRejected, LogDepth
from counterpoint.impl.register.messages import Read as ReadToken
from counterpoint.impl.register.messages import Write as WriteToken
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.impl.stores.words import Read as ReadKey
from counterpoint.impl.stores.words import Write as WriteKey
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.words import GetTokens, Pay, Transform
from counterpoint.impl.transport.running_node import RunningNode
from counterpoint.impl.transport.user import Unreachable
from counterpoint.model.node import System
from counterpoint.model.values import NodeId, Value

OperationSource = Callable[[System[Any], NodeId, random.Random], Iterator[Value]]
"""What a client of a system asks for, one call after the other, for ever."""

KEYS = ("x", "y", "z")
CHANGERS = 2
"""So many clients of the token manager, the last ones, do nothing but change their roles."""

CHANGE_PACES = 6
"""So many times as long as after other calls they wait."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one process of clients does."""

    views: Mapping[NodeId, str]
    clients: tuple[NodeId, ...]
    logs: str
    seconds: float
    pace: float
    patience: float
    seed: int
    is_synced: bool = True
    log_depth: LogDepth = "everything"


# ---- what clients ask for ------------------------------------------------------------------------


def register_calls(system: System[Any], client: NodeId, lots: random.Random) -> Iterator[Value]:
    """The first client writes, all others read, each time at any reader."""
    assert isinstance(system, ReplicatedRegister), system
    token = system.access.tokens[0]
    number = 0
    while True:
        number += 1
        if client == system.clients[0]:
            yield WriteToken(token.id, f"v{number}", 0, 2, 4, token.writer)
        else:
            yield ReadToken(token.id, lots.choice(token.readers))


def token_calls(system: System[Any], client: NodeId, lots: random.Random) -> Iterator[Value]:
    """Payments and snapshots; the last two clients become servers and clients again."""
    assert isinstance(system, TokenManager), system
    here = system.deployment
    payers = range(1, here.clients - CHANGERS + 1)
    mine = here.number_of[client]
    while True:
        if mine not in payers:
            yield Transform()
        elif lots.random() < 0.1:
            # Not more often: a snapshot stores what it has seen, and so hides what a server lacks.
            yield GetTokens(lots.choice(payers))
        else:
            # Mostly a token that was this client's at first, now and then one that it was paid.
            own = [t for t in range(here.tokens) if here.first_owner(t) == mine]
            token = lots.choice(own) if lots.random() < 0.7 else lots.randrange(here.tokens)
            yield Pay(token, lots.choice(payers))


def store_calls(system: System[Any], client: NodeId, lots: random.Random) -> Iterator[Value]:
    """About as many writes as reads of a few keys; every value once."""
    del system
    number = 0
    while True:
        number += 1
        key = lots.choice(KEYS)
        yield WriteKey(key, f"{client}{number}") if lots.random() < 0.5 else ReadKey(key)


CALLS: Mapping[str, OperationSource] = MappingProxyType(
    {
        "register": register_calls,
        "token_manager": token_calls,
        "causal_deps": store_calls,
        "causal_lamport": store_calls,
    }
)

GIVES_UP = frozenset({"register"})
"""Systems in which a client whose call is not answered crashes and goes on; in others it waits."""


# ---- making the calls ----------------------------------------------------------------------------


async def run(load: Load) -> None:
    """Make calls until time is up, then wait for what is under way, but not for ever."""
    views = {name: Members(load_cluster(Path(view))) for name, view in load.views.items()}
    clients = {
        name: RunningNode(
            views[name].settings(
                name,
                log=Path(load.logs) / f"{name}.jsonl",
                log_depth=load.log_depth,
                is_synced=load.is_synced,
            )
        )
        for name in load.clients
    }
    try:
        for client in clients.values():
            await client.start()
        deadline = time.monotonic() + load.seconds
        counts = await asyncio.gather(
            *(_client(load, views[name], name, node, deadline) for name, node in clients.items()),
            *(_operator(load, views[name], name, deadline) for name in clients),
        )
        print(json.dumps({"completed": sum(counts)}), flush=True)
    finally:
        for client in clients.values():
            await client.stop()


async def _client(
    load: Load, members: Members, name: NodeId, node: RunningNode, deadline: float
) -> int:
    """Make the calls of one client, and return how many were answered."""
    lots = random.Random(f"{load.seed} {name}")
    gives_up = members.cluster.system in GIVES_UP
    completed = 0
    for operation in CALLS[members.cluster.system](members.system, name, lots):
        if time.monotonic() >= deadline:
            break
        patience = load.patience if gives_up else deadline + load.patience - time.monotonic()
        try:
            async with asyncio.timeout(patience):
                await node.call(operation)
            completed += 1
        except TimeoutError:
            if not gives_up:
                break
            node.crash()
        except InputRejected:
            pass
        pause = load.pace * CHANGE_PACES if isinstance(operation, Transform) else load.pace
        if pause:
            await asyncio.sleep(pause * lots.uniform(0.5, 1.5))
    return completed


async def _operator(load: Load, members: Members, name: NodeId, deadline: float) -> int:
    """Ask the first servers, too, to change their roles, now and then; the last client sees to it."""
    system = members.system
    if not isinstance(system, TokenManager) or name != f"c{system.deployment.clients}":
        return 0
    lots = random.Random(f"{load.seed} operator")
    servers = system.deployment.first_configuration.servers
    while time.monotonic() < deadline:
        await asyncio.sleep(load.pace * CHANGE_PACES * lots.uniform(0.5, 1.5) + 0.1)
        with contextlib.suppress(Unreachable, InputRejected, TimeoutError):
            user = await asyncio.wait_for(members.user_of(lots.choice(servers)), load.patience)
            try:
                await asyncio.wait_for(user.ask(Transform()), load.patience)
            finally:
                await user.close()
    return 0


def main() -> None:
    """Run the load that the first argument describes."""
    content = json.loads(sys.argv[1])
    content["clients"] = tuple(content["clients"])
    collect_rarely()
    loop = asyncio.new_event_loop()
    task = loop.create_task(run(Load(**content)))
    tie_to_parent(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        pass
    finally:
        loop.close()


if __name__ == "__main__":
    main()
