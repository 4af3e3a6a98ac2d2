"""What may go wrong, one class a kind: each lists its legal instances and performs one.

A kind happens only within its budget in `Scenario.limits`. Crashes and omissions also stay within
what the system promises to survive; that bound is a guard in `options`, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.conditions import Partition
from counterpoint.model.move import Move
from counterpoint.model.node import Recover
from counterpoint.model.rules import (
    can_pass,
    deliverable,
    may_be_silent,
    may_drop,
    may_fail,
    may_spend,
    obstacle,
    waiting,
)
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Moved, World, oldest


def _spending(world: World, kind: str) -> Move:
    """Start a move that uses one of a kind's budget."""
    move = Move(world)
    move.conditions = world.conditions.with_one_more(kind)
    return move


# ---- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop:
    """The network loses a message. Free where a partition or a crashed receiver is in the way."""

    kind: ClassVar[str] = "drop"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The node that the message was addressed to."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Drop]:
        """Each waiting content once; a message to oneself cannot be lost."""
        for flight in waiting(world, at):
            if may_drop(world.scenario, world.conditions, flight.src, flight.dst):
                yield cls(*flight.content)

    def apply(self, world: World) -> Moved:
        """Lose the message."""
        flight = oldest(world.flights, (self.src, self.dst, self.body))
        in_the_way = obstacle(world.conditions, self.src, self.dst)
        move = Move(world) if in_the_way else _spending(world, self.kind)
        move.lose(flight, in_the_way or "dropped by the network")
        return move.done()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The network makes a second copy of a message; it keeps its identity."""

    kind: ClassVar[str] = "duplicate"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The node that the message is addressed to."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Duplicate]:
        """Each waiting content once."""
        if may_spend(world.scenario, world.conditions, cls.kind):
            yield from (cls(*f.content) for f in waiting(world, at) if f.src != f.dst)

    def apply(self, world: World) -> Moved:
        """Copy the message."""
        move = _spending(world, self.kind)
        move.copy(oldest(world.flights, (self.src, self.dst, self.body)))
        return move.done()


@dataclass(frozen=True, slots=True)
class Overtake:
    """On an ordered network, a message arrives before older ones of its link."""

    kind: ClassVar[str] = "reorder"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The receiver."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Overtake]:
        """Each waiting content that is not the head of its link; none on an unordered network."""
        if at is None or world.scenario.network == "unordered":
            return
        if not may_spend(world.scenario, world.conditions, cls.kind):
            return
        heads = {flight.content for flight in deliverable(world, at)}
        for flight in waiting(world, at):
            if flight.content not in heads and can_pass(world.conditions, flight.src, at):
                yield cls(*flight.content)

    def apply(self, world: World) -> Moved:
        """Give the message to its receiver."""
        move = _spending(world, self.kind)
        move.deliver(oldest(world.flights, (self.src, self.dst, self.body)))
        return move.done()


@dataclass(frozen=True, slots=True)
class Delay:
    """A message is held back while all others, also later ones of its link, may pass."""

    kind: ClassVar[str] = "delay"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The node that the message is addressed to."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Delay]:
        """Each waiting content once."""
        held = sum(flight.dst == at for flight in world.held)
        if may_spend(world.scenario, world.conditions, cls.kind, held):
            yield from (cls(*flight.content) for flight in waiting(world, at))

    def apply(self, world: World) -> Moved:
        """Hold the message back."""
        move = _spending(world, self.kind)
        flight = oldest(world.flights, (self.src, self.dst, self.body))
        move.hold(flight)
        move.log("hold", flight=flight, causes=(flight.sent,), value=flight.body)
        return move.done()


@dataclass(frozen=True, slots=True)
class Release:
    """A message that was held back goes on its way again."""

    kind: ClassVar[str] = "release"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The node that the message is addressed to."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Release]:
        """Each held content once."""
        if at is not None:
            held = (flight.content for flight in world.held if flight.dst == at)
            yield from (cls(*content) for content in dict.fromkeys(held))

    def apply(self, world: World) -> Moved:
        """Let the message go."""
        move = Move(world)
        flight = oldest(world.held, (self.src, self.dst, self.body))
        move.release(flight)
        move.log("release", flight=flight, causes=(flight.sent,), value=flight.body)
        return move.done()


# ---- nodes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Omit:
    """A node silently loses a message that it should send or receive, and counts as silent.

    Once silent, a node may lose any message until it is mended; it never lies and never stops.
    """

    kind: ClassVar[str] = "omit"
    is_fault: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value
    by: NodeId

    @property
    def at(self) -> NodeId:
        """The node that the message was addressed to, whoever loses it."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Omit]:
        """Each waiting content, lost by its sender or by its receiver, if they may be silent."""
        if not may_spend(world.scenario, world.conditions, cls.kind):
            return
        for flight in waiting(world, at):
            if flight.src != flight.dst:
                for by in (flight.src, flight.dst):
                    if may_be_silent(world.scenario, world.conditions, by):
                        yield cls(*flight.content, by)

    def apply(self, world: World) -> Moved:
        """Lose the message."""
        move = _spending(world, self.kind)
        if self.by not in world.conditions.silent:
            move.conditions = move.conditions.with_silent(self.by)
            move.log("silence", value=self.by)
        flight = oldest(world.flights, (self.src, self.dst, self.body))
        moment = "sending" if self.by == self.src else "receiving"
        move.lose(flight, f"{self.by} failed silently at {moment}")
        return move.done()


