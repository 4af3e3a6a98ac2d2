"""A node of a cluster, ready to run in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.hostings import Hosting, hosting_of
from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.handshake import USER, PeerIdentity
from counterpoint.impl.host.node import LogDepth
from counterpoint.impl.transport.folder import NodeRuns
from counterpoint.impl.transport.running_node import RunningNode, Settings
from counterpoint.impl.transport.user import User
from counterpoint.model.node import System
from counterpoint.model.values import NodeId


@dataclass(frozen=True)
class Members:
    """The members of a cluster: its system, its words, and how each node is run."""

    cluster: Cluster

    @cached_property
    def hosting(self) -> Hosting:
        """How the system is hosted."""
        return hosting_of(self.cluster.system)

    @cached_property
    def system(self) -> System[Any]:
        """The system."""
        return self.hosting.build(self.cluster)

    @cached_property
    def codec(self) -> Codec:
        """Its words."""
        return Codec(self.hosting.vocabulary)

    @property
    def served(self) -> tuple[NodeId, ...]:
        """The nodes that run by themselves."""
        return self.hosting.served(self.system)

    @property
    def clients(self) -> tuple[NodeId, ...]:
        """The nodes that run within whoever calls."""
        return self.hosting.clients(self.system)

    def require(self, node: NodeId) -> NodeId:
        """Return the name of a node; raises ClusterError if there is none of that name."""
        if node not in self.system.nodes:
            names = " ".join(self.system.nodes)
            raise ClusterError(f"{node!r} is no node of {self.cluster.source}; nodes: {names}")
        return node

    def settings(
        self,
        node: NodeId,
        *,
        log: Path | None = None,
        log_depth: LogDepth = "everything",
        is_synced: bool = True,
    ) -> Settings:
        """Return how a node is run."""
        cluster = self.cluster
        if self.require(node) in self.served and node not in cluster.places:
            raise ClusterError(f"{cluster.source}: {node} has no place, so it cannot be served")
        listener, dialler = cluster.contexts()
        return Settings(
            self.system,
            node,
            self.codec,
            self.identity(node),
            cluster.places,
            cluster.data / node.replace(":", "_"),
            cluster.places.get(node),
            self.hosting.delays,
            self.hosting.is_spared(node),
            is_synced,
            log,
            log_depth,
            listener,
            dialler,
        )

    def identity(self, node: NodeId) -> PeerIdentity:
        """Return what a node shows of itself."""
        return PeerIdentity(node, self.cluster.system, self.codec.fingerprint, self.cluster.secret)

    async def user_of(self, node: NodeId) -> User:
        """Connect to a node as its user; raises Unreachable."""
        user = User(self.identity(USER), self.codec)
        await user.connect(node, self.cluster.places[node], self.cluster.contexts()[1])
        return user

    def client(
        self, name: NodeId | None, *, is_synced: bool = True, log: Path | None = None
    ) -> RunningNode:
        """Return a client of this name, or the first that no other process runs.

        Raises:
            ClusterError: no such client.
            NodeRuns: another process runs it, or all of them.
        """
        if name is not None and self.require(name) not in self.clients:
            raise ClusterError(f"{name} is a server; clients: {' '.join(self.clients)}")
        for client in self.clients if name is None else (name,):
            try:
                return RunningNode(self.settings(client, log=log, is_synced=is_synced))
            except NodeRuns:
                if name is not None:
                    raise
        raise NodeRuns(f"all {len(self.clients)} clients of {self.cluster.source} are busy")
