"""The nemesis: what goes wrong with a cluster, when, and for how long, drawn from a seed."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from counterpoint.harness.live.network import PROXY
from counterpoint.harness.live.processes import Children
from counterpoint.model.values import NodeId

KINDS = ("kill", "pause", "partition", "slow", "reset")
LINK_KINDS = frozenset({"partition", "slow", "reset"})
"""Those that harm links, not nodes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A fault that happened: what, to whom, and from when to when, in nanoseconds."""

    kind: str
    what: str
    began: int
    ended: int


class Nemesis:
    """Does harm to the nodes and links of a cluster, one thing at a time, and undoes it."""

    def __init__(
        self,
        children: Children,
        start: Callable[[NodeId], None],
        nodes: Sequence[NodeId],
        links: Sequence[str],
        *,
        seed: int,
    ) -> None:
        self._children, self._start = children, start
        self._nodes, self._links = tuple(nodes), tuple(links)
        self._lots = random.Random(seed)
        self.marks: list[Mark] = []

    def strike(self, kind: str, wait: Callable[[float], None]) -> Mark:
        """Do one fault of a kind and undo it; `wait(seconds)` lets time pass, and may raise.

        Whatever happens meanwhile, the fault is undone.
        """
        began = time.monotonic_ns()
        what = _HARM[kind](self, wait)
        mark = Mark(kind, what, began, time.monotonic_ns())
        self.marks.append(mark)
        return mark

    def _kill(self, wait: Callable[[float], None]) -> str:
        node = self._lots.choice(self._nodes)
        self._children.kill(node)
        try:
            wait(self._lots.uniform(0.1, 1.5))
        finally:
            self._start(node)
        return node

    def _pause(self, wait: Callable[[float], None]) -> str:
        node = self._lots.choice(self._nodes)
        self._children.signal(node, signal.SIGSTOP)
        try:
            wait(self._lots.uniform(0.2, 2.5))
        finally:
            self._children.signal(node, signal.SIGCONT)
        return node

    def _partition(self, wait: Callable[[float], None]) -> str:
        node = self._lots.choice(self._nodes)
        how = self._lots.choice(("cut", "cut", "cut-out", "cut-in"))
        links = self._of(node) if self._lots.random() < 0.4 else self._some_between_servers(node)
        return self._on_links(links, {"do": how}, wait, f"{how} {node}")

    def _slow(self, wait: Callable[[float], None]) -> str:
        node = self._lots.choice(self._nodes)
        links = self._of(node, all_=self._lots.random() < 0.5)
        if self._lots.random() < 0.3:
            return self._on_links(
                links, {"do": "throttle", "bytes": 3_000}, wait, f"throttle {node}"
            )
        seconds = self._lots.choice((0.05, 0.2, 0.6))
        return self._on_links(
            links, {"do": "slow", "seconds": seconds}, wait, f"{seconds} s {node}"
        )

    def _reset(self, wait: Callable[[float], None]) -> str:
        node = self._lots.choice(self._nodes)
        links = self._of(node)
        for _ in range(self._lots.randint(1, 4)):
            self._command({"links": links, "do": "reset"})
            wait(0.2)
        return node

    def _of(self, node: NodeId, *, all_: bool = True) -> list[str]:
        """Return the links of a node: all, or some of them."""
        links = [link for link in self._links if node in link.split(">")]
        return links if all_ else self._lots.sample(links, max(1, len(links) // 2))

    def _some_between_servers(self, node: NodeId) -> list[str]:
        """Return some of the links of a node with other servers: what most quorums are split by."""
        links = [link for link in self._of(node) if set(link.split(">")) <= set(self._nodes)]
        return self._lots.sample(links, self._lots.randint(1, max(1, len(links) - 1)))

    def _on_links(
        self, links: list[str], command: Mapping[str, Any], wait: Callable[[float], None], what: str
    ) -> str:
        self._command({"links": links, **command})
        try:
            wait(self._lots.uniform(0.5, 3.0))
        finally:
            self._command({"links": links, "do": "heal"})
        return what

    def _command(self, command: Mapping[str, Any]) -> None:
        self._children.tell(PROXY, json.dumps(command))

    def pause_seconds(self) -> float:
        """Return for how long nothing is done to anybody after a fault."""
        return self._lots.uniform(0.1, 0.8)

    def choose(self, kinds: Sequence[str]) -> str:
        """Return the kind of the next fault: each before any comes again."""
        counts = Counter(mark.kind for mark in self.marks)
        least = min(counts[kind] for kind in kinds)
        return self._lots.choice([kind for kind in kinds if counts[kind] == least])


_HARM: Mapping[str, Callable[[Nemesis, Callable[[float], None]], str]] = MappingProxyType(
    {
        "kill": Nemesis._kill,
        "pause": Nemesis._pause,
        "partition": Nemesis._partition,
        "slow": Nemesis._slow,
        "reset": Nemesis._reset,
    }
)
