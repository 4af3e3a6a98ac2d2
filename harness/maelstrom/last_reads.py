"""What programs answer once all is at rest: asked of their states, besides the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from counterpoint.harness.maelstrom.external_system import TIME, ExternalSystem, ProgramState
from counterpoint.harness.maelstrom.json_body import JsonBody, body_of
from counterpoint.model.node import Receive, Send, Timeout
from counterpoint.model.values import NodeId
from counterpoint.model.world import World

READER = "c9999"
"""Who asks."""

MESSAGES_MAX = 2_000
"""An answer that takes more messages than that never comes."""


def last_answers(
    world: World, question: Mapping[str, Any]
) -> dict[NodeId, Mapping[str, Any] | None]:
    """Return what each program answers, None where it does not.

    Nobody is asked where a node stays silent for good: what it alone knew may be gone with it.
    """
    system = world.scenario.system
    assert isinstance(system, ExternalSystem), system
    if world.conditions.settled:
        return {}
    states = {node: world.node_state(node).state for node in system.nodes}
    asked = body_of({**question, "msg_id": 1})
    return {node: _answer(system, dict(states), node, asked) for node in system.servers}


def _answer(
    system: ExternalSystem,
    states: dict[NodeId, Any],
    node: NodeId,
    asked: JsonBody,
) -> Mapping[str, Any] | None:
    """Let messages arrive in the order in which they are sent, and time pass where none is left."""
    on_way: deque[tuple[NodeId, NodeId, JsonBody]] = deque([(READER, node, asked)])
    for _ in range(MESSAGES_MAX):
        if on_way:
            source, to, body = on_way.popleft()
            if to == READER:
                return body.fields
            step = system.handle(to, states[to], Receive(source, body))
        else:
            waiting = [name for name in system.servers if _waits(states[name])]
            if not waiting:
                return None
            to = waiting[0]
            step = system.handle(to, states[to], Timeout(TIME))
        states[to] = step.state
        for effect in step.effects:
            if isinstance(effect, Send):
                assert isinstance(effect.body, JsonBody), effect
                on_way.append((to, effect.to, effect.body))
    return None


def _waits(state: object) -> bool:
    return isinstance(state, ProgramState) and state.waits
