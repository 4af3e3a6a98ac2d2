"""Three faults of one's own, each one class: of a message, of a node, of the network with its undo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.conditions import Partition
from counterpoint.model.move import Move
from counterpoint.model.node import Timeout
from counterpoint.model.rules import may_spend, waiting
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, Moved, World, oldest


@dataclass(frozen=True, slots=True)
class Garble:
    """A message becomes another one on its way: its body is lost, and "garbled" comes instead."""

    kind: ClassVar[str] = "garble"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The node that the message is addressed to."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Garble]:
        """Each waiting content that is not garbled yet."""
        if may_spend(world.scenario, world.conditions, cls.kind):
            yield from (cls(*f.content) for f in waiting(world, at) if f.body != "garbled")

    def apply(self, world: World) -> Moved:
        """Garble the message."""
        move = Move(world)
        move.conditions = world.conditions.with_one_more(self.kind)
        move.take(oldest(world.flights, (self.src, self.dst, self.body)))
        move.send(self.src, self.dst, "garbled")
        return move.done()


@dataclass(frozen=True, slots=True)
class Poke:
    """A node's clock jumps: it gets a timeout that it never set."""

    kind: ClassVar[str] = "poke"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Poke]:
        """Any node that is up."""
        can = may_spend(world.scenario, world.conditions, cls.kind)
        if can and at is not None and world.is_up(at):
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Let the clock jump."""
        move = Move(world)
        move.conditions = world.conditions.with_one_more(self.kind)
        move.log("timer", self.node, value="poke")
        move.give(self.node, Timeout("poke"))
        return move.done()


@dataclass(frozen=True, slots=True)
class Isolate:
    """A node loses its network, both ways, wherever the scenario lists no partition."""

    kind: ClassVar[str] = "isolate"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> None:
        """The network as a whole."""
        return

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Isolate]:
        """Each node that is not isolated."""
        if at is None and may_spend(world.scenario, world.conditions, cls.kind):
            for node in world.scenario.system.nodes:
                if Partition((node,)) not in world.conditions.cuts:
                    yield cls(node)

    def apply(self, world: World) -> Moved:
        """Cut the node off."""
        move, cut = Move(world), Partition((self.node,))
        move.conditions = world.conditions.with_one_more(self.kind).with_cut(cut)
        move.log("partition", value=cut)
        return move.done()


@dataclass(frozen=True, slots=True)
class Rejoin:
    """The undo of `Isolate`."""

    kind: ClassVar[str] = "rejoin"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> None:
        """The network as a whole."""
        return

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Rejoin]:
        """Each isolated node."""
        if at is None:
            for node in world.scenario.system.nodes:
                if Partition((node,)) in world.conditions.cuts:
                    yield cls(node)

    def apply(self, world: World) -> Moved:
        """Let the node back."""
        move, cut = Move(world), Partition((self.node,))
        move.conditions = world.conditions.after_heal(cut)
        move.log("heal", value=cut)
        return move.done()


OWN_FAULTS: Mapping[str, type[Action]] = {
    each.kind: each for each in (Garble, Poke, Isolate, Rejoin)
}
"""Every fault that a drawn system may name."""
