"""What happens in a run without faults: a message arrives, a client calls, a timer goes off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.exact import distinct
from counterpoint.model.fault_state import FaultState
from counterpoint.model.kind import Action, ActionKind, Mover, Target, View, undone_by
from counterpoint.model.legality import after_fire, may_arrive, may_fire
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId, Value


@quick_init
@dataclass(frozen=True, slots=True)
class Deliver(ActionKind):
    """A message arrives: on an unordered network any one, on an ordered one the oldest of its link."""

    kind: ClassVar[str] = "deliver"
    is_fault: ClassVar[bool] = False
    target: ClassVar[Target] = "message"
    spends: ClassVar[bool] = False
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """A message that can arrive now."""
        return state.is_waiting(self.content) and may_arrive(state, self.content)

    def perform(self, move: Mover) -> None:
        """Give the message to its receiver."""
        move.deliver(self.content)


@dataclass(frozen=True, slots=True)
class Call(ActionKind):
    """A client asks for an operation: the next of its calls, or any of them where order is free."""

    kind: ClassVar[str] = "call"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    is_of_its_place: ClassVar[bool] = True

    client: NodeId
    operation: Value

    @property
    def at(self) -> NodeId:
        """The client."""
        return self.client

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Call]:
        """The calls that an idle client may begin."""
        if at is None or (node_state := state.node_state(at)).pending is not None:
            return ()
        todo = node_state.todo[:1] if state.scenario.in_order else distinct(node_state.todo)
        return (cls(at, operation) for operation in todo)

    def fits(self, state: View) -> bool:
        """A running client's call that comes next."""
        return state.is_up(self.client) and self in self.candidates(state, self.client)

    def perform(self, move: Mover) -> None:
        """Begin the operation."""
        move.begin(self.client, self.operation)


@dataclass(frozen=True, slots=True)
class Fire(ActionKind):
    """A timer goes off. With a budget for `fire` so many times before the faults stop, else freely.

    It is no fault, and no count of faults has it.
    """

    kind: ClassVar[str] = "fire"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    is_of_its_place: ClassVar[bool] = True

    node: NodeId
    timer: str

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within its budget, if it has one."""
        return may_fire(state.scenario, state.conditions)

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Fire]:
        """The armed timers of a node."""
        return () if at is None else (cls(at, timer) for timer in state.node_state(at).timers)

    def fits(self, state: View) -> bool:
        """An armed timer of a running node."""
        return state.is_up(self.node) and self.timer in state.node_state(self.node).timers

    def conditions_after(self, state: View) -> FaultState:
        """Count it, where there is a budget."""
        return after_fire(state.scenario, state.conditions)

    def perform(self, move: Mover) -> None:
        """Let the timer go off."""
        move.expire(self.node, self.timer)


NORMAL: tuple[type[Action], ...] = (Deliver, Call, Fire)
"""What a run is made of where nothing interferes, in the order in which searches consider it."""


def is_further(kind: type[Action]) -> bool:
    """Tell whether a kind is none of these, no fault, and undoes none: it happens by itself besides.

    >>> is_further(Fire)
    False
    """
    return not (kind.is_fault or kind in NORMAL or undone_by(kind))
