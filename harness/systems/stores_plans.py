"""The scenarios that both causally consistent stores share: who asks what, what may go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from counterpoint.impl.stores.client import Idle, Moving, Waiting
from counterpoint.impl.stores.replica import StoreDeployment
from counterpoint.impl.stores.words import Await, Move, Read, StoreOperation, Write
from counterpoint.model.inert import quoted
from counterpoint.model.scenario import Budget, Calls, Tolerates, budgets
from counterpoint.model.values import NodeId, Value

Depends = Callable[[NodeId, Value], tuple[NodeId, ...]]

HOMES = (("alice", "s1"), ("bob", "s2"), ("carol", "s3"))
"""Who lives where."""


@dataclass(frozen=True)
class StorePlan:
    """What a scenario adds to a protocol. `has_moves`: clients may work with other servers."""

    calls: Calls
    limits: Mapping[str, Budget]
    walk_steps: tuple[int, int]
    min_calls_per_run: float
    pushes: bool = True
    has_moves: bool = False

    @property
    def deployment(self) -> StoreDeployment:
        """The servers, and the clients that ask anything."""
        homes = tuple((client, home) for client, home in HOMES if client in self.calls)
        return StoreDeployment(homes, pushes=self.pushes)


@dataclass(frozen=True)
class StoreOptions:
    """The settings of a scenario; `pushes` is None where the scenario has its own way."""

    pushes: bool | None = None
    calls: int = 4
    keys: int = 2
    seed: int = 1


FAULTS = budgets(delay=4, duplicate=2, cut=2)
"""What every store survives: messages that are late, or come twice, and partitions that heal."""


def default(options: StoreOptions) -> StorePlan:
    """Three clients write and read a few keys at their home servers; any fault."""
    return StorePlan(drawn(options), FAULTS, walk_steps=(20, 120), min_calls_per_run=8.0)


def drawn(options: StoreOptions) -> dict[NodeId, tuple[StoreOperation, ...]]:
    """Return so many calls of each client, about as many writes as reads, every value once."""
    random = Random(options.seed)
    keys = [chr(ord("x") + k) if k < 3 else f"k{k}" for k in range(options.keys)]
    calls: dict[NodeId, tuple[StoreOperation, ...]] = {}
    for client, _ in HOMES:
        kinds = random.sample(["write", "read"] * options.calls, options.calls)
        calls[client] = tuple(
            Write(random.choice(keys), f"{client[0]}{k}")
            if kind == "write"
            else Read(random.choice(keys))
            for k, kind in enumerate(kinds, start=1)
        )
    return calls


STORY: Calls = MappingProxyType(
    {
        "alice": (Write("lost", "ring"), Write("found", "ring")),
        "bob": (Await("found"), Write("glad", "bob")),
        "carol": (Read("glad"), Read("found")),
    }
)
"""Alice has lost a ring and finds it; Bob waits for that and is glad; what does Carol see?"""


def lost_found_glad(options: StoreOptions) -> StorePlan:
    """The demonstration: what Alice found and Bob's gladness race each other to server 3."""
    del options
    return StorePlan(STORY, budgets(delay=2), walk_steps=(10, 60), min_calls_per_run=5.0)


def small(options: StoreOptions) -> StorePlan:
    """The three writes of the demonstration and nothing else, so that every run can be explored."""
    del options
    calls = {client: STORY[client] for client in ("alice", "bob")}
    return StorePlan(calls, budgets(), walk_steps=(10, 40), min_calls_per_run=3.0, pushes=False)


def race(options: StoreOptions) -> StorePlan:
    """Three clients write the same key at once, and read it; small enough to be explored."""
    del options
    calls = {client: (Write("x", client), Read("x")) for client, _ in HOMES}
    return StorePlan(calls, budgets(), walk_steps=(10, 60), min_calls_per_run=5.0, pushes=False)


def partition(options: StoreOptions) -> StorePlan:
    """The network falls apart again and again while clients on all sides write and read."""
    limits = budgets(cut=Budget(4, at_once=2))
    return StorePlan(drawn(options), limits, walk_steps=(30, 150), min_calls_per_run=8.0)


def moving(options: StoreOptions) -> StorePlan:
    """Clients go to other servers and read there what they have written and read before."""
    del options
    calls: Calls = {
        "alice": (Write("x", "a1"), Move("s2"), Read("x"), Read("y")),
        "bob": (Write("y", "b1"), Move("s3"), Read("y"), Read("x")),
        "carol": (Write("x", "c1"), Move("s1"), Read("y"), Move("s3"), Read("x"), Read("y")),
    }
    # No cut: an update that it loses is not sent again, and a client that comes would wait for ever.
    limits = budgets(delay=4, duplicate=2)
    return StorePlan(calls, limits, walk_steps=(20, 140), min_calls_per_run=12.0, has_moves=True)


