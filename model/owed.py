"""Who is owed an answer: one automaton over the steps of a run, for every judge of liveness.

A call is owed an answer if no node that it depends on was down or silent since it was made, its client
included. So for each open call the nodes that failed since are remembered, step by step: from who
fails after the step, what was lost in it, and which calls began and ended in it. The checker of
liveness runs it over the events of a trace, walks over what they saw; an exhaustive search carries it
in its states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from counterpoint.model.fault_state import FaultState, OpenCall, OpenCalls
from counterpoint.model.legality import roles
from counterpoint.model.observer import Observation
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import NodeId

LinkEnds = tuple[NodeId, NodeId]
"""The two ends of a message."""


def failing(conditions: FaultState) -> tuple[NodeId, ...]:
    """Return the nodes that are down or silent, for a while or for good, sorted."""
    return tuple(sorted({*conditions.failed, *(conditions.settled or ())}))


def after_step(
    calls: OpenCalls,
    seen: Iterable[Observation],
    fails: Sequence[NodeId],
    lost: Iterable[LinkEnds] = (),
) -> OpenCalls:
    """Return the open calls after a step, after which `fails` fail, and in which `lost` was lost.

    >>> from counterpoint.model.observer import Observation
    >>> asked = after_step((), [Observation("invoke", "c", "ask")], ())
    >>> after_step(asked, (), ("s",))
    (OpenCall(client='c', operation='ask', failed=('s',), has_lost=False),)
    """
    has_lost = any(src not in fails and dst not in fails for src, dst in lost)
    now = [_later(call, fails, has_lost) for call in calls]
    for observation in seen:
        if observation.kind in ("invoke", "return", "crash"):  # a crashed client waits no more
            now = [call for call in now if call.client != observation.node]
        if observation.kind == "invoke":
            now.append(OpenCall(observation.node, observation.value, tuple(fails)))
    return tuple(now)


def _later(call: OpenCall, fails: Sequence[NodeId], has_lost: bool) -> OpenCall:
    if (not has_lost or call.has_lost) and all(node in call.failed for node in fails):
        return call
    failed = tuple(sorted({*call.failed, *fails}))
    return replace(call, failed=failed, has_lost=call.has_lost or has_lost)


def is_owed(
    scenario: Scenario, conditions: FaultState, call: OpenCall, *, sends_again: bool = True
) -> bool:
    """Tell whether a call that is open when the faults have stopped must still be answered.

    A protocol that does not send again what was lost (`sends_again` false) owes an answer only if,
    besides, all nodes that failed since the call are together no more than `Scenario.tolerates`, and
    the network itself lost nothing.
    """
    needed = {call.client, *scenario.depends_on(call.client, call.operation)}
    if not needed.isdisjoint(call.failed):
        return False
    if sends_again:
        return True
    return not call.has_lost and scenario.tolerates(call.failed, roles(scenario, conditions))


def is_within_bound(scenario: Scenario, conditions: FaultState) -> bool:
    """Tell whether the system promises to survive the silent nodes in the roles that are left."""
    return scenario.tolerates(conditions.settled or (), roles(scenario, conditions))
