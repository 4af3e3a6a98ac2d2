"""Histories as traces: what was observed of a run, for the properties that read nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from counterpoint.model.event import Event
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId


def history_trace(scenario: Scenario, observations: Iterable[Observation]) -> Trace:
    """Return the trace that holds nothing but these observations.

    Operations have the names that they have in the run: "o1" is the first to be called.
    """
    events: list[Event] = []
    under_way: dict[NodeId, str] = {}
    called = 0
    for position, observation in enumerate(observations):
        node, kind = observation.node, observation.kind
        if kind == "invoke":
            called += 1
            operation: str | None = f"o{called}"
            under_way[node] = f"o{called}"
        elif kind == "return" or kind == "crash":
            operation = under_way.pop(node, None)
        else:
            operation = under_way.get(node)
        events.append(
            Event(position, position, kind, node, operation=operation, value=observation.value)
        )
    return Trace(scenario, (), tuple(events), ())
