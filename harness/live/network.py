"""The network of a cluster: every link passes through a port of its own, so that it can be harmed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from counterpoint.harness.live.cluster import Cluster, ClusterError
from counterpoint.harness.live.ports import HOST, free_ports
from counterpoint.model.values import NodeId

PROXY = "network"
"""The name of the process that is the network."""


@dataclass(frozen=True)
class ClusterNetwork:
    """The links of a cluster, each named "who dials>who is dialled", between these nodes.

    Of two nodes with a place the one that comes first dials; one without a place dials all others.
    """

    cluster: Cluster
    nodes: tuple[NodeId, ...]
    dialling: tuple[NodeId, ...]

    @cached_property
    def links(self) -> Mapping[str, tuple[int, int]]:
        """The port of each link, and the port behind it."""
        order, places = self.nodes.index, self.cluster.places
        pairs = [
            (one, other)
            for one in self.dialling
            for other in places
            if one != other and (order(one) < order(other) or one not in places)
        ]
        ports = free_ports(len(pairs), besides=[port for _, port in places.values()])
        return {
            f"{one}>{other}": (port, places[other][1])
            for (one, other), port in zip(pairs, ports, strict=True)
        }

    def seen_from(self, node: NodeId) -> Cluster:
        """Return the cluster as a node sees it that has to dial through this network."""
        places = {
            peer: (HOST, self.links[f"{node}>{peer}"][0])
            if f"{node}>{peer}" in self.links
            else place
            for peer, place in self.cluster.places.items()
        }
        return replace(self.cluster, places=places)

    def link(self, text: str) -> str:
        """Return the link between two nodes, named in either order.

        Raises:
            ClusterError: there is none.
        """
        one, _, other = text.partition(">")
        for name in (f"{one}>{other}", f"{other}>{one}"):
            if name in self.links:
                return name
        known = " ".join(self.links)
        raise ClusterError(f"{text!r} is no link of {self.cluster.source}; links: {known}")

    @property
    def arguments(self) -> list[str]:
        """The command that runs this network."""
        links = [[name, port, to] for name, (port, to) in self.links.items()]
        return [sys.executable, "-m", "counterpoint.harness.live.proxy", json.dumps(links)]


def command(links: Iterable[str], do: str, **how: float) -> str:
    """Return a line that tells the process of a network what to do with some of its links."""
    return json.dumps({"links": [*links], "do": do, **how})
