"""Harm by hand: what a person says to a running cluster, to slow its links and stop its nodes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from counterpoint.harness.live.cluster import ClusterError
from counterpoint.harness.live.network import PROXY, ClusterNetwork, command
from counterpoint.harness.live.processes import Children
from counterpoint.model.values import NodeId

WORDS = (
    "slow s1>s2 0.5; cut s1>s2; heal [s1>s2]; reset s1>s2; pause s1; resume s1; kill s1; start s1"
)


@dataclass
class HarmByHand:
    """Does what lines say to nodes and links; `start` runs a node again that was killed."""

    children: Children
    network: ClusterNetwork
    start: Callable[[NodeId], None]
    down: set[NodeId] = field(default_factory=set)

    def obey(self, line: str) -> str:
        """Do what a line says, and return what was done.

        Raises:
            ClusterError: it says nothing clear, or nothing that can be done now.
        """
        match line.split():
            case ["slow", link, seconds]:
                return self._on_link(link, "slow", seconds=_seconds(seconds))
            case [("cut" | "reset" | "heal") as what, link]:
                return self._on_link(link, what)
            case ["heal"]:
                self.children.tell(PROXY, command(self.network.links, "heal"))
                return "heal all links"
            case [what, node] if what in _ON_NODES:
                _ON_NODES[what](self, self._node(node))
                return f"{what} {node}"
        raise ClusterError(f"{line.strip()!r} is nothing that can be done; there are: {WORDS}")

    def _on_link(self, text: str, do: str, **how: float) -> str:
        link = self.network.link(text)
        self.children.tell(PROXY, command([link], do, **how))
        return " ".join([do, link, *(f"{value:g} s" for value in how.values())])

    def _node(self, text: str) -> NodeId:
        if text not in self.network.dialling:
            raise ClusterError(f"{text!r} is no node here: {' '.join(self.network.dialling)}")
        return text

    def _pause(self, node: NodeId) -> None:
        self._require_up(node)
        self.children.signal(node, signal.SIGSTOP)

    def _resume(self, node: NodeId) -> None:
        self._require_up(node)
        self.children.signal(node, signal.SIGCONT)

    def _kill(self, node: NodeId) -> None:
        self._require_up(node)
        self.down.add(node)
        self.children.kill(node)

    def _start_again(self, node: NodeId) -> None:
        if node not in self.down:
            raise ClusterError(f"{node} runs already")
        self.start(node)
        self.down.discard(node)

    def _require_up(self, node: NodeId) -> None:
        if node in self.down:
            raise ClusterError(f"{node} does not run; start it first")


_ON_NODES: Mapping[str, Callable[[HarmByHand, NodeId], None]] = MappingProxyType(
    {
        "pause": HarmByHand._pause,
        "resume": HarmByHand._resume,
        "kill": HarmByHand._kill,
        "start": HarmByHand._start_again,
    }
)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 60:
        raise ClusterError(f"{text!r} is no time; right would be seconds, from 0 to 60")
    return seconds
