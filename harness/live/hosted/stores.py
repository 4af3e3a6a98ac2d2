"""The causally consistent stores, hosted: servers run by themselves, clients within whoever calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.hosted.stores_words import answer, words
from counterpoint.harness.live.hostings import Hosting, number_in, rules_in
from counterpoint.impl.stores import causal_deps_rules as deps_rules
from counterpoint.impl.stores import causal_lamport_rules as lamport_rules
from counterpoint.impl.stores import vocabulary
from counterpoint.impl.stores.causal_deps import CausalDeps
from counterpoint.impl.stores.causal_lamport import CausalLamport
from counterpoint.impl.stores.replica import StoreDeployment
from counterpoint.model.node import System
from counterpoint.model.values import NodeId

PEOPLE = (
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl", "leo",
)  # fmt: skip
"""The clients, as many as a cluster asks for; they live at servers 1, 2, 3, 1 ..."""

USUAL = {"clients": 3}


def deployment(cluster: Cluster) -> StoreDeployment:
    """Return who lives where."""
    count = number_in(cluster, "clients", USUAL)
    if count > len(PEOPLE):
        raise ClusterError(f"{cluster.source}: {count} clients; there are at most {len(PEOPLE)}")
    return StoreDeployment(tuple((PEOPLE[k], f"s{k % 3 + 1}") for k in range(count)))


def build_deps(cluster: Cluster) -> CausalDeps:
    """Return the store of a cluster that checks dependencies."""
    return CausalDeps(deployment(cluster), rules_in(cluster, deps_rules.RIGHT, deps_rules.MUTANTS))


def build_lamport(cluster: Cluster) -> CausalLamport:
    """Return the store of a cluster that orders by stamps."""
    rules = rules_in(cluster, lamport_rules.RIGHT, lamport_rules.MUTANTS)
    return CausalLamport(deployment(cluster), rules)


def served(system: System[Any]) -> tuple[NodeId, ...]:
    """Return the servers."""
    assert isinstance(system, CausalDeps | CausalLamport), system
    return system.deployment.servers


def is_spared(node: NodeId) -> bool:
    """The handlers know no recovery: any node may be slow, and none is ever lost."""
    del node
    return True


CAUSAL_DEPS = Hosting(build_deps, served, vocabulary.CAUSAL_DEPS, is_spared, words, answer, USUAL)
CAUSAL_LAMPORT = replace(CAUSAL_DEPS, build=build_lamport, vocabulary=vocabulary.CAUSAL_LAMPORT)
