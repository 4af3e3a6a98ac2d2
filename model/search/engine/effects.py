"""What an action at a node does, in numbers: what all slots with a node state share is worked out once.

Many slots have the same node state and differ in their inboxes. What a message does to the node
state, to the conditions and to other nodes is the same in all of them: an effect. Only the inbox that
is left differs.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from counterpoint.model.search.engine.transition_tables import Message, NodeStateId
from counterpoint.model.world import Action

SlotId: TypeAlias = int
EnvironmentId: TypeAlias = int

SlotFields: TypeAlias = tuple[NodeStateId, tuple[Message, ...], tuple[Message, ...]]
"""A slot as the plain tuple that it equals, which takes a fraction of the time to make."""


class ActionEffect(NamedTuple):
    """What one action at a node does but for its slot: the conditions after it, and what is seen.

    `batches` pairs each other node with the batch of messages sent to it; `sets` are the timers of
    the node that it set or cancelled.
    """

    environment: EnvironmentId
    batches: tuple[tuple[int, int], ...]
    seen: int
    action: Action
    sets: tuple[str, ...] = ()


class NodeStateStep(NamedTuple):
    """What an input may do to a node: its state after it, messages to itself, its effect's number."""

    node_state: NodeStateId
    own: tuple[Message, ...]
    effect: int


Moves: TypeAlias = tuple[list[SlotId], list[int]]
"""What can happen at a place: the slot after each action, and the number of its effect there."""