@dataclass(frozen=True, slots=True)
class Mend:
    """A silent node is well again, so that another may fail instead."""

    kind: ClassVar[str] = "mend"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Mend]:
        """A silent node, until the faults have stopped."""
        if at in world.conditions.silent and world.conditions.settled is None:
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Mend the node."""
        move = Move(world)
        move.conditions = world.conditions.after_mend(self.node)
        move.log("mend", value=self.node)
        return move.done()


@dataclass(frozen=True, slots=True)
class Crash:
    """A node stops, and forgets all but what it persisted. Its operation stays open for ever."""

    kind: ClassVar[str] = "crash"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Crash]:
        """A running node whose failure the system promises to survive."""
        if at is None or not world.is_up(at) or not may_fail(world.scenario, world.conditions, at):
            return
        if may_spend(world.scenario, world.conditions, cls.kind, len(world.conditions.down)):
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Stop the node."""
        move = _spending(world, self.kind)
        move.conditions = move.conditions.after_crash(self.node)
        move.crash(self.node)
        return move.done()


@dataclass(frozen=True, slots=True)
class Restart:
    """A node that crashed runs again, with what it had persisted."""

    kind: ClassVar[str] = "restart"
    is_fault: ClassVar[bool] = False

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Restart]:
        """A node that is down, unless it stays silent for good."""
        if at in world.conditions.down and at not in (world.conditions.settled or ()):
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Start the node again."""
        move = Move(world)
        move.conditions = world.conditions.after_restart(self.node)
        move.log("recover", self.node)
        move.give(self.node, Recover(world.core(self.node).durable))
        return move.done()


# ---- the network as a whole ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """A partition begins: some nodes are cut off from all others, both ways or one."""

    kind: ClassVar[str] = "cut"
    is_fault: ClassVar[bool] = True

    side: tuple[NodeId, ...]
    direction: str = "both"

    @property
    def at(self) -> None:
        """The network as a whole."""
        return

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Cut]:
        """Each group that the scenario lists, in each direction."""
        cuts = world.conditions.cuts
        if at is None and may_spend(world.scenario, world.conditions, cls.kind, len(cuts)):
            for side in world.scenario.partitions:
                for direction in ("both", "in", "out"):
                    if Partition(side, direction) not in cuts:
                        yield cls(side, direction)

    def apply(self, world: World) -> Moved:
        """Cut the links."""
        cut = Partition(self.side, self.direction)
        move = _spending(world, self.kind)
        move.conditions = move.conditions.with_cut(cut)
        move.log("partition", value=cut)
        return move.done()


@dataclass(frozen=True, slots=True)
class Heal:
    """A partition ends."""

    kind: ClassVar[str] = "heal"
    is_fault: ClassVar[bool] = True

    side: tuple[NodeId, ...]
    direction: str = "both"

    @property
    def at(self) -> None:
        """The network as a whole."""
        return

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Heal]:
        """Each partition in force."""
        if at is None:
            yield from (cls(cut.side, cut.direction) for cut in world.conditions.cuts)

    def apply(self, world: World) -> Moved:
        """Restore the links."""
        cut = Partition(self.side, self.direction)
        move = Move(world)
        move.conditions = world.conditions.after_heal(cut)
        move.log("heal", value=cut)
        return move.done()
