"""A flood: one call sends so many messages to each of some nodes, which ignore them."""

from __future__ import annotations

from counterpoint.model.node import Input, Invoke, Return, Send, Step
from counterpoint.model.scenario import Network, Property, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId
from counterpoint.model.verdict import Verdict, holds


class Flood:
    """`source` sends `messages` to each of the others on its call."""

    def __init__(self, receivers: int, messages: int) -> None:
        self.receivers = tuple(f"r{number}" for number in range(receivers))
        self.nodes = ("source", *self.receivers)
        self._bodies = range(messages)

    def initial(self, node: NodeId) -> int:
        """Nothing is remembered."""
        del node
        return 0

    def handle(self, node: NodeId, state: int, given: Input) -> Step[int]:
        """Flood the others when called."""
        del node
        if not isinstance(given, Invoke):
            return Step(state)
        sends = (Send(to, body) for body in self._bodies for to in self.receivers)
        return Step(state, (*sends, Return("sent")))


def _holds(trace: Trace) -> Verdict:
    return holds("flood", examined=len(trace.events))


def flood(receivers: int, messages: int, network: Network = "unordered") -> Scenario:
    """Return a scenario whose one call is a flood."""
    system = Flood(receivers, messages)
    claim = Property("flood", _holds)
    return Scenario("flood", system, {"source": ("go",)}, (claim,), network=network)
