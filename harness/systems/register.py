"""The register in the catalog: its scenarios, what must hold in them, and its wrong variants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.checkers.authorisation import check_authorisation
from counterpoint.checkers.liveness import check_liveness
from counterpoint.checkers.operations import Seen, joined, operations_of
from counterpoint.checkers.register import check_registers
from counterpoint.harness.entry import Entry, Mutant
from counterpoint.impl.access import DEMO, Access, Token, load_access
from counterpoint.impl.register import Querying, Register, Server, unauthorised
from counterpoint.impl.register_messages import (
    NO_READ,
    NO_WRITE,
    Operation,
    Read,
    Refused,
    Write,
)
from counterpoint.impl.register_rules import MUTANTS, RIGHT
from counterpoint.impl.register_values import written
from counterpoint.model.scenario import Budget, Property, Scenario, budgets
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import World

REFUSALS = (Refused(NO_WRITE), Refused(NO_READ))


# ---- what a run is made of -----------------------------------------------------------------------

Tolerates = Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]


@dataclass(frozen=True)
class Plan:
    """What a scenario adds to the protocol: who asks what, and what may go wrong.

    `spare` is how many more readers of a token may fail than the protocol survives: 0 by right.
    """

    access: Access
    calls: Mapping[NodeId, tuple[Operation, ...]]
    limits: Mapping[str, Budget]
    steps: tuple[int, int]
    calls_floor: float
    spare: int = 0
    copies: tuple[tuple[NodeId, Access], ...] = ()


@dataclass(frozen=True)
class Options:
    """The settings of a scenario: the configuration, the token, and how much is asked."""

    access: Access
    token: Token
    writes: int = 2
    reads: int = 2
    clients: int = 2


def default(options: Options) -> Plan:
    """One client writes, others read at different servers; any fault that the register survives."""
    token = options.token
    writes = {"c1": writes_of(token, options.writes)}
    reads = {
        f"c{number + 2}": (Read(token.id, token.readers[number % len(token.readers)]),)
        * options.reads
        for number in range(options.clients)
    }
    return Plan(
        options.access.only(token.id),
        {**writes, **reads},
        budgets(duplicate=2, delay=3, omit=Budget(6), crash=2),
        steps=(15, 90),
        calls_floor=2.0,
    )


def two_writers(options: Options) -> Plan:
    """Two clients write through the one writer, so that one goes on where the other was cut off."""
    token = options.token
    first, second = writes_of(token, 2)
    reads = (Read(token.id, token.readers[0]),) * options.reads
    others = (Read(token.id, token.readers[-1]),) * options.reads
    return Plan(
        options.access.only(token.id),
        {"c1": (first,), "c2": (second,), "c3": reads, "c4": others},
        budgets(duplicate=2, delay=3, omit=Budget(6), crash=2),
        steps=(15, 90),
        calls_floor=2.0,
    )


def slow_replica(options: Options) -> Plan:
    """The store to one reader is late; a read there meanwhile brings the new record itself."""
    return _write_then_read_there(options, budgets(delay=1))


def down_replica(options: Options) -> Plan:
    """One reader is down during the write; a read there later brings the new record."""
    return _write_then_read_there(options, budgets(crash=1))


def _write_then_read_there(options: Options, limits: Mapping[str, Budget]) -> Plan:
    token = options.token
    calls: dict[NodeId, tuple[Operation, ...]] = {
        "c1": writes_of(token, 1),
        "c2": (Read(token.id, token.readers[1]),),
    }
    return Plan(options.access.only(token.id), calls, limits, steps=(5, 25), calls_floor=1.0)


def demo(options: Options) -> Plan:
    """The whole configuration: every token written once and read twice; some calls not allowed."""
    access = options.access
    writes = tuple(write for token in access.tokens for write in writes_of(token, 1))
    first = tuple(Read(token.id, token.readers[0]) for token in access.tokens)
    last = tuple(Read(token.id, token.readers[-1]) for token in access.tokens)
    return Plan(
        access,
        {"c1": writes, "c2": first, "c3": last, "c4": forbidden(access)},
        budgets(duplicate=2, delay=3, omit=Budget(6), crash=2),
        steps=(30, 220),
        calls_floor=6.0,
    )


def too_many_silent(options: Options) -> Plan:
    """One reader more is silent than the register survives: the bound on failures is tight."""
    plan = default(options)
    return Plan(
        plan.access, plan.calls, budgets(omit=Budget(6)), plan.steps, calls_floor=0.5, spare=1
    )


def rogue(options: Options) -> Plan:
    """One client has a configuration out of date, by which it may write where it may not."""
    token = options.token
    access = options.access.only(token.id)
    reader = token.readers[0]
    former = Access((Token(token.id, reader, (token.writer,)),), access.addresses)
    write = Write(token.id, "rogue", 0, 2, 4, reader)
    calls: dict[NodeId, tuple[Operation, ...]] = {
        "c1": writes_of(token, options.writes),
        "c2": (Read(token.id, token.readers[-1]),) * options.reads,
        "c3": (write, Read(token.id, token.writer)),
    }
    limits = budgets(duplicate=1, delay=2, omit=Budget(3), crash=1)
    return Plan(access, calls, limits, (10, 80), calls_floor=2.0, copies=(("c3", former),))


def writes_of(token: Token, count: int) -> tuple[Write, ...]:
    """Return writes of different values: v1, v2, v3 ..."""
    return tuple(
        Write(token.id, f"v{number}", 0, 2, 4, token.writer) for number in range(1, count + 1)
    )


def forbidden(access: Access) -> tuple[Operation, ...]:
    """Return calls that must be refused: at the wrong server, and of a token that nobody knows."""
    unknown = max(token.id for token in access.tokens) + 1
    calls: list[Operation] = []
    for token in access.tokens:
        wrong = [s for s in access.servers if not access.may_write(s, token.id)]
        calls += [Write(token.id, "no", 0, 2, 4, wrong[0])] if wrong else []
        wrong = [s for s in access.servers if not access.may_read(s, token.id)]
        calls += [Read(token.id, wrong[-1])] if wrong else []
    server = access.servers[0]
    return (*calls[:2], Write(unknown, "no", 0, 2, 4, server), Read(unknown, server))


# ---- what must hold ------------------------------------------------------------------------------


def view(operation: Value, result: Hashable) -> Seen | None:
    """Show a call to the checkers of registers; a refused read says nothing about the register."""
    was_refused = isinstance(result, Refused)
    match operation:
        case Write(token, name, low, mid, high):
            value = written(name, low, mid, high)
            return Seen("write", token, value, result, "fail" if was_refused else "ok")
        case Read(token) if not was_refused:
            return Seen("read", token, None, result)
        case _:
            return None


def say(value: Hashable) -> str:
    """Say what a register holds."""
    return "nothing" if value is None else show(value)


def linearizability(trace: Trace) -> Verdict:
    """Each token behaves as if its operations happened one at a time."""
    history = operations_of(trace, view)
    return joined("linearizability", check_registers(history, show=say))


def properties(access: Access) -> tuple[Property, ...]:
    """Return what must hold in every run, the best explanation first."""

    def refusal_of(operation: Value) -> Value:
        assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
        why = unauthorised(access, operation)
        return None if why is None else Refused(why)

    def authorisation(trace: Trace) -> Verdict:
        return check_authorisation(trace, refusal_of=refusal_of, refusals=REFUSALS)

    def liveness(trace: Trace) -> Verdict:
        return check_liveness(trace, sends_again=False, waits_for=waits_for)

    return (
        Property("authorisation", authorisation),
        Property("linearizability", linearizability),
        Property("liveness", liveness, reads="end"),
    )


def waits_for(world: World, client: NodeId, operation: Value) -> str:
    """Say what a call still waits for."""
    assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
    system, server = world.scenario.system, world.core(operation.at).state
    assert isinstance(system, Register), f"{system!r} is no register"
    assert isinstance(server, Server), f"{operation.at} is no server"
    phase = next((p for p in server.phases if p.request.client == client), None)
    token = system.access.token(operation.token)
    if phase is None or token is None:
        return f"{operation.at} does not work on it"
    heard = phase.heard if isinstance(phase, Querying) else phase.stored
    more = system.rules.quorum(len(token.readers)) - len(heard)
    missing = ", ".join(_with_state(world, r) for r in token.readers if r not in heard)
    return f"{operation.at} still waits for {more} of {missing}"


def _with_state(world: World, node: NodeId) -> str:
    if node in world.conditions.down:
        return f"{node} (down)"
    return f"{node} (silent)" if node in world.conditions.silent else node


def survives(access: Access, spare: int = 0) -> Tolerates:
    """Return the bound on failures: any writers, and of each token's readers only a minority.

    With `spare` readers more the bound is wrong by that much.
    """

    def tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
        del roles
        return set(failed) <= set(access.servers) and all(
            2 * (sum(reader in failed for reader in token.readers) - spare) < len(token.readers)
            for token in access.tokens
        )

    return tolerates


# ---- the catalog's entry -------------------------------------------------------------------------


def build(name: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
    """Build a scenario of the register, or of one of its wrong variants."""
    plan = PLANS[name](options_of(name, settings))
    rules = RIGHT if mutant is None else MUTANTS[mutant]
    system = Register(plan.access, tuple(plan.calls), rules, plan.copies)
    return Scenario(
        name=name,
        system=system,
        calls=MappingProxyType(dict(plan.calls)),
        properties=properties(plan.access),
        limits=plan.limits,
        tolerates=survives(plan.access, plan.spare),
        depends_on=depends_on,
        steps=plan.steps,
        calls_floor=plan.calls_floor,
    )


def depends_on(client: NodeId, operation: Value) -> tuple[NodeId, ...]:
    """An answer needs the client and the server that it asked; of the others, any majority."""
    assert isinstance(operation, Write | Read), f"{operation!r} is no operation of a register"
    return (client, operation.at)


def options_of(scenario: str, settings: Mapping[str, str]) -> Options:
    """Read the settings of a scenario.

    Raises:
        ValueError: a setting is not a number in its range, or names no token of the configuration.
        AccessError: the configuration says nothing clear.
    """
    access = load_access(settings.get("config", DEMO))
    usual = 1 if scenario in ("slow_replica", "down_replica") else 4
    number = _number(settings, "token", usual, range(2**64))
    if access.token(number) is None and "token" not in settings:
        number = access.tokens[0].id
    token = access.only(number).tokens[0]
    if scenario in ("slow_replica", "down_replica") and len(token.readers) < 3:
        readers = len(token.readers)
        raise ValueError(f"{scenario} needs a token with 3 readers; token {number} has {readers}")
    return Options(
        access,
        token,
        writes=_number(settings, "writes", 2, range(10)),
        reads=_number(settings, "reads", 2, range(10)),
        clients=_number(settings, "clients", 2, range(10)),
    )


def _number(settings: Mapping[str, str], key: str, usual: int, allowed: range) -> int:
    text = settings.get(key, str(usual))
    if text.isdecimal() and int(text) in allowed:
        return int(text)
    raise ValueError(
        f"setting {key} is {text!r}; it must be a whole number from {allowed[0]} to {allowed[-1]}"
    )


PLANS: Mapping[str, Callable[[Options], Plan]] = MappingProxyType(
    {
        "default": default,
        "two_writers": two_writers,
        "slow_replica": slow_replica,
        "down_replica": down_replica,
        "demo": demo,
        "too_many_silent": too_many_silent,
        "rogue": rogue,
    }
)

ENTRY = Entry(
    name="register",
    summary="fail-silent replicated tokens: one writer, N readers, atomic",
    build=build,
    scenarios={
        "default": "token 4: 2 writes through its writer, 2 clients that read twice; all faults",
        "two_writers": "token 4: two clients write through its writer, two read; all faults",
        "slow_replica": "token 1: the store to 50052 is late, and a read there is faster",
        "down_replica": "token 1: 50052 is down during the write, and is read after it is back",
        "demo": "the whole demo configuration, with calls that must be refused; all faults",
        "too_many_silent": "token 4 with one silent reader too many: answers must stay out",
        "rogue": "token 4: a client with an outdated configuration asks the wrong servers",
    },
    mutants={
        "B1": Mutant("a read returns without writing back", ("linearizability",)),
        "B2": Mutant("the writer counts as a reader", ("linearizability",)),
        "B3": Mutant("the quorum is one too small", ("linearizability",)),
        "B4": Mutant("a late older record overwrites a newer one", ("linearizability",)),
        "B5": Mutant(
            "an equal stamp overwrites, and stamps repeat after a crash",
            ("linearizability",),
            "two_writers",
        ),
        "B6": Mutant("the writer forgets its counter when it restarts", ("linearizability",)),
        "B7": Mutant("stamps are read from a clock that can be set back", ("linearizability",)),
        "B8": Mutant("a reader acknowledges before it stores", ("linearizability",)),
        "B9": Mutant("answers to an earlier request count for this one", ("linearizability",)),
        "B10": Mutant("only the client checks who may do what", ("authorisation",), "rogue"),
    },
    settings={
        "config": "path of an access configuration in YAML (default: the demo configuration)",
        "token": "the token that is written and read (default: 4, or 1 for the demonstrations)",
        "writes": "how many writes the writing client makes, 0 to 9 (default: 2)",
        "reads": "how many reads each reading client makes, 0 to 9 (default: 2)",
        "clients": "how many clients read, 0 to 9 (default: 2)",
    },
)
