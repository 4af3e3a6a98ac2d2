"""Small instances of every system, right and wrong, whose runs can be examined in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from counterpoint.harness.catalog import build
from counterpoint.harness.systems.token_manager import properties, role_of, survives
from counterpoint.impl.stores.words import Await, Write
from counterpoint.impl.token_manager.deployment import Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS
from counterpoint.impl.token_manager.words import GetTokens, Pay, Transform
from counterpoint.model.scenario import Scenario, budgets
from counterpoint.model.values import NodeId, Value
from tests.oracles import abd, cells, paxos, single_copy, two_phase_commit

TWO_READERS = Path(__file__).with_name("two_readers.yaml")
"""An access configuration with one token, that its writer and one more server keep."""


@dataclass(frozen=True)
class Case:
    """A scenario with the property that it breaks first, None if it is right.

    `is_tiny`: every history can be judged on its own; `has_few_classes`: every class of runs can be
    run, or a wrong one comes early.
    """

    name: str
    scenario: Scenario
    broken: str | None = None
    is_tiny: bool = True
    has_few_classes: bool = True

    def __str__(self) -> str:
        return self.name


def register(
    mutant: str | None = None, *, faults: int = 0, limits: Mapping[str, int], **settings: str
) -> Scenario:
    """A register on two servers."""
    chosen = {"config": str(TWO_READERS), "token": "1", **settings}
    scenario = build("register", scenario="small", mutant=mutant, settings=chosen)
    return scenario.replace(limits=budgets(**limits), faults_max=faults)


def right(writes: str, reads: str) -> Scenario:
    """A register on three servers and a writer, of which those that nobody calls are alike."""
    clients = "1" if reads != "0" else "0"
    settings = {"writes": writes, "reads": reads, "clients": clients}
    return build("register", scenario="small", settings=settings)


def tokens(
    calls: Mapping[NodeId, tuple[Value, ...]],
    mutant: str | None = None,
    *,
    clients: int = 1,
    faults: int = 0,
    **limits: int,
) -> Scenario:
    """A token manager with three servers and one token, in which no timer fires."""
    rules = RIGHT if mutant is None else VARIANTS[mutant]
    deployment = Deployment(clients, 3, 1, rules)
    return Scenario(
        name="tokens",
        system=TokenManager(deployment),
        calls=calls,
        properties=properties(deployment),
        limits=budgets(fire=0, **limits),
        faults_max=faults,
        tolerates=survives(),
        role_of=role_of,
    )


PAYS: Mapping[NodeId, tuple[Value, ...]] = {"c1": (Pay(0, 1),)}
PAYS_TWICE: Mapping[NodeId, tuple[Value, ...]] = {"c1": (Pay(0, 1), Pay(0, 1))}
PAYS_AND_LOOKS: Mapping[NodeId, tuple[Value, ...]] = {"c1": (Pay(0, 2),), "c2": (GetTokens(2),)}


def store(name: str, mutant: str | None = None, scenario: str = "small") -> Scenario:
    """A causally consistent store; the scenario `small` has three writes."""
    return build(name, scenario=scenario, mutant=mutant)


def two_writes(name: str, mutant: str | None = None) -> Scenario:
    """A store in which alice finds, and bob, who has heard of it, is glad."""
    story: Mapping[NodeId, tuple[Value, ...]] = {
        "alice": (Write("found", "ring"),),
        "bob": (Await("found"), Write("glad", "bob")),
    }
    return store(name, mutant).replace(calls=story)


CASES = (
    Case("register, a write", register(limits={}, writes="1", clients="0")),
    Case("register", register(limits={}, writes="1", reads="1"), has_few_classes=False),
    Case(
        "register, duplicates",
        register(faults=1, limits={"duplicate": 1}, writes="1", reads="1"),
        has_few_classes=False,
    ),
    Case("register B3", register("B3", limits={}, writes="1", reads="1"), "regular"),
    Case(
        "register B7",
        register("B7", limits={}, writes="2", reads="1"),
        "regular",
        is_tiny=False,
        has_few_classes=False,
    ),
    Case(
        "register B1",
        build("register", scenario="small", mutant="B1"),
        "no new/old inversion",
        is_tiny=False,
        has_few_classes=False,
    ),
    Case("register, a write to three alike", right("1", "0")),
    Case("register, a read of three", right("0", "1")),
    Case("register, both", right("1", "1"), is_tiny=False, has_few_classes=False),
    Case(
        "register B10",
        build("register", mutant="B10", settings={"writes": "0"}).replace(limits={}),
        "authorisation",
    ),
    Case("tokens", tokens(PAYS)),
    Case("tokens, an omission", tokens(PAYS, faults=1, omit=1), has_few_classes=False),
    Case(
        "tokens, a crash",
        tokens(PAYS, faults=1, crash=1),
        is_tiny=False,
        has_few_classes=False,
    ),
    Case("tokens, a wish to leave", tokens({**PAYS, "s1": (Transform(),)}), is_tiny=False),
    Case(
        "tokens, a client joins",
        tokens({"c1": (Transform(),)}),
        is_tiny=False,
        has_few_classes=False,
    ),
    Case("tokens A1", tokens(PAYS_TWICE, "A1"), "conservation", has_few_classes=False),
    Case(
        "tokens A1, a look",
        tokens(PAYS_AND_LOOKS, "A1", clients=2),
        "linearizability",
        is_tiny=False,
        has_few_classes=False,
    ),
    Case("tokens A5", tokens(PAYS_TWICE, "A5"), "conservation", is_tiny=False),
    Case("tokens A9", tokens(PAYS, "A9"), "conservation"),
    Case("causal_deps, two writes", two_writes("causal_deps")),
    Case("causal_deps, two writes, C1", two_writes("causal_deps", "C1"), "causal order"),
    Case("causal_deps", store("causal_deps"), is_tiny=False),
    Case("causal_deps C1", store("causal_deps", "C1"), "causal order"),
    Case("causal_deps C2", store("causal_deps", "C2"), "causal order", is_tiny=False),
    Case("causal_deps C5", store("causal_deps", "C5"), "causal order"),
    Case("causal_deps C6", store("causal_deps", "C6"), "Lamport clocks", is_tiny=False),
    Case("causal_lamport", store("causal_lamport"), is_tiny=False, has_few_classes=False),
    Case("causal_lamport D1", store("causal_lamport", "D1"), "causal order", is_tiny=False),
    Case("abd", abd.system("2", "2", network="ordered", observer=True)),
    Case("one server", single_copy.system("1", "2", observer=True)),
    Case(
        "two servers that do not talk",
        single_copy.system("2", "2", observer=True),
        "linearizability",
    ),
    Case("paxos", paxos.system("3", "1", observer=True)),
    Case("two-phase commit", two_phase_commit.system("3")),
    Case("lastzero", cells.lastzero("3")),
)
