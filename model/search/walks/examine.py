"""Judging fast runs: properties of histories from the observations alone, the rest by replay.

Two runs in which the same things were seen in the same order get the same verdict, so that each
history is judged once per search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterpoint.model.event import Event
from counterpoint.model.faults import Crash, Omit
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.compiled import Compiled
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId

MEMORY_MAX = 500_000
"""How many histories with their verdicts are kept; past that the memory starts anew."""


def history_trace(scenario: Scenario, observations: Iterable[Observation]) -> Trace:
    """Return the trace that holds nothing but these observations."""
    events: list[Event] = []
    under_way: dict[NodeId, str] = {}
    for position, observation in enumerate(observations):
        node, kind = observation.node, observation.kind
        operation = under_way.get(node)
        if kind == "invoke":
            operation = under_way[node] = f"o{position + 1}"
        elif kind in ("return", "crash"):
            under_way.pop(node, None)
        events.append(
            Event(position, position, kind, node, operation=operation, value=observation.value)
        )
    return Trace(scenario, (), tuple(events), ())


class Examiner:
    """Tells which property a finished simulation breaks. Keeps the verdicts that it has given."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        properties = compiled.scenario.properties
        self._of_history = tuple(p for p in properties if p.reads == "operations")
        self._of_end = tuple(p for p in properties if p.reads == "end")
        self._of_trace = tuple(p for p in properties if p.reads == "trace")
        self._known: dict[tuple[int, ...], str | None] = {}

    def broken(self, run: Simulation, failure: str | None = None) -> str | None:
        """Return the name of the first broken property, None if all hold as far as was seen."""
        if failure is not None:
            return HANDLER_PROPERTY
        if run.violated is not None:
            return run.violated
        found = self.broken_history(run.seen)
        if found is not None:
            return found
        slow = self._of_trace
        if self._of_end and any(True for _ in self.owed(run)):
            slow = (*slow, *self._of_end)
        return self._by_reference(run, slow) if slow else None

    def is_broken(self, run: Simulation, name: str, failure: str | None = None) -> bool:
        """Tell whether one property, by name, is broken."""
        if failure is not None or name == HANDLER_PROPERTY:
            return failure is not None and name == HANDLER_PROPERTY
        if self.reads(name) == "states":
            return run.violated == name
        if any(p.name == name for p in self._of_history):
            return self._judge_history(tuple(run.seen), name) == name
        others = tuple(p for p in (*self._of_end, *self._of_trace) if p.name == name)
        assert others, f"no property {name!r} in this scenario"
        return self._by_reference(run, others) is not None

    def reads(self, name: str) -> str:
        """Return what a property reads, "states" for an invariant; that of handlers, the history."""
        if any(invariant.name == name for invariant in self._compiled.scenario.invariants):
            return "states"
        properties = self._compiled.scenario.properties
        return next((p.reads for p in properties if p.name == name), "operations")

    def broken_history(self, seen: list[int]) -> str | None:
        """Return the first property that a sequence of observations breaks."""
        key = tuple(seen)
        if key not in self._known:
            if len(self._known) >= MEMORY_MAX:
                self._known.clear()
            self._known[key] = self._judge_history(key)
        return self._known[key]

    def _judge_history(self, seen: tuple[int, ...], only: str | None = None) -> str | None:
        trace = self._history(seen)
        chosen = (p for p in self._of_history if only is None or p.name == only)
        return next((p.name for p in chosen if p.check(trace).is_broken), None)

    def _history(self, seen: tuple[int, ...]) -> Trace:
        observations = self._compiled.observations
        return history_trace(self._compiled.scenario, [observations[o] for o in seen])

    def owed(self, run: Simulation) -> Iterator[NodeId]:
        """Return the clients that wait for an answer which no failure excuses."""
        pending = tuple(run.pending())
        if not pending:
            return
        failed = set(run.conditions.settled or ()) | set(run.conditions.silent)
        for choice in run.choices:
            match choice:
                case Crash(node) | Omit(by=node):
                    failed.add(node)
        depends_on = self._compiled.scenario.depends_on
        for client, operation in pending:
            if failed.isdisjoint({client, *depends_on(client, operation)}):
                yield client

    def _by_reference(self, run: Simulation, properties: tuple[Property, ...]) -> str | None:
        trace = run_reference(self._compiled.scenario, run.choices)
        return next((p.name for p in properties if p.check(trace).is_broken), None)
