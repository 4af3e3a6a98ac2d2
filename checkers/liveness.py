"""Liveness: once the faults have stopped, every call that is owed an answer has got one.

Judged at the end of a run that has settled and is at rest (nothing can happen any more among the
nodes that are well), or that goes round in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from counterpoint.model.actions import ACTIONS
from counterpoint.model.event import Event
from counterpoint.model.rules import roles
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Verdict, broken, holds, undecided
from counterpoint.model.world import Action, World

Waits = Callable[[World, NodeId, Value], str]
"""Says what the operation of a client still waits for in a world."""


def check_liveness(
    trace: Trace,
    *,
    sends_again: bool = True,
    waits_for: Waits | None = None,
    name: str = "liveness",
) -> Verdict:
    """Judge whether a call was left without the answer that it is owed.

    A call is owed an answer if no node of `Scenario.depends_on` was down or silent since the call,
    its client included. A protocol that does not send again what was lost (`sends_again` false)
    owes one only if, besides, all nodes that failed since the call are together no more than
    `Scenario.tolerates`, and the network itself lost nothing. Nobody is owed an answer where the
    nodes that stay silent for good have become too many for the roles at the end. Examined are the
    calls that were answered or owed an answer.
    """
    world = trace.final
    if world.conditions.settled is None:
        return undecided(name, "the faults did not stop before the end of the run")
    if trace.repeats is None and (left := next(still_possible(world), None)) is not None:
        return undecided(name, f"the run stopped before it was at rest: {left!r} was still to come")
    answered = sum(event.kind == "return" for event in trace.events)
    owed = [call for call in open_calls(trace) if _is_owed(world, call, sends_again=sends_again)]
    if owed and not _is_within_bound(world):
        silent = ", ".join(world.conditions.settled)
        return undecided(
            name,
            f"roles changed after the faults had stopped: by the roles at the end, {silent} are "
            "more than the system promises to survive",
            examined=answered,
        )
    if owed:
        return _broken(name, trace, owed[0], waits_for, examined=answered + len(owed))
    return holds(name, examined=answered)


check_liveness.is_about_answers = True  # type: ignore[attr-defined]  # see Property


def still_possible(world: World) -> Iterator[Action]:
    """Return what can still happen, faults aside, at nodes that are not silent for good."""
    places = (None, *world.scenario.system.nodes)
    for place in places:
        if place not in (world.conditions.settled or ()):
            for kind in ACTIONS:
                if not kind.is_fault:
                    yield from kind.options(world, place)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call without an answer, the nodes that failed since, and whether the network lost a message.

    A node that had failed before and was not well again counts as failed since.
    """

    event: Event
    failed: frozenset[NodeId]
    has_lost: bool = False

    def after(self, event: Event, failed: frozenset[NodeId]) -> OpenCall:
        """Return this call one event later, at which these nodes are down or silent."""
        has_lost = event.kind == "lose" and not failed & {event.src, event.dst}
        return replace(self, failed=self.failed | failed, has_lost=self.has_lost or has_lost)


def open_calls(trace: Trace) -> list[OpenCall]:
    """Return the calls that are pending at the end, in call order."""
    pending = {
        f"o{number}" for number in trace.final.calls if number is not None
    }  # a call that a crash cut is not pending: its client does not wait any more
    calls: list[OpenCall] = []
    failing = Failing()
    for event in trace.events:
        failing = failing.after(event)
        calls = [call.after(event, failing.nodes) for call in calls]
        if event.kind == "invoke" and event.operation in pending:
            calls.append(OpenCall(event, failing.nodes))
    return calls


@dataclass(frozen=True, slots=True)
class Failing:
    """The nodes that are down or silent at one moment of a run."""

    down: frozenset[NodeId] = frozenset()
    silent: frozenset[NodeId] = frozenset()

    @property
    def nodes(self) -> frozenset[NodeId]:
        """Both together."""
        return self.down | self.silent

    def after(self, event: Event) -> Failing:
        """Return who fails after an event."""
        match event:
            case Event(kind="crash", node=str(node)):
                return replace(self, down=self.down | {node})
            case Event(kind="recover", node=str(node)):
                return replace(self, down=self.down - {node})
            case Event(kind="silence", value=str(node)):
                return replace(self, silent=self.silent | {node})
            case Event(kind="mend", value=str(node)):
                return replace(self, silent=self.silent - {node})
            case Event(kind="settle", value=tuple(nodes)):
                return replace(self, silent=frozenset(nodes))
            case _:
                return self


def _is_within_bound(world: World) -> bool:
    """Tell whether the system promises to survive the silent nodes in the roles that are left."""
    present = roles(world.scenario, world.conditions)
    return world.scenario.tolerates(world.conditions.settled or (), present)


def _is_owed(world: World, call: OpenCall, *, sends_again: bool) -> bool:
    assert call.event.node is not None, f"event {call.event.id} calls an operation at no node"
    needed = {call.event.node, *world.scenario.depends_on(call.event.node, call.event.value)}
    if call.failed & needed:
        return False
    if sends_again:
        return True
    present = roles(world.scenario, world.conditions)
    return not call.has_lost and world.scenario.tolerates(tuple(sorted(call.failed)), present)


def _broken(
    name: str, trace: Trace, call: OpenCall, waits_for: Waits | None, *, examined: int
) -> Verdict:
    client, operation = call.event.node, call.event.operation
    assert client is not None, f"event {call.event.id} calls an operation at no node"
    assert operation is not None, f"event {call.event.id} calls an operation without a name"
    settled = next(event.step for event in trace.events if event.kind == "settle")
    reason = f": {waits_for(trace.final, client, call.event.value)}" if waits_for else ""
    end = f"step {len(trace.choices) - 1}"
    ending = (
        f"since {end} nothing can happen any more"
        if trace.repeats is None
        else f"after {end} all is again as it was before step {trace.repeats}"
    )
    failed = f"failed since the call: {', '.join(sorted(call.failed)) or 'no node'}"
    return broken(
        name,
        f"{client}'s {show(call.event.value)} never returned{reason}",
        examined=examined,
        because=(
            f"{operation} was called (step {call.event.step}); {failed}",
            f"the faults stopped (step {settled}); {ending}",
        ),
        culprits=(operation,),
    )
