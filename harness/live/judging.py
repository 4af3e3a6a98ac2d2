"""What must hold in the history of a cluster: what calls and notes show of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.hostings import hosting_of
from counterpoint.harness.systems import register_properties, stores_properties, token_manager
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.model.node import System
from counterpoint.model.scenario import Property, Scenario


def _register(system: System[Any]) -> tuple[Property, ...]:
    assert isinstance(system, ReplicatedRegister), system
    return register_properties.properties(system.access, is_single_writer=True)


def _token_manager(system: System[Any]) -> tuple[Property, ...]:
    assert isinstance(system, TokenManager), system
    return token_manager.properties(system.deployment)


def _causal_deps(system: System[Any]) -> tuple[Property, ...]:
    del system
    ours = stores_properties
    return (ours.ORDER, ours.STATES, ours.CLOCKS, *ours.HISTORIES)


def _causal_lamport(system: System[Any]) -> tuple[Property, ...]:
    first, *rest = _causal_deps(system)
    return (first, stores_properties.SAME, *rest)


PROPERTIES: Mapping[str, Callable[[System[Any]], tuple[Property, ...]]] = MappingProxyType(
    {
        "register": _register,
        "token_manager": _token_manager,
        "causal_deps": _causal_deps,
        "causal_lamport": _causal_lamport,
    }
)


def scenario_of(cluster: Cluster) -> Scenario:
    """Return a scenario in which the history of a cluster can be judged; it makes no calls."""
    system = hosting_of(cluster.system).build(cluster)
    found = PROPERTIES[cluster.system](system)
    return Scenario(
        name="live",
        system=system,
        calls=MappingProxyType({}),
        properties=tuple(prop for prop in found if prop.reads != "end"),
        role_of=token_manager.role_of if cluster.system == "token_manager" else None,
    )
