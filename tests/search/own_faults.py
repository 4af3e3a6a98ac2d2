"""Faults of one's own, a class each: of a message, of a node, and of the network with what ends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.fault_state import Partition
from counterpoint.model.kind import ActionKind, Content, Mover, Target, View
from counterpoint.model.node import Timeout
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True, slots=True)
class Garble(ActionKind):
    """A message arrives as another one."""

    kind: ClassVar[str] = "garble"
    target: ClassVar[Target] = "message"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def perform(self, move: Mover) -> None:
        move.lose(self.content, "garbled")
        move.send(self.src, self.dst, "garbled")


@dataclass(frozen=True, slots=True)
class Become(ActionKind):
    """Others arrive in the place of a message: "garbled", or one that comes after it, or none."""

    kind: ClassVar[str] = "become"
    target: ClassVar[Target] = "message"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value
    others: tuple[Value, ...]

    @classmethod
    def of_message(cls, content: Content) -> Iterable[Become]:
        return [cls(*content, others) for others in ((), ("garbled",), (content[2], "garbled"))]

    def perform(self, move: Mover) -> None:
        move.exchange(self.content, self.others)


@dataclass(frozen=True, slots=True)
class Rot(ActionKind):
    """A message that is held back arrives as another one."""

    kind: ClassVar[str] = "rot"
    target: ClassVar[Target] = "held"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def perform(self, move: Mover) -> None:
        move.release(self.content)
        move.lose(self.content, "rotten")
        move.send(self.src, self.dst, "garbled")


@dataclass(frozen=True, slots=True)
class Poke(ActionKind):
    """A node gets a timeout that it never set."""

    kind: ClassVar[str] = "poke"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    def perform(self, move: Mover) -> None:
        move.log("timer", self.node, value="poke")
        move.give(self.node, Timeout("poke"))


@dataclass(frozen=True, slots=True)
class Isolate(ActionKind):
    """A node is cut off from all others."""

    kind: ClassVar[str] = "isolate"
    target: ClassVar[Target] = "network"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Isolate]:
        return (cls(node) for node in state.scenario.system.nodes) if at is None else ()

    def fits(self, state: View) -> bool:
        return Partition((self.node,)) not in state.conditions.cuts

    def perform(self, move: Mover) -> None:
        move.conditions = move.conditions.with_cut(Partition((self.node,)))
        move.log("partition", value=Partition((self.node,)))


@dataclass(frozen=True, slots=True)
class Rejoin(ActionKind):
    """A node that was cut off is there again."""

    kind: ClassVar[str] = "rejoin"
    target: ClassVar[Target] = "network"
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("isolate",)
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Rejoin]:
        return (cls(node) for node in state.scenario.system.nodes) if at is None else ()

    def fits(self, state: View) -> bool:
        return Partition((self.node,)) in state.conditions.cuts

    def perform(self, move: Mover) -> None:
        move.conditions = move.conditions.after_heal(Partition((self.node,)))
        move.log("heal", value=Partition((self.node,)))
