"""How a system is hosted: its nodes, its words on the wire, its delays."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import click

from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.wishes import Finder
from counterpoint.model.node import System
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True)
class Hosting:
    """A system that can run for real.

    `build` makes it as a cluster says; `served` are the nodes that run by themselves, the others run
    within whoever calls; `is_spared` tells which nodes the system promises never to lose. `words` are
    what a person may say, `answer` how a result reads and whether it is a refusal. `settings` are the
    numbers that a cluster may set, with their usual values; `delays` the seconds of timers.
    """

    build: Callable[[Cluster], System[Any]]
    served: Callable[[System[Any]], tuple[NodeId, ...]]
    vocabulary: tuple[type, ...]
    is_spared: Callable[[NodeId], bool]
    words: Callable[[System[Any], Finder, str | None], click.Group]
    answer: Callable[[System[Any], Value], tuple[str, bool]]
    settings: Mapping[str, int] = field(default_factory=dict)
    delays: Mapping[str, float] = field(default_factory=dict)

    def clients(self, system: System[Any]) -> tuple[NodeId, ...]:
        """Return the nodes that run within whoever calls."""
        served = self.served(system)
        return tuple(node for node in system.nodes if node not in served)


HOSTINGS: Mapping[str, str] = MappingProxyType(
    {
        "register": "counterpoint.harness.live.hosted.register:REGISTER",
        "token_manager": "counterpoint.harness.live.hosted.token_manager:TOKEN_MANAGER",
        "causal_deps": "counterpoint.harness.live.hosted.stores:CAUSAL_DEPS",
        "causal_lamport": "counterpoint.harness.live.hosted.stores:CAUSAL_LAMPORT",
    }
)
"""Where each system's hosting is; it is imported when it is asked for, so that calls are fast."""


def hosting_of(system: str) -> Hosting:
    """Return how a system is hosted; raises ClusterError where it is not known."""
    if system not in HOSTINGS:
        raise ClusterError(f"{system!r} cannot be run; there are: {', '.join(HOSTINGS)}")
    module, _, name = HOSTINGS[system].partition(":")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Hosting), HOSTINGS[system]
    return found


def number_in(cluster: Cluster, key: str, usual: Mapping[str, int]) -> int:
    """Return a setting of a cluster, or its usual value."""
    text = cluster.settings.get(key, str(usual[key]))
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise ClusterError(f"{cluster.source}: {key} is {text!r}; it must be a number, 1 to 100")
    return int(text)


def rules_in(cluster: Cluster, right: Any, mutants: Mapping[str, Any]) -> Any:
    """Return the rules that a cluster goes by."""
    if cluster.mutant is None:
        return right
    if cluster.mutant not in mutants:
        known = ", ".join(mutants)
        raise ClusterError(f"{cluster.source}: no mutant {cluster.mutant!r}; there are {known}")
    return mutants[cluster.mutant]
