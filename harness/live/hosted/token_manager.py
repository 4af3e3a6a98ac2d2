"""The token manager, hosted: all nodes run by themselves, for a client may become a server."""

from __future__ import annotations

from typing import Any

from counterpoint.harness.live.cluster import Cluster
from counterpoint.harness.live.hosted.token_words import answer, words
from counterpoint.harness.live.hostings import Hosting, number_in, rules_in
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.rules import RIGHT, VARIANTS
from counterpoint.impl.token_manager.steps import AGAIN, DISK
from counterpoint.impl.token_manager.vocabulary import TOKEN_MANAGER as WORDS
from counterpoint.model.node import System
from counterpoint.model.values import NodeId

USUAL = {"clients": 6, "servers": 3, "tokens": 60}


def build(cluster: Cluster) -> TokenManager:
    """Return the token manager of a cluster."""
    numbers = {key: number_in(cluster, key, USUAL) for key in USUAL}
    return TokenManager(Deployment(**numbers, rules=rules_in(cluster, RIGHT, VARIANTS)))


def served(system: System[Any]) -> tuple[NodeId, ...]:
    """Return all nodes."""
    return system.nodes


def is_spared(node: NodeId) -> bool:
    """The directory never fails; it may be slow."""
    return node == DIRECTORY


TOKEN_MANAGER = Hosting(
    build, served, WORDS, is_spared, words, answer, USUAL, {AGAIN: 0.3, DISK: 0.2}
)
