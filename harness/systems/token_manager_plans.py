"""The scenarios of the token manager: who asks what, and what may go wrong meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from counterpoint.impl.token_manager.deployment import Deployment
from counterpoint.impl.token_manager.words import GetTokens, Holding, Pay, TokenStatus, Transform
from counterpoint.model.scenario import Budget, Calls, budgets
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True)
class TokenPlan:
    """What a scenario adds to the protocol: who asks what, and what may go wrong.

    `spare` is how many more servers may fail than the protocol survives: 0 by right.
    """

    deployment: Deployment
    calls: Calls
    limits: Mapping[str, Budget]
    walk_steps: tuple[int, int]
    min_calls_per_run: float
    spare: int = 0
    partitions: tuple[tuple[NodeId, ...], ...] = ()
    half_way: tuple[tuple[NodeId, Holding], ...] = ()


@dataclass(frozen=True)
class TokenOptions:
    """The settings of a scenario; None where the scenario has a usual value of its own."""

    servers: int | None = None
    clients: int | None = None
    requests: int | None = None
    tokens: int | None = None
    seed: int = 1


# ---- everything at once --------------------------------------------------------------------------


def default(options: TokenOptions) -> TokenPlan:
    """A small instance with everything in it: payments, snapshots, changes of role, all faults."""
    clients = options.clients or 5
    deployment = Deployment(clients, options.servers or 4, options.tokens or clients)
    calls = drawn(deployment, options.requests or 3, Random(options.seed))
    limits = budgets(drop=3, duplicate=2, delay=3, omit=6, crash=2, transform=1, fire=6)
    return TokenPlan(deployment, with_role_changes(deployment, calls), limits, (40, 250), 6.0)


def full(options: TokenOptions) -> TokenPlan:
    """Six clients and sixty tokens; requests at random, all faults, three nodes change roles."""
    deployment = Deployment(options.clients or 6, options.servers or 5, options.tokens or 60)
    requests = options.requests or 6
    calls = drawn(deployment, requests, Random(options.seed))
    total = requests * deployment.clients
    limits = budgets(drop=9, duplicate=6, delay=9, omit=20, crash=4, transform=3, fire=40)
    return TokenPlan(
        deployment,
        with_role_changes(deployment, calls),
        limits,
        (10 * total, 30 * total),
        min_calls_per_run=total / 2,
    )


def drawn(deployment: Deployment, requests: int, random: Random) -> Calls:
    """Return so many requests of each client, most of which make sense one after the other.

    Three in five are payments, most of a token that the payer would own if the requests came in the
    order in which they are drawn; now and then one is of any token.
    """
    owners = {token: deployment.first_owner(token) for token in range(deployment.tokens)}
    clients = deployment.owners[: deployment.clients]
    turns = [client for client in clients for _ in range(requests)]
    random.shuffle(turns)
    calls: dict[NodeId, tuple[Value, ...]] = dict.fromkeys(clients, ())
    for client in turns:
        to = random.randint(1, len(clients))
        mine = [token for token, owner in owners.items() if owner == deployment.number_of[client]]
        call: Value = GetTokens(to)
        if random.random() < 0.6:
            token = random.choice(mine) if mine else random.randrange(deployment.tokens)
            call = Pay(token, to)
            if token in mine:
                owners[token] = to
        calls[client] = (*calls[client], call)
    return calls


def with_role_changes(deployment: Deployment, calls: Calls) -> Calls:
    """Return the calls with some by the operator: the last two clients join, the last server leaves.

    A server that has left asks as a client; one that stays shows its table.
    """
    joining = deployment.owners[: deployment.clients][-2:]
    *staying, leaving = deployment.first_configuration.servers
    return {
        **calls,
        **{client: (*calls[client], Transform()) for client in joining},
        staying[0]: (TokenStatus(),),
        leaving: (Transform(), GetTokens(1), GetTokens(2)),
    }


# ---- one danger each -----------------------------------------------------------------------------


def snapshots(options: TokenOptions) -> TokenPlan:
    """Two payments to one owner are half-way, and two clients look: do both see them in one order?"""
    deployment = Deployment(5, options.servers or 3, options.tokens or 5)
    looks = (GetTokens(5),) * (options.requests or 1)
    half_way = (("c1", Holding(0, 2, 5)), ("c2", Holding(1, 2, 5)))
    calls: Calls = {"c3": looks, "c4": looks}
    return TokenPlan(deployment, calls, budgets(delay=3), (15, 50), 2.0, half_way=half_way)


def contested(options: TokenOptions) -> TokenPlan:
    """One token goes round between three clients that are quick to ask again, and that crash."""
    deployment = Deployment(3, options.servers or 3, options.tokens or 3)
    calls: Calls = {
        "c1": (Pay(0, 2), Pay(0, 3), Pay(0, 2)),
        "c2": (Pay(0, 3), Pay(0, 1), Pay(0, 3)),
        "c3": (Pay(0, 1), Pay(0, 2)),
    }
    limits = budgets(duplicate=4, drop=3, crash=2, fire=8)
    return TokenPlan(deployment, calls, limits, (40, 120), min_calls_per_run=4.0)


def joins(options: TokenOptions) -> TokenPlan:
    """Two clients become servers while two pay each other; the network parts, and heals."""
    deployment = Deployment(4, options.servers or 3, options.tokens or 8)
    calls: Calls = {
        "c1": (Pay(0, 2), Pay(4, 2), Pay(0, 2), Pay(4, 2)),
        "c2": (Pay(1, 1), Pay(5, 1), Pay(0, 1), Pay(4, 1)),
        "c3": (Transform(),),
        "c4": (Transform(),),
    }
    return _parted(deployment, calls, (60, 160))


def _parted(deployment: Deployment, calls: Calls, steps: tuple[int, int]) -> TokenPlan:
    """Cut off the first client alone, or together with a majority of the first servers."""
    first = deployment.first_configuration.servers
    sides = (("c1",), ("c1", *first[: len(first) // 2 + 1]))
    limits = budgets(cut=Budget(3, at_once=1))
    return TokenPlan(deployment, calls, limits, steps, min_calls_per_run=4.0, partitions=sides)


AGAIN_AND_AGAIN = (Pay(0, 2), Pay(0, 3)) * 2
"""What a client asks that tries to pay one token twice."""


def paid_twice(options: TokenOptions) -> TokenPlan:
    """One client pays a token, and tries to pay it again and again: only the first time it may."""
    deployment = Deployment(2, options.servers or 3, options.tokens or 1)
    limits = budgets(duplicate=4, drop=3, crash=2, fire=8)
    return TokenPlan(deployment, {"c1": AGAIN_AND_AGAIN}, limits, (30, 90), min_calls_per_run=3.0)


def newcomer(options: TokenOptions) -> TokenPlan:
    """As `paid_twice`, while another client becomes a server: a majority is one server more."""
    deployment = Deployment(2, options.servers or 3, options.tokens or 1)
    calls: Calls = {"c1": AGAIN_AND_AGAIN, "c2": (Transform(),)}
    return TokenPlan(deployment, calls, {}, (30, 90), min_calls_per_run=3.0)


def succession(options: TokenOptions) -> TokenPlan:
    """As `newcomer`, and then the last server leaves: a majority need not have been one before."""
    plan = newcomer(options)
    *_, leaving = plan.deployment.first_configuration.servers
    calls = {**plan.calls, leaving: (Transform(),)}
    return TokenPlan(plan.deployment, calls, {}, (40, 120), min_calls_per_run=4.0)


def left_behind(options: TokenOptions) -> TokenPlan:
    """As `succession`, while the newcomer and the first server are cut off from everybody else.

    Those two are a majority in the end, the other two servers were one in the beginning. Each token
    is paid to the server that leaves, which pays it back once it is a client.
    """
    deployment = Deployment(2, options.servers or 3, options.tokens or 8)
    *staying, leaving = deployment.first_configuration.servers
    mine = range(0, min(deployment.tokens, 8), 2)
    calls: Calls = {
        "c1": tuple(Pay(token, deployment.number_of[leaving]) for token in mine),
        "c2": (Transform(),),
        leaving: (Transform(), *(Pay(token, 1) for token in mine)),
    }
    limits = budgets(cut=Budget(3, at_once=1))
    sides = (("c2", *staying[: len(staying) // 2]),)
    return TokenPlan(deployment, calls, limits, (80, 140), min_calls_per_run=4.0, partitions=sides)


def too_many_silent(options: TokenOptions) -> TokenPlan:
    """One server more is silent than the protocol survives: the bound on failures is tight."""
    deployment = Deployment(2, options.servers or 3, options.tokens or 2)
    calls: Calls = {"c1": (Pay(0, 2), GetTokens(1)), "c2": (GetTokens(2), Pay(1, 1))}
    return TokenPlan(deployment, calls, budgets(omit=6), (10, 60), min_calls_per_run=0.5, spare=1)


PLANS: Mapping[str, Callable[[TokenOptions], TokenPlan]] = MappingProxyType(
    {
        "default": default,
        "full": full,
        "snapshots": snapshots,
        "contested": contested,
        "paid_twice": paid_twice,
        "joins": joins,
        "newcomer": newcomer,
        "succession": succession,
        "left_behind": left_behind,
        "too_many_silent": too_many_silent,
    }
)
