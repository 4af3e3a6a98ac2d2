"""The token manager in the catalog: its scenarios, what must hold in them, and its wrong variants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

from counterpoint.checkers.conservation import Copies, Payment, check_conservation
from counterpoint.checkers.history import Operation
from counterpoint.checkers.ledger import Ledger, check_ledger
from counterpoint.checkers.ledger_chains import Move
from counterpoint.checkers.liveness import check_liveness
from counterpoint.checkers.operations import Seen, operations_of
from counterpoint.harness.entry import Entry, Mutant
from counterpoint.harness.systems.token_console import CONSOLE
from counterpoint.impl.quorum import tolerated
from counterpoint.impl.token_manager import TokenManager
from counterpoint.impl.token_manager_deployment import Deployment
from counterpoint.impl.token_manager_rules import RIGHT, VARIANTS
from counterpoint.impl.token_manager_words import (
    NO_PAYEE,
    NO_TOKEN,
    NOT_OWNER,
    Asking,
    Begins,
    Collecting,
    GetTokens,
    Idle,
    Imposing,
    Joining,
    Keeps,
    Pay,
    Paying,
    Pays,
    Rejected,
    Reloads,
    Sealed,
    Serving,
    State,
    Transform,
)
from counterpoint.model.scenario import Budget, Property, Scenario, budgets
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict

Calls = Mapping[NodeId, tuple[Value, ...]]


# ---- what a run is made of -----------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What a scenario adds to the protocol: who asks what, and what may go wrong.

    `spare` is how many more servers may fail than the protocol survives: 0 by right.
    """

    deployment: Deployment
    calls: Calls
    limits: Mapping[str, Budget]
    steps: tuple[int, int]
    calls_floor: float
    spare: int = 0


@dataclass(frozen=True)
class Options:
    """The settings of a scenario; None where the scenario has a usual value of its own."""

    servers: int | None = None
    clients: int | None = None
    requests: int | None = None
    tokens: int | None = None
    seed: int = 1


def default(options: Options) -> Plan:
    """A small instance with everything in it: payments, snapshots, changes of role, all faults."""
    deployment = Deployment(options.clients or 5, options.servers or 3, options.tokens or 5)
    calls = drawn(deployment, options.requests or 3, Random(options.seed))
    return Plan(
        deployment,
        with_role_changes(deployment, calls),
        budgets(drop=3, duplicate=2, delay=3, omit=Budget(6), crash=2, transform=1, fire=6),
        steps=(40, 250),
        calls_floor=6.0,
    )


def snapshots(options: Options) -> Plan:
    """Two clients pay a third, and two others look: do all see the payments in one order?"""
    deployment = Deployment(5, options.servers or 3, options.tokens or 5)
    looks = (GetTokens(5),) * (options.requests or 1)
    calls = {"c1": (Pay(0, 5),), "c2": (Pay(1, 5),), "c3": looks, "c4": looks}
    return Plan(deployment, calls, budgets(delay=3), steps=(20, 60), calls_floor=3.0)


def joins(options: Options) -> Plan:
    """Two clients become servers while others pay and look: is all that was paid still there?"""
    deployment = Deployment(5, options.servers or 3, options.tokens or 5)
    looks = (GetTokens(2),) * (options.requests or 2)
    calls: Calls = {
        "c1": (Pay(0, 2), *looks),
        "c2": (Pay(0, 3), *looks),
        "c3": looks,
        "c4": (Transform(),),
        "c5": (Transform(),),
    }
    limits = budgets(drop=3, delay=4, omit=Budget(4), fire=2)
    return Plan(deployment, calls, limits, steps=(60, 200), calls_floor=4.0)


def drawn(deployment: Deployment, requests: int, random: Random) -> dict[NodeId, tuple[Value, ...]]:
    """Return so many requests of each client, most of which make sense one after the other.

    A payment in two is of a token that its payer would own if the requests came in the order in
    which they are drawn; now and then one is of any token.
    """
    owners = {token: deployment.first_owner(token) for token in range(deployment.tokens)}
    clients = deployment.owners[: deployment.clients]
    turns = [client for client in clients for _ in range(requests)]
    random.shuffle(turns)
    calls: dict[NodeId, tuple[Value, ...]] = dict.fromkeys(clients, ())
    for client in turns:
        me = deployment.number_of[client]
        to = random.randint(1, len(clients))
        mine = [token for token, owner in owners.items() if owner == me]
        if random.random() < 0.4:
            call: Value = GetTokens(to)
        elif mine and random.random() < 0.9:
            token = random.choice(mine)
            owners[token] = to
            call = Pay(token, to)
        else:
            call = Pay(random.randrange(deployment.tokens), to)
        calls[client] = (*calls[client], call)
    return calls


def with_role_changes(deployment: Deployment, calls: Calls) -> Calls:
    """Return the calls with some by the operator: the last clients join, the last server leaves."""
    clients = deployment.owners[: deployment.clients]
    servers = deployment.first_configuration.servers
    joining = clients[-2:] if len(clients) > 3 else clients[-1:]
    return {
        **calls,
        **{client: (*calls[client], Transform()) for client in joining},
        servers[-1]: (Transform(), GetTokens(1)),
    }


