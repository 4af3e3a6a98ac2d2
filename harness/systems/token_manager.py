"""The token manager in the catalog: what must hold in its scenarios, and its wrong variants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from counterpoint.checkers.conservation import (
    ConservationObserver,
    Copies,
    Payment,
    check_conservation,
)
from counterpoint.checkers.conservation_cuts import check_paths
from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.ledger.chains import Move
from counterpoint.checkers.ledger.check import TokenLedger, check_ledger
from counterpoint.checkers.linearizability.observers import LinearizabilityObserver
from counterpoint.checkers.liveness import check_liveness
from counterpoint.checkers.operations import Seen, Translated, operations_of
from counterpoint.harness.entry import CatalogEntry, Mutant
from counterpoint.harness.systems.token_console import CONSOLE
from counterpoint.harness.systems.token_glance import (
    CONSERVATION,
    LINEARIZABILITY,
    TokenGlance,
)
from counterpoint.harness.systems.token_manager_plans import PLANS, TokenOptions
from counterpoint.harness.systems.token_manager_small import SMALL
from counterpoint.impl.quorum import tolerated
from counterpoint.impl.token_manager.deployment import Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS
from counterpoint.impl.token_manager.states import (
    Asking,
    Collecting,
    Idle,
    Imposing,
    Joining,
    Paying,
    Sealed,
    Serving,
    TokenState,
)
from counterpoint.impl.token_manager.words import (
    NO_PAYEE,
    NO_TOKEN,
    NOT_OWNER,
    TIMED_OUT,
    Begins,
    Finish,
    GetTokens,
    Holding,
    Keeps,
    Pay,
    Pays,
    Rejected,
    Reloads,
)
from counterpoint.model.inert import quoted
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.scenario import Property, Scenario, first_word
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import World

# ---- what must hold ------------------------------------------------------------------------------


def properties(
    deployment: Deployment, half_way: tuple[tuple[NodeId, Holding], ...] = ()
) -> tuple[Property, ...]:
    """Return what must hold in every run, the best explanation first."""
    start = start_of(deployment)
    ledger = TokenLedger(start, tuple(deployment.number_of.values()))

    def conservation(trace: Trace) -> Verdict:
        verdict = check_conservation(trace, start, reading_of(deployment))
        if verdict.is_broken or not trace.worlds:
            return verdict  # fast walks tell what was noted, and not what happened before what
        cuts = check_paths(trace, start, reading_of(deployment), name=verdict.property)
        return cuts if cuts.is_broken else verdict

    def linearizability(trace: Trace) -> Verdict:
        return check_ledger(history_of(deployment, trace), ledger)

    books = ConservationObserver(start, reading_of(deployment))
    calls = ledger_watch(deployment, ledger, frozenset(payment for _, payment in half_way))
    glance = TokenGlance(start, ledger, deployment.number_of, reading_of(deployment))
    seen_at = None if half_way else glance
    return (
        Property(CONSERVATION, conservation, observer=books, glance=seen_at),
        Property(LINEARIZABILITY, linearizability, observer=calls, glance=seen_at),
        Property("liveness", partial(check_liveness, waits_for=waits_for), reads="end"),
    )


def ledger_watch(
    deployment: Deployment, ledger: TokenLedger, half_way: frozenset[Holding]
) -> Observer:
    """Return the ledger as an automaton, which is told of payments with the number of the payer.

    As in `view_of`, a payment that was half-way before the run is called by being finished.
    """

    def with_payer(seen: Observation) -> Observation | None:
        number = deployment.number_of.get(seen.node)
        if seen.kind != "invoke" or number is None:
            return seen
        match seen.value:
            case Pay(token, to):
                return replace(seen, value=Move(number, token, to))
            case Finish(Holding(token, _, to) as payment) if payment in half_way:
                return replace(seen, value=Move(number, token, to))
            case _:
                return seen

    def view_here(call: Value, answer: Hashable) -> Seen | None:
        if not isinstance(call, Move):
            return view(call, answer)
        assert isinstance(call.to, int), f"{call.to!r} is no owner of the token manager"
        looks = view(Pay(call.token, call.to), answer)
        return None if looks is None else looks._replace(argument=call)

    return Translated(LinearizabilityObserver(ledger, view_here), with_payer)


def start_of(deployment: Deployment) -> dict[int, int]:
    """Return the owner of version 1 of each token."""
    return {token: deployment.first_owner(token) for token in range(deployment.tokens)}


def reading_of(deployment: Deployment) -> Callable[[NodeId, Value], Payment | Copies | None]:
    """Return how the checkers of conservation read the notes of a run."""
    number_of = deployment.number_of

    def reading(node: NodeId, note: Value) -> Payment | Copies | None:
        match note:
            case Keeps(holdings):
                return Copies(holdings)
            case Pays(payment):
                return Payment(number_of[node], payment)
            case Begins(table):
                return Copies(table, is_all=True, is_new=True)
            case Reloads(table):
                return Copies(table, is_all=True)
        return None

    return reading


def history_of(deployment: Deployment, trace: Trace) -> History:
    """Return the payments and snapshots of a run as the checker of the ledger knows them."""
    number_of = deployment.number_of
    return tuple(
        replace(op, argument=Move(number_of[op.client], *op.argument))
        if isinstance(op.argument, tuple)
        else op
        for op in operations_of(trace, view_of(trace))
    )


def view_of(trace: Trace) -> Callable[[Value, Hashable], Seen | None]:
    """Return how the calls of a run look to the checker of the ledger.

    A payment that was half-way before the run is called by being finished. Any other that is
    finished after a crash was called before, and has remained without an answer.
    """
    system = trace.scenario.system
    assert isinstance(system, TokenManager), f"{system!r} is no token manager"
    half_way = {payment for _, payment in system.half_way}

    def view_here(call: Value, answer: Hashable) -> Seen | None:
        if isinstance(call, Finish) and call.payment in half_way:
            return Seen("pay", None, (call.payment.token, call.payment.owner), answer)
        return view(call, answer)

    return view_here


def view(call: Value, answer: Hashable) -> Seen | None:
    """Show a call to the checker of the ledger; what a server refused says nothing of the ledger."""
    refusal = answer.why if isinstance(answer, Rejected) else None
    match call:
        case GetTokens(owner) if refusal is None:
            return Seen("get_tokens", None, owner, answer)
        case Pay(token, to) if refusal in (None, NOT_OWNER, NO_TOKEN, NO_PAYEE):
            return Seen("pay", None, (token, to), refusal or answer)
        case Pay(token, to) if refusal == TIMED_OUT:
            return Seen("pay", None, (token, to), UNKNOWN, "info")
    return None


def kind_of(operation: Value, result: Value) -> str:
    """Name the kind of a completed call; a payment that was finished after a crash is a payment.

    >>> kind_of(Pay(1, 2), "OK"), kind_of(Pay(1, 2), Rejected("not the owner"))
    ('pay', 'pay rejected')
    """
    kind = "pay" if isinstance(operation, Finish) else first_word(operation, result)
    return f"{kind} rejected" if isinstance(result, Rejected) else kind


def waits_for(world: World, client: NodeId, operation: Value) -> str:
    """Say what a call still waits for."""
    del operation
    state = world.node_state(client).state
    match state:
        case Asking(memory) | Paying(memory) | Collecting(memory) | Imposing(memory):
            heard = {server for server, _ in state.heard}
            missing = [s for s in memory.config.servers if s not in heard]
            epoch = memory.config.epoch
            return f"it has {len(heard)} answers in epoch {epoch}, none of {', '.join(missing)}"
        case _:
            return "the directory has not decided"


# ---- who may fail --------------------------------------------------------------------------------


def survives(spare: int = 0) -> Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]:
    """Return the bound on failures: a minority of the servers, and one client besides.

    The bound follows the roles. While roles change, those that come and go count as failures but
    not as servers: whichever change is granted next, a majority is well before it and after it.
    With `spare` servers more the bound is wrong by that much.
    """

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        servers = sum(role == "server" for role in roles.values())
        failing = [roles[node] for node in failed]
        lost = sum(role in ("server", "joining", "leaving") for role in failing)
        bound = tolerated(max(servers, 1)) + spare
        return "directory" not in failing and failing.count("client") <= 1 and lost <= bound

    return tolerates


def role_of(_node: NodeId, state: TokenState) -> str:
    """Return the role of a node as reports show it."""
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
    plan = {**PLANS, **SMALL}[name](options_of(settings))
    rules = RIGHT if mutant is None else VARIANTS[mutant]
    deployment = replace(plan.deployment, rules=rules)
    return Scenario(
        name=name,
        system=TokenManager(deployment, plan.half_way),
        calls=MappingProxyType(dict(plan.calls)),
        properties=properties(deployment, plan.half_way),
        limits=plan.limits,
        tolerates=survives(plan.spare),
        partitions=plan.partitions,
        role_of=role_of,
        walk_steps=plan.walk_steps,
        min_calls_per_run=plan.min_calls_per_run,
        kind_of=kind_of,
    )


def options_of(settings: Mapping[str, str]) -> TokenOptions:
    """Read the settings of a scenario.

    Raises:
        ValueError: a setting is not a number in its range.
    """
    return TokenOptions(
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
        f"setting {key} is {quoted(text)}; it must be a whole number from {allowed[0]} to {allowed[-1]}"
    )


_CONSERVATION, _LINEARIZABILITY = ("conservation",), ("linearizability",)

ENTRY = CatalogEntry(
    name="token_manager",
    summary="tokens that clients pay to each other, under omission faults and changes of role",
    build=build,
    scenarios={
        "default": "5 clients, 4 servers, 5 tokens; two join, one leaves; all faults",
        "full": "6 clients, 5 servers, 60 tokens; many requests, two join, one leaves; all faults",
        "snapshots": "two payments to one owner are half-way, and two clients look",
        "contested": "one token that three clients pay round, with duplicates, timeouts, crashes",
        "paid_twice": "one client that pays its one token again and again; the same faults",
        "joins": "two clients become servers while two others pay; the network parts",
        "newcomer": "as paid_twice without faults, while another client becomes a server",
        "succession": "as newcomer, and one of the first servers leaves",
        "left_behind": "as succession, with more tokens, while the network parts",
        "too_many_silent": "one server more is silent than the protocol survives",
        "small": "2 clients pay each other, no timer; explore all of it",
        "small_look": "a client pays another, which looks, no timer; explore all of it",
        "small_join": "a client pays while another becomes a server, no timer; explore it",
    },
    mutants={
        "A1": Mutant("a quorum is half the servers", _CONSERVATION, "paid_twice"),
        "A2": Mutant("get_tokens without write-back", _LINEARIZABILITY, "snapshots"),
        "A3": Mutant(
            "get_tokens writes back once, whatever the servers hold by then",
            _LINEARIZABILITY,
            "snapshots",
        ),
        "A4": Mutant("a payment is given up on a timeout", _CONSERVATION, "paid_twice"),
        "A5": Mutant("a server takes an older version", _CONSERVATION, "contested"),
        "A6": Mutant("a change of role without state transfer", _CONSERVATION, "succession"),
        "A7": Mutant("a change of role without seal", _LINEARIZABILITY, "left_behind"),
        "A8": Mutant("a client counts a majority of the first n", _CONSERVATION, "newcomer"),
        "A9": Mutant("a payment does not raise the version", _CONSERVATION, "paid_twice"),
        "A10": Mutant("answers are counted per message", _CONSERVATION, "paid_twice"),
        "A11": Mutant("a server answers before it stores", _CONSERVATION, "paid_twice"),
        "A12": Mutant(
            "a server serves the new epoch before it is installed", _CONSERVATION, "succession"
        ),
    },
    settings={
        "servers": "how many servers there are at first, 3 to 7",
        "clients": "how many clients there are at first, 1 to 9 (default, full)",
        "requests": "how many requests each client makes, 1 to 1000 (default, full, snapshots)",
        "tokens": "how many tokens there are, 1 to 1000",
        "seed": "from which the requests are drawn (default, full)",
    },
    console=CONSOLE,
)
