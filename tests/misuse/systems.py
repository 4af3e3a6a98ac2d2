"""A client that asks, a server that answers: right, and with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from counterpoint.model.node import Input, Invoke, Receive, Return, Send, Step
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, holds

Reply = Callable[[Any, str], Any]
"""What the server returns when a message arrives, given its state and the body."""


def well(state: int, body: str) -> Step[int]:
    """Count, and answer."""
    return Step(state + 1, (Send("c", body),))


@dataclass(frozen=True)
class Echo:
    """Client c sends its operation to server s, which sends it back."""

    reply: Reply = well
    nodes: tuple[str, ...] = ("c", "s")
    state: Any = 0

    def initial(self, node: str) -> Any:
        del node
        return self.state

    def handle(self, node: str, state: Any, given: Input) -> Any:
        match given:
            case Invoke(operation):
                return Step(state, (Send("s", operation),))
            case Receive("c", str(body)):
                return self.reply(state, body)
            case Receive("s"):
                return Step(state, (Return("done"),))
        del node
        return Step(state)


def answered(trace: Trace) -> Verdict:
    """Some call was answered."""
    return holds("answered", examined=sum(event.kind == "return" for event in trace.events))


ANSWERED = Property("answered", answered)


def asking(system: object, **changes: Any) -> Scenario:
    """Return the scenario of a client that asks twice."""
    return Scenario(
        **{
            "name": "asking",
            "system": system,
            "calls": {"c": ("ping", "pong")},
            "properties": (ANSWERED,),
            "min_calls_per_run": 0.0,
            **changes,
        }
    )
