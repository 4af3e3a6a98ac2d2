"""Faults of one's own, each one class: of a message, of two nodes, of the network with its undo.

One of them is no `ActionKind`: it has the five things that an action must have, and says no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.fault_state import Partition
from counterpoint.model.kind import ActionKind, Mover, Target, View, may_spend
from counterpoint.model.node import Timeout
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, Moved, World, WorldMover


@dataclass(frozen=True, slots=True)
class Garble(ActionKind):
    """A message becomes another one on its way: its body is lost, and "garbled" comes instead."""

    kind: ClassVar[str] = "garble"
    target: ClassVar[Target] = "message"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """A message that is not garbled yet."""
        return self.body != "garbled" and state.is_waiting(self.content)

    def perform(self, move: Mover) -> None:
        """Garble the message."""
        move.lose(self.content, "garbled")
        move.send(self.src, self.dst, "garbled")


@dataclass(frozen=True, slots=True)
class Poke(ActionKind):
    """A node's clock jumps: it gets a timeout that it never set."""

    kind: ClassVar[str] = "poke"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    def perform(self, move: Mover) -> None:
        """Let the clock jump."""
        move.log("timer", self.node, value="poke")
        move.give(self.node, Timeout("poke"))


@dataclass(frozen=True, slots=True)
class Jolt:
    """The same by a class that is no kind of ours."""

    kind: ClassVar[str] = "jolt"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Jolt]:
        """Any node that is up."""
        can = may_spend(world.scenario, world.conditions, cls.kind)
        if can and at is not None and world.is_up(at):
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Let the clock jump."""
        move = WorldMover(world)
        move.conditions = world.conditions.with_one_more(self.kind)
        move.log("timer", self.node, value="poke")
        move.give(self.node, Timeout("poke"))
        return move.done()


@dataclass(frozen=True, slots=True)
class Isolate(ActionKind):
    """A node loses its network, both ways, wherever the scenario lists no partition."""

    kind: ClassVar[str] = "isolate"
    target: ClassVar[Target] = "network"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Isolate]:
        """Each node."""
        return () if at is not None else map(cls, state.scenario.system.nodes)

    def fits(self, state: View) -> bool:
        """A node that is not isolated."""
        return Partition((self.node,)) not in state.conditions.cuts

    def perform(self, move: Mover) -> None:
        """Cut the node off."""
        cut = Partition((self.node,))
        move.conditions = move.conditions.with_cut(cut)
        move.log("partition", value=cut)


@dataclass(frozen=True, slots=True)
class Rejoin(ActionKind):
    """The undo of `Isolate`."""

    kind: ClassVar[str] = "rejoin"
    target: ClassVar[Target] = "network"
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("isolate",)
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Rejoin]:
        """Each node."""
        return () if at is not None else map(cls, state.scenario.system.nodes)

    def fits(self, state: View) -> bool:
        """A node that is isolated."""
        return Partition((self.node,)) in state.conditions.cuts

    def perform(self, move: Mover) -> None:
        """Let the node back."""
        cut = Partition((self.node,))
        move.conditions = move.conditions.after_heal(cut)
        move.log("heal", value=cut)


OWN_FAULTS: Mapping[str, type[Action]] = {
    each.kind: each for each in (Garble, Poke, Jolt, Isolate, Rejoin)
}
"""Every fault that a drawn system may name."""
