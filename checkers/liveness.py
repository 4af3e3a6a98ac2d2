"""Liveness: once the faults have stopped, every call that is owed an answer has got one.

Judged at the end of a run that has settled and is at rest (nothing can happen any more among the
nodes that are well), or that goes round in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from counterpoint.checkers.links import at
from counterpoint.model.actions import Call, Deliver
from counterpoint.model.event import Event
from counterpoint.model.fault_state import OpenCall, OpenCalls
from counterpoint.model.faults import Restart
from counterpoint.model.livelock import Ending, ending_of, still_possible
from counterpoint.model.observer import Observation
from counterpoint.model.owed import after_step, failing, is_owed, is_within_bound
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.verdict import Reason, Verdict, at_step, broken, holds, said, undecided
from counterpoint.model.world import World

WaitReason = Callable[[World, NodeId, Value], str]
"""Says what the operation of a client still waits for in a world."""


def check_liveness(
    trace: Trace,
    *,
    sends_again: bool = True,
    waits_for: WaitReason | None = None,
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
    scenario, conditions = world.scenario, world.conditions
    if conditions.settled is None:
        return undecided(name, "the faults did not stop before the end of the run")
    answered = sum(event.kind == "return" for event in trace.events)
    calls = open_calls(trace)
    owed = [c for c in calls if is_owed(scenario, conditions, c, sends_again=sends_again)]
    left = next(iter(still_possible(world)), None)
    if not owed:
        if isinstance(left, Deliver | Call | Restart) and trace.repeats is None:
            return undecided(name, f"not at rest: {show(left)} was still to come")
        return holds(name, examined=answered)
    ending = ending_of(trace)
    if ending is None:
        return undecided(name, f"not at rest: {show(left)} was still to come", examined=answered)
    if not is_within_bound(scenario, conditions):
        return undecided(
            name,
            "roles changed after the faults had stopped: by the roles at the end, "
            f"{', '.join(conditions.settled)} are more than the system promises to survive",
            examined=answered,
        )
    because = _told(ending, len(trace.choices))
    return _broken(name, trace, owed[0], because, waits_for, examined=answered + len(owed))


check_liveness.is_about_answers = True  # type: ignore[attr-defined]  # see Property


def _told(ending: Ending, length: int) -> Reason:
    """Say why a run of that length will never be other than it is."""
    end, begins = at_step(length - 1), at_step(ending.begins)
    match ending.kind:
        case "rest":
            return said("since ", end, " nothing can happen any more")
        case "circle":
            return said("after ", end, " all is again as it was before ", begins)
        case "growth":
            return said(
                f"the {length - ending.begins} steps from ",
                begins,
                " on happen again and again, and nothing changes but numbers that grow",
            )


def open_calls(trace: Trace) -> OpenCalls:
    """Return the calls pending at the end, in call order, with who failed since each was made."""
    calls: OpenCalls = ()
    by_step = trace.by_step()
    for step, world in enumerate(trace.worlds, start=-1):
        events = by_step.get(step, [])
        lost = [(e.src, e.dst) for e in events if e.kind == "lose" and e.src and e.dst]
        calls = after_step(calls, _observed(events), failing(world.conditions), lost)
    return calls


def _observed(events: list[Event]) -> Iterator[Observation]:
    for event in events:
        if event.kind in ("invoke", "return", "crash") and event.node is not None:
            yield Observation(event.kind, event.node, event.value)


def _broken(
    name: str,
    trace: Trace,
    call: OpenCall,
    ending: Reason,
    waits_for: WaitReason | None,
    *,
    examined: int,
) -> Verdict:
    invoked = [e for e in trace.events if e.kind == "invoke" and e.node == call.client]
    event = invoked[-1]
    if event.operation is None:
        raise ValueError(f"event {event.id} calls an operation without a name")
    settled = next(event.step for event in trace.events if event.kind == "settle")
    reason = f": {waits_for(trace.final, call.client, call.operation)}" if waits_for else ""
    failed = f"failed since the call: {', '.join(call.failed) or 'no node'}"
    return broken(
        name,
        f"{call.client}'s {show(call.operation)} never returned{reason}",
        examined=examined,
        because=(
            said(f"{event.operation} was called", at(event.step), f"; {failed}"),
            said("the faults stopped", at(settled), "; ", ending),
        ),
        culprits=(event.operation,),
    )
