"""`causal_lamport` in the catalog: its scenarios, what must hold in them, and its wrong variants."""

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
    on_all,
    plan_of,
    role_of,
    sides,
)
from counterpoint.harness.systems.stores_properties import (
    CAUSAL_ORDER,
    CLOCKS,
    HISTORIES,
    LIVENESS,
    ORDER,
    SAME,
    SAME_ORDER,
    STATES,
)
from counterpoint.impl.stores.causal_lamport import CausalLamport, Server, waits_for
from counterpoint.impl.stores.causal_lamport_rules import MUTANTS, RIGHT
from counterpoint.impl.stores.client import Moving
from counterpoint.impl.stores.words import Write, listed
from counterpoint.model.actions import ACTIONS
from counterpoint.model.faults import Drop
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import World


def build(name: str, mutant: str | None, settings: Mapping[str, str]) -> Scenario:
    """Build a scenario of the store, or of one of its wrong variants."""
    plan = plan_of(name, settings)
    deployment = plan.deployment
    rest = (SAME, STATES, CLOCKS, *HISTORIES, LIVE)
    return Scenario(
        name=name,
        system=CausalLamport(deployment, RIGHT if mutant is None else MUTANTS[mutant]),
        calls=MappingProxyType(dict(plan.calls)),
        properties=(ORDER, *rest),
        limits=plan.limits,
        partitions=sides(deployment),
        actions=RELIABLE,
        depends_on=on_all(plan),
        role_of=role_of if plan.has_moves else None,
        walk_steps=plan.walk_steps,
        min_calls_per_run=plan.min_calls_per_run,
    )


def status(world: World, client: NodeId, operation: Value) -> str:
    """Say for whom a call still waits."""
    state = world.node_state(client).state
    if isinstance(state, Moving):
        server = world.node_state(state.to).state
        assert isinstance(server, Server), f"{state.to} is no server"
        missing = server.replica.lacks(state.session.context)
        return f"{state.to} lacks {listed(missing)}" if missing else f"{state.to} does not answer"
    if isinstance(operation, Write):
        for node in world.scenario.system.nodes:
            server = world.node_state(node).state
            if isinstance(server, Server) and (waits := _of_write(server, operation)):
                return f"{node}: {waits}"
    return f"{client} is {state}"


RELIABLE = tuple(kind for kind in ACTIONS if kind is not Drop)
"""Links that lose nothing: what is cut off arrives when the partition ends. Nothing is sent again here,
and whoever misses an update waits for ever."""

LIVE = Property(LIVENESS, partial(check_liveness, sends_again=False, waits_for=status), reads="end")


def _of_write(server: Server, write: Write) -> str:
    """Say for whom a write waits at the server that has to answer it; nothing at another one."""
    own = {stamp for stamp, _ in server.writing}
    waiting = (update for update in server.queue if update.stamp in own)
    found = (u for u in waiting if (u.version.key, u.copy.value) == (write.key, write.value))
    return next((str(waits_for(server, update)) for update in found), "")


ENTRY = CatalogEntry(
    name="causal_lamport",
    summary="causally consistent store, one order of all updates by Lamport timestamps",
    build=build,
    scenarios=SCENARIOS,
    mutants={
        "D1": Mutant(
            "an update is applied if it is newer than the last one", (CAUSAL_ORDER,), "small"
        ),
        "D2": Mutant("a clock is told that is not promised yet", (SAME_ORDER,), "race"),
        "D3": Mutant("equal clocks are applied in order of arrival", (SAME_ORDER,), "race"),
        "D4": Mutant("links are not first-in-first-out", (SAME_ORDER,), "race"),
        "D5": Mutant("no server tells its clock", (LIVENESS,), "race"),
    },
    settings=SETTINGS,
    console=CONSOLE,
)
