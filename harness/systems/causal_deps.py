"""`causal_deps` in the catalog: its scenarios, what must hold in them, and its wrong variants."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from counterpoint.checkers.liveness import check_liveness
from counterpoint.harness.entry import CatalogEntry, Mutant
from counterpoint.harness.systems.stores_console import CONSOLE
from counterpoint.harness.systems.stores_plans import (
    SCENARIOS,
    SETTINGS,
    at_home,
    plan_of,
    role_of,
    sides,
    survives,
)
from counterpoint.harness.systems.stores_properties import (
    CAUSAL_ORDER,
    CLOCKS,
    CONVERGENCE,
    HISTORIES,
    LAMPORT,
    LIVENESS,
    ORDER,
    SESSIONS,
    STATES,
)
from counterpoint.impl.stores.causal_deps import CausalDeps, Server
from counterpoint.impl.stores.causal_deps_rules import MUTANTS, RIGHT
from counterpoint.impl.stores.client import Moving
from counterpoint.impl.stores.words import listed
from counterpoint.model.scenario import Budget, Property, Scenario
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import World


def build(name: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
    """Build a scenario of the store, or of one of its wrong variants.

    Where clients stay at home, servers may also fall silent: all others answer all the same.
    """
    plan = plan_of(name, settings)
    deployment = plan.deployment
    may_be_silent = "cut" in plan.limits and not plan.has_moves
    omissions = {"omit": Budget(6)} if may_be_silent else {}
    return Scenario(
        name=name,
        system=CausalDeps(deployment, RIGHT if mutant is None else MUTANTS[mutant]),
        calls=MappingProxyType(dict(plan.calls)),
        properties=(ORDER, STATES, CLOCKS, *HISTORIES, LIVE),
        limits=MappingProxyType({**plan.limits, **omissions}),
        tolerates=survives(deployment.servers if may_be_silent else ()),
        partitions=sides(deployment),
        depends_on=at_home(plan),
        role_of=role_of if plan.has_moves else None,
        walk_steps=plan.walk_steps,
        min_calls_per_run=plan.min_calls_per_run,
    )


def waits_for(world: World, client: NodeId, operation: Value) -> str:
    """Say what a call still waits for."""
    del operation
    match world.node_state(client).state:
        case Moving(session, to):
            server = world.node_state(to).state
            assert isinstance(server, Server), f"{to} is no server"
            missing = server.replica.lacks(session.context)
            return f"{to} lacks {listed(missing)}" if missing else f"{to} does not answer"
        case state:
            return f"{client} is {state}"


LIVE = Property(
    LIVENESS, partial(check_liveness, sends_again=False, waits_for=waits_for), reads="end"
)


ENTRY = CatalogEntry(
    name="causal_deps",
    summary="causally consistent store, explicit dependencies, available under partition",
    build=build,
    scenarios=SCENARIOS,
    mutants={
        "C1": Mutant("updates are applied without their dependencies", (CAUSAL_ORDER,), "small"),
        "C2": Mutant("what a client has read is no dependency", (CAUSAL_ORDER,), "small"),
        "C3": Mutant("a client that moves brings no context", (SESSIONS,), "moving"),
        "C4": Mutant("the last arrival wins, not the highest stamp", (CONVERGENCE,), "race"),
        "C5": Mutant("only earlier writes of the key are dependencies", (CAUSAL_ORDER,), "small"),
        "C6": Mutant("a server that receives does not raise its clock", (LAMPORT,), "small"),
    },
    settings=SETTINGS,
    console=CONSOLE,
)
