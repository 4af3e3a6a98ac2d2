"""The register in the catalog: its scenarios, what must hold in them, and its wrong variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from counterpoint.checkers.register.single_writer import NO_INVERSION, REGULAR
from counterpoint.harness.embedding import FILE
from counterpoint.harness.entry import CatalogEntry, Mutant
from counterpoint.harness.systems.register_console import CONSOLE
from counterpoint.harness.systems.register_properties import (
    AUTHORISATION,
    LINEARIZABILITY,
    depends_on,
    properties,
    survives,
)
from counterpoint.impl.register.access import DEMO, AccessControl, Token, load_access, parse_access
from counterpoint.impl.register.messages import Read, RegisterOperation, Write
from counterpoint.impl.register.protocol import ReplicatedRegister, unauthorised
from counterpoint.impl.register.rules import MUTANTS, RIGHT
from counterpoint.impl.register.values import write_fault
from counterpoint.model.inert import quoted
from counterpoint.model.scenario import Budget, Scenario, budgets
from counterpoint.model.values import NodeId

# ---- what a run is made of -----------------------------------------------------------------------


@dataclass(frozen=True)
class RegisterPlan:
    """What a scenario adds to the protocol: who asks what, and what may go wrong.

    `spare` is how many more readers of a token may fail than the protocol survives: 0 by right.
    """

    access: AccessControl
    calls: Mapping[NodeId, tuple[RegisterOperation, ...]]
    limits: Mapping[str, Budget]
    walk_steps: tuple[int, int]
    min_calls_per_run: float
    spare: int = 0
    copies: tuple[tuple[NodeId, AccessControl], ...] = ()

    @property
    def is_single_writer(self) -> bool:
        """Tell whether no two clients may write the same token."""
        writers: dict[int, set[NodeId]] = {}
        for client, operations in self.calls.items():
            for operation in operations:
                if isinstance(operation, Write) and unauthorised(self.access, operation) is None:
                    writers.setdefault(operation.token, set()).add(client)
        return all(len(clients) < 2 for clients in writers.values())


@dataclass(frozen=True)
class RegisterOptions:
    """The settings of a scenario: the configuration, the token, and how much is asked."""

    access: AccessControl
    token: Token
    writes: int
    reads: int
    clients: int
    first_write: tuple[str, int, int, int] | None = None

    def written(self, count: int) -> tuple[Write, ...]:
        """Return writes of different values; the first one as the settings say, if they do."""
        usual = writes_of(self.token, count)
        if self.first_write is None or not usual:
            return usual
        return (Write(self.token.id, *self.first_write, self.token.writer), *usual[1:])


def default(options: RegisterOptions) -> RegisterPlan:
    """One client writes, others read at different servers; any fault that the register survives."""
    token = options.token
    writes = {"c1": options.written(options.writes)}
    reads = {
        f"c{number + 2}": (Read(token.id, token.readers[number % len(token.readers)]),)
        * options.reads
        for number in range(options.clients)
    }
    return RegisterPlan(
        options.access.only(token.id),
        {**writes, **reads},
        budgets(duplicate=2, delay=3, omit=Budget(6), crash=2),
        walk_steps=(15, 90),
        min_calls_per_run=2.0,
    )


def small(options: RegisterOptions) -> RegisterPlan:
    """So little that every run can be explored: one write, one client that reads twice, no fault."""
    return replace(default(options), limits=budgets(), walk_steps=(10, 40), min_calls_per_run=2.0)


def one_crash(options: RegisterOptions) -> RegisterPlan:
    """Two writes and two clients that read once, while one node may crash and come back: explore it."""
    return replace(default(options), limits=budgets(crash=1), walk_steps=(10, 60))


def crashes(options: RegisterOptions) -> RegisterPlan:
    """Nodes crash and come back, again and again; two clients write, as one may be cut off."""
    token = options.token
    first, second = options.written(2)
    near = (Read(token.id, token.readers[0]),) * options.reads
    far = (Read(token.id, token.readers[-1]),) * options.reads
    return RegisterPlan(
        options.access.only(token.id),
        {"c1": (first,), "c2": (second,), "c3": near, "c4": far},
        budgets(crash=6),
        walk_steps=(20, 100),
        min_calls_per_run=3.0,
    )


def races(options: RegisterOptions) -> RegisterPlan:
    """No node fails; clients ask the same servers again and again, while old answers are late."""
    limits = budgets(delay=6, duplicate=1)
    return replace(default(options), limits=limits, walk_steps=(30, 100), min_calls_per_run=4.0)


def slow_replica(options: RegisterOptions) -> RegisterPlan:
    """The store to one reader is late; a read there meanwhile brings the new record itself."""
    return _write_then_read_there(options, budgets(delay=1))


def down_replica(options: RegisterOptions) -> RegisterPlan:
    """One reader is down during the write; a read there later brings the new record."""
    return _write_then_read_there(options, budgets(crash=1))


def _write_then_read_there(options: RegisterOptions, limits: Mapping[str, Budget]) -> RegisterPlan:
    token = options.token
    calls: dict[NodeId, tuple[RegisterOperation, ...]] = {
        "c1": options.written(1),
        "c2": (Read(token.id, token.readers[1]),),
    }
    return RegisterPlan(
        options.access.only(token.id), calls, limits, walk_steps=(5, 25), min_calls_per_run=1.0
    )


def demo(options: RegisterOptions) -> RegisterPlan:
    """The whole configuration: every token written once and read twice; some calls not allowed."""
    access = options.access
    writes = tuple(write for token in access.tokens for write in writes_of(token, 1))
    first = tuple(Read(token.id, token.readers[0]) for token in access.tokens)
    last = tuple(Read(token.id, token.readers[-1]) for token in access.tokens)
    return RegisterPlan(
        access,
        {"c1": writes, "c2": first, "c3": last, "c4": forbidden(access)},
        budgets(duplicate=2, delay=3, omit=Budget(6), crash=2),
        walk_steps=(30, 220),
        min_calls_per_run=6.0,
    )


def too_many_silent(options: RegisterOptions) -> RegisterPlan:
    """One reader more is silent than the register survives: the bound on failures is tight."""
    return replace(default(options), limits=budgets(omit=Budget(6)), min_calls_per_run=0.5, spare=1)


def rogue(options: RegisterOptions) -> RegisterPlan:
    """One client has a configuration out of date, by which it may write where it may not."""
    token = options.token
    access = options.access.only(token.id)
    reader = token.readers[0]
    former = AccessControl((Token(token.id, reader, (token.writer,)),), access.addresses)
    write = Write(token.id, "rogue", 0, 2, 4, reader)
    calls: dict[NodeId, tuple[RegisterOperation, ...]] = {
        "c1": options.written(options.writes),
        "c2": (Read(token.id, token.readers[-1]),) * options.reads,
        "c3": (write, Read(token.id, token.writer)),
    }
    limits = budgets(duplicate=1, delay=2, omit=Budget(3), crash=1)
    return RegisterPlan(
        access, calls, limits, (10, 80), min_calls_per_run=2.0, copies=(("c3", former),)
    )


def writes_of(token: Token, count: int) -> tuple[Write, ...]:
    """Return writes of different values: v1, v2, v3 ..."""
    return tuple(
        Write(token.id, f"v{number}", 0, 2, 4, token.writer) for number in range(1, count + 1)
    )


def forbidden(access: AccessControl) -> tuple[RegisterOperation, ...]:
    """Return calls that must be refused: at the wrong server, and of a token that nobody knows."""
    unknown = max(token.id for token in access.tokens) + 1
    calls: list[RegisterOperation] = []
    for token in access.tokens:
        wrong = [s for s in access.servers if not access.may_write(s, token.id)]
        calls += [Write(token.id, "no", 0, 2, 4, wrong[0])] if wrong else []
        wrong = [s for s in access.servers if not access.may_read(s, token.id)]
        calls += [Read(token.id, wrong[-1])] if wrong else []
    server = access.servers[0]
    return (*calls[:2], Write(unknown, "no", 0, 2, 4, server), Read(unknown, server))


# ---- the catalog's entry -------------------------------------------------------------------------


def build(name: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
    """Build a scenario of the register, or of one of its wrong variants."""
    plan = PLANS[name](options_of(name, settings))
    rules = RIGHT if mutant is None else MUTANTS[mutant]
    system = ReplicatedRegister(plan.access, tuple(plan.calls), rules, plan.copies)
    return Scenario(
        name=name,
        system=system,
        calls=MappingProxyType(dict(plan.calls)),
        properties=properties(plan.access, is_single_writer=plan.is_single_writer),
        limits=plan.limits,
        tolerates=survives(plan.access, plan.spare),
        depends_on=depends_on,
        symmetric=alike(plan),
        walk_steps=plan.walk_steps,
        min_calls_per_run=plan.min_calls_per_run,
    )


def alike(plan: RegisterPlan) -> tuple[tuple[NodeId, ...], ...]:
    """Return the groups of servers that differ in nothing but their names.

    They keep the same tokens, write none, and no client calls them. Clients are never alike: each
    has calls of its own, or calls another server.
    """
    called = {operation.at for operations in plan.calls.values() for operation in operations}
    busy = called | {token.writer for token in plan.access.tokens}
    groups: dict[tuple[int, ...], tuple[NodeId, ...]] = {}
    for server in plan.access.servers:
        if server not in busy:
            kept = tuple(token.id for token in plan.access.tokens if server in token.readers)
            groups[kept] = (*groups.get(kept, ()), server)
    return tuple(group for group in groups.values() if len(group) > 1)


def options_of(scenario: str, settings: Mapping[str, str]) -> RegisterOptions:
    """Read the settings of a scenario.

    Raises:
        ValueError: a setting is not a number in its range, or names no token of the configuration.
        AccessError: the configuration says nothing clear.
    """
    access = _access(settings)
    number = _number(scenario, settings, "token", range(2**64))
    if access.token(number) is None and "token" not in settings:
        number = access.tokens[0].id
    token = access.only(number).tokens[0]
    if scenario in ("slow_replica", "down_replica") and len(token.readers) < 3:
        readers = len(token.readers)
        raise ValueError(f"{scenario} needs a token with 3 readers; token {number} has {readers}")
    writes, reads, clients = (
        _number(scenario, settings, key, range(10)) for key in ("writes", "reads", "clients")
    )
    return RegisterOptions(access, token, writes, reads, clients, _first_write(settings))


def _access(settings: Mapping[str, str]) -> AccessControl:
    if "config" not in settings:
        return load_access(DEMO)
    return parse_access(settings[FILE + "config"], settings["config"])


def _first_write(settings: Mapping[str, str]) -> tuple[str, int, int, int] | None:
    if "write" not in settings:
        return None
    name, *numbers = settings["write"].split(",")
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        raise ValueError(
            f"setting write is {quoted(settings['write'])}; "
            "it must be NAME,LOW,MID,HIGH, such as abc,5,25,100"
        )
    low, mid, high = map(int, numbers)
    fault = write_fault(name, low, mid, high)
    if fault is not None:
        raise ValueError(f"setting write is {quoted(settings['write'])}: {fault}")
    return name, low, mid, high


def _number(scenario: str, settings: Mapping[str, str], key: str, allowed: range) -> int:
    usual = {**USUAL, **USUAL_IN.get(scenario, {})}[key]
    text = settings.get(key, str(usual))
    if text.isdecimal() and int(text) in allowed:
        return int(text)
    raise ValueError(
        f"setting {key} is {quoted(text)}; it must be a whole number from {allowed[0]} to {allowed[-1]}"
    )


USUAL: Mapping[str, int] = MappingProxyType({"token": 4, "writes": 2, "reads": 2, "clients": 2})
"""The settings that are used where none are given ..."""

USUAL_IN: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "slow_replica": {"token": 1},
        "down_replica": {"token": 1},
        "races": {"writes": 4, "reads": 4},
        "crashes": {"reads": 3},
        "small": {"writes": 1, "clients": 1},
        "one_crash": {"reads": 1},
    }
)
"""... and those that are others in some scenarios."""

PLANS: Mapping[str, Callable[[RegisterOptions], RegisterPlan]] = MappingProxyType(
    {
        "default": default,
        "small": small,
        "one_crash": one_crash,
        "crashes": crashes,
        "races": races,
        "slow_replica": slow_replica,
        "down_replica": down_replica,
        "demo": demo,
        "too_many_silent": too_many_silent,
        "rogue": rogue,
    }
)

ENTRY = CatalogEntry(
    name="register",
    summary="fail-silent replicated tokens: one writer, N readers, atomic",
    build=build,
    scenarios={
        "default": "token 4: 2 writes through its writer, 2 clients that read twice; all faults",
        "small": "token 4: one write, one client that reads twice; no fault; explore all of it",
        "one_crash": "token 4: 2 writes, 2 clients that read once, one crash; made to be explored",
        "crashes": "token 4: two clients write and two read, while nodes crash and restart",
        "races": "token 4: no node fails, but many answers are late; 4 writes and 4 reads each",
        "slow_replica": "token 1: the store to 50052 is late, and a read there is faster",
        "down_replica": "token 1: 50052 is down during the write, and is read after it is back",
        "demo": "the whole demo configuration, with calls that must be refused; all faults",
        "too_many_silent": "token 4 with one silent reader too many: answers must stay out",
        "rogue": "token 4: a client with an outdated configuration asks the wrong servers",
    },
    mutants={
        "B1": Mutant("a read returns without writing back", (NO_INVERSION,)),
        "B2": Mutant("the writer counts as a reader", (REGULAR,)),
        "B3": Mutant("the quorum is one too small", (REGULAR, NO_INVERSION)),
        "B4": Mutant("a late older record overwrites a newer one", (REGULAR, NO_INVERSION)),
        "B5": Mutant(
            "an equal stamp overwrites, and stamps repeat after a crash",
            (LINEARIZABILITY,),
            "crashes",
        ),
        "B6": Mutant("the writer forgets its counter when it restarts", (REGULAR,)),
        "B7": Mutant("stamps are read from a clock that can be set back", (REGULAR,)),
        "B8": Mutant("a reader acknowledges before it stores", (LINEARIZABILITY,), "crashes"),
        "B9": Mutant("late answers to an earlier request count", (REGULAR, NO_INVERSION), "races"),
        "B10": Mutant("only the client checks who may do what", (AUTHORISATION,), "rogue"),
    },
    settings={
        "config": "path of an access configuration in YAML (default: the demo configuration)",
        "token": "the token that is written and read (default: 4; 1 in the demonstrations)",
        "writes": "writes of the writing client, 0 to 9 (default: 2; 4 in races, 1 in small)",
        "reads": "reads of each reading client, 0 to 9 "
        "(default: 2; 4 in races, 3 in crashes, 1 in one_crash)",
        "write": "the first write, as NAME,LOW,MID,HIGH (default: v1,0,2,4)",
        "clients": "how many clients read, 0 to 9 (default: 2; 1 in small)",
    },
    console=CONSOLE,
    files=frozenset({"config"}),
)