# ---- what must hold ------------------------------------------------------------------------------


def properties(deployment: Deployment) -> tuple[Property, ...]:
    """Return what must hold in every run, the best explanation first."""
    start = {token: deployment.first_owner(token) for token in range(deployment.tokens)}
    number_of = deployment.number_of
    ledger = Ledger(start, tuple(number_of.values()))

    def reading(node: NodeId, note: Value) -> Payment | Copies | None:
        match note:
            case Pays(payment):
                return Payment(number_of[node], payment)
            case Keeps(holdings):
                return Copies(holdings)
            case Begins(table):
                return Copies(table, is_all=True, is_new=True)
            case Reloads(table):
                return Copies(table, is_all=True)
        return None

    def view(call: Value, answer: Hashable) -> Seen | None:
        refusal = answer.why if isinstance(answer, Rejected) else None
        match call:
            case GetTokens(owner) if refusal is None:
                return Seen("get_tokens", None, owner, answer)
            case Pay(token, to) if refusal is None or refusal in (NOT_OWNER, NO_TOKEN, NO_PAYEE):
                return Seen("pay", None, (token, to), refusal or answer)
        return None  # refused by a server, or a call of the operator

    def conservation(trace: Trace) -> Verdict:
        return check_conservation(trace, start, reading)

    def linearizability(trace: Trace) -> Verdict:
        history = operations_of(trace, view)
        return check_ledger(tuple(map(as_move, history)), ledger)

    def as_move(operation: Operation) -> Operation:
        """Say who pays, which the ledger must know and the call need not say."""
        if operation.f != "pay":
            return operation
        assert isinstance(operation.argument, tuple)
        token, to = operation.argument
        return replace(operation, argument=Move(number_of[operation.client], token, to))

    def liveness(trace: Trace) -> Verdict:
        return check_liveness(trace)

    return (
        Property("conservation", conservation),
        Property("linearizability", linearizability),
        Property("liveness", liveness, reads="end"),
    )


def survives(spare: int = 0) -> Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]:
    """Return the bound on failures: a minority of the servers, and one client besides.

    The bound follows the roles. While roles change, those that come and go count as failures but
    not as servers: whichever change is granted next, a majority is well before it and after it.
    """

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        servers = sum(role == "server" for role in roles.values())
        failing = [roles[node] for node in failed]
        lost = sum(role in ("server", "joining", "leaving") for role in failing)
        bound = tolerated(max(servers, 1)) + spare
        return "directory" not in failing and failing.count("client") <= 1 and lost <= bound

    return tolerates


def role_of(node: NodeId, state: State) -> str:
    """Return the role of a node as reports show it."""
    del node
    match state:
        case Idle() | Asking() | Paying() | Collecting() | Imposing():
            return "client"
        case Joining():
            return "joining"
        case Serving(memory) | Sealed(memory):
            return "leaving" if memory.wishes else "server"
        case _:
            return "directory"


# ---- the catalog's entry -------------------------------------------------------------------------


def build(name: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
    """Build a scenario of the token manager, or of one of its wrong variants."""
    plan = PLANS[name](options_of(settings))
    rules = RIGHT if mutant is None else VARIANTS[mutant]
    right = plan.deployment
    deployment = Deployment(right.clients, right.servers, right.tokens, rules)
    return Scenario(
        name=name,
        system=TokenManager(deployment),
        calls=MappingProxyType(dict(plan.calls)),
        properties=properties(deployment),
        limits=plan.limits,
        tolerates=survives(plan.spare),
        role_of=role_of,
        steps=plan.steps,
        calls_floor=plan.calls_floor,
    )


def options_of(settings: Mapping[str, str]) -> Options:
    """Read the settings of a scenario.

    Raises:
        ValueError: a setting is not a number in its range.
    """
    return Options(
        servers=_number(settings, "servers", range(3, 8)),
        clients=_number(settings, "clients", range(1, 10)),
        requests=_number(settings, "requests", range(1, 1001)),
        tokens=_number(settings, "tokens", range(1, 1001)),
        seed=_number(settings, "seed", range(2**32)) or 1,
    )


def _number(settings: Mapping[str, str], key: str, allowed: range) -> int | None:
    text = settings.get(key)
    if text is None:
        return None
    if text.isdecimal() and int(text) in allowed:
        return int(text)
    raise ValueError(
        f"setting {key} is {text!r}; it must be a whole number from {allowed[0]} to {allowed[-1]}"
    )


PLANS: Mapping[str, Callable[[Options], Plan]] = MappingProxyType(
    {"default": default, "snapshots": snapshots, "joins": joins}
)

ENTRY = Entry(
    name="token_manager",
    summary="tokens that clients pay to each other, under omission faults and changes of role",
    build=build,
    scenarios={"default": "x", "snapshots": "x", "joins": "x"},
    mutants={name: Mutant("x", ("x",)) for name in VARIANTS},
    settings=dict.fromkeys(("servers", "clients", "requests", "tokens", "seed"), ""),
    console=CONSOLE,
)