def wandering(options: StoreOptions) -> StorePlan:
    """An operator sends clients from server to server while they write and read."""
    limits = budgets(delay=3, duplicate=2, transform=3)  # no cut, as in `moving`
    return StorePlan(
        drawn(options), limits, walk_steps=(20, 150), min_calls_per_run=8.0, has_moves=True
    )


PLANS: Mapping[str, Callable[[StoreOptions], StorePlan]] = MappingProxyType(
    {
        "default": default,
        "lost_found_glad": lost_found_glad,
        "small": small,
        "race": race,
        "partition": partition,
        "moving": moving,
        "wandering": wandering,
    }
)

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {
        "default": "3 clients write and read 2 keys at their home servers; all faults",
        "lost_found_glad": "alice loses and finds, bob is glad, carol reads; the demonstration",
        "small": "the 3 writes of the demonstration, no fault, no pushes; explore all of it",
        "race": "3 clients write one key at once and read it; no fault, no pushes; explore all",
        "partition": "one server after the other is cut off with its client, and comes back",
        "moving": "clients move to other servers and read there what they know",
        "wandering": "an operator sends clients from server to server",
    }
)

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "pushes": "whether servers tell their clients of updates, yes or no (default: yes; "
        "no in small and race)",
        "calls": "calls of each client, 0 to 9 (default: 4; used where calls are drawn)",
        "keys": "how many keys are written, 1 to 9 (default: 2; used where calls are drawn)",
        "seed": "which calls are drawn (default: 1)",
    }
)


def plan_of(name: str, settings: Mapping[str, str]) -> StorePlan:
    """Return the plan of a scenario under these settings.

    Raises:
        ValueError: a setting has no good value.
    """
    options = options_of(settings)
    plan = PLANS[name](options)
    return plan if options.pushes is None else replace(plan, pushes=options.pushes)


def options_of(settings: Mapping[str, str]) -> StoreOptions:
    """Read the settings of a scenario.

    Raises:
        ValueError: a setting is not a number in its range, or neither yes nor no.
    """
    pushes = settings.get("pushes")
    if pushes not in (None, "yes", "no"):
        raise ValueError(f"setting pushes is {pushes!r}; it must be yes or no")
    usual = StoreOptions()
    return StoreOptions(
        None if pushes is None else pushes == "yes",
        _number(settings, "calls", range(10), usual.calls),
        _number(settings, "keys", range(1, 10), usual.keys),
        _number(settings, "seed", range(10**9), usual.seed),
    )


def _number(settings: Mapping[str, str], key: str, allowed: range, usual: int) -> int:
    text = settings.get(key, str(usual))
    if text.isdecimal() and int(text) in allowed:
        return int(text)
    raise ValueError(
        f"setting {key} is {quoted(text)}; it must be a whole number from {allowed[0]} to {allowed[-1]}"
    )


# ---- who depends on whom -------------------------------------------------------------------------


def sides(deployment: StoreDeployment) -> tuple[tuple[NodeId, ...], ...]:
    """Return the groups of nodes that may be cut off: each server with the clients at home there."""
    return tuple(
        (*(client for client, home in deployment.homes if home == server), server)
        for server in deployment.servers
    )


def role_of(node: NodeId, state: Value) -> str:
    """Return the role of a node: a server, or a client of one."""
    del node
    match state:
        case Idle(session) | Waiting(session) | Moving(session):
            return f"client of {session.server}"
        case _:
            return "server"


def survives(servers: tuple[NodeId, ...]) -> Tolerates:
    """Return the bound of a system that survives any of these servers silent."""

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        del roles
        return set(failed) <= set(servers)

    return tolerates


def at_home(plan: StorePlan) -> Depends:
    """Return who answers where one server alone does: the home, or whichever a client has gone to."""
    deployment = plan.deployment

    def depends_on(client: NodeId, operation: Value) -> tuple[NodeId, ...]:
        if plan.has_moves or isinstance(operation, Await):
            return (client, *deployment.servers)
        return (client, deployment.home(client))

    return depends_on


def on_all(plan: StorePlan) -> Depends:
    """Return who answers where a write needs all servers, and a read is answered at home."""
    alone = at_home(plan)

    def depends_on(client: NodeId, operation: Value) -> tuple[NodeId, ...]:
        if isinstance(operation, Read):
            return alone(client, operation)
        return (client, *plan.deployment.servers)

    return depends_on
