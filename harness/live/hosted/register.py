"""The register, hosted: servers run by themselves, clients within whoever calls."""

from __future__ import annotations

from typing import Any

from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.hosted.register_words import answer, words
from counterpoint.harness.live.hostings import Hosting, number_in, rules_in
from counterpoint.impl.register.access import load_access, parse_access
from counterpoint.impl.register.protocol import CLOCK, FLUSH, ReplicatedRegister
from counterpoint.impl.register.rules import MUTANTS, RIGHT
from counterpoint.impl.register.vocabulary import REGISTER as WORDS
from counterpoint.model.node import System
from counterpoint.model.values import NodeId

USUAL = {"clients": 16}


def build(cluster: Cluster) -> ReplicatedRegister:
    """Return the register of a cluster."""
    if cluster.access is not None:
        access = load_access(cluster.access)
    elif cluster.access_text:
        access = parse_access(cluster.access_text)
    else:
        raise ClusterError(f'{cluster.source}: the register needs access = "FILE.yaml"')
    names = tuple(f"c{number + 1}" for number in range(number_in(cluster, "clients", USUAL)))
    return ReplicatedRegister(access, names, rules_in(cluster, RIGHT, MUTANTS))


def served(system: System[Any]) -> tuple[NodeId, ...]:
    """Return the servers."""
    assert isinstance(system, ReplicatedRegister), system
    return system.access.servers


def is_spared(node: NodeId) -> bool:
    """Any node may crash."""
    del node
    return False


REGISTER = Hosting(build, served, WORDS, is_spared, words, answer, USUAL, {FLUSH: 0.05, CLOCK: 1.0})
