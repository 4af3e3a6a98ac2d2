"""The actions of a run without faults: deliver, call, fire - and the two tables of all actions.

A new kind of fault is one class like those in `faults`, named in `Scenario.actions`; searches,
replay, traces and reports need no edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.faults import (
    Crash,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Heal,
    Mend,
    Omit,
    Overtake,
    Release,
    Restart,
)
from counterpoint.model.move import Move
from counterpoint.model.node import ChangeRole, Invoke, Timeout
from counterpoint.model.rules import (
    after_fire,
    deliverable,
    may_fire,
    may_spend,
    tolerated_failures,
)
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action, Moved, World, oldest


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message arrives: on an unordered network any one, on an ordered one the oldest of its link."""

    kind: ClassVar[str] = "deliver"
    is_fault: ClassVar[bool] = False

    src: NodeId
    dst: NodeId
    body: Value

    @property
    def at(self) -> NodeId:
        """The receiver."""
        return self.dst

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Deliver]:
        """Each deliverable content once."""
        return (cls(*flight.content) for flight in deliverable(world, at))

    def apply(self, world: World) -> Moved:
        """Give the message to its receiver."""
        move = Move(world)
        move.deliver(oldest(world.flights, (self.src, self.dst, self.body)))
        return move.done()


@dataclass(frozen=True, slots=True)
class Call:
    """A client asks for an operation: the next of its calls, or any of them where order is free."""

    kind: ClassVar[str] = "call"
    is_fault: ClassVar[bool] = False

    client: NodeId
    operation: Value

    @property
    def at(self) -> NodeId:
        """The client."""
        return self.client

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Call]:
        """The calls that an idle, running client may begin."""
        if at is None or not world.is_up(at):
            return iter(())
        core = world.core(at)
        if core.pending is not None:
            return iter(())
        todo = core.todo[:1] if world.scenario.in_order else tuple(dict.fromkeys(core.todo))
        return (cls(at, operation) for operation in todo)

    def apply(self, world: World) -> Moved:
        """Begin the operation."""
        todo = list(world.core(self.client).todo)
        todo.remove(self.operation)
        move = Move(world)
        move.call(self.client, self.operation, tuple(todo))
        move.give(self.client, Invoke(self.operation))
        return move.done()


@dataclass(frozen=True, slots=True)
class Fire:
    """A timer goes off. With a budget for `fire` this many times a run, else without bound."""

    kind: ClassVar[str] = "fire"
    is_fault: ClassVar[bool] = False

    node: NodeId
    timer: str

    @property
    def at(self) -> NodeId:
        """The node that set the timer."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Fire]:
        """The armed timers of a running node."""
        if at is None or not world.is_up(at):
            return iter(())
        if not may_fire(world.scenario, world.conditions):
            return iter(())
        return (cls(at, timer) for timer in world.core(at).timers)

    def apply(self, world: World) -> Moved:
        """Let the timer go off."""
        move = Move(world)
        move.conditions = after_fire(world.scenario, world.conditions)
        move.disarm(self.node, self.timer)
        move.log("timer", self.node, value=self.timer)
        move.give(self.node, Timeout(self.timer))
        return move.done()


@dataclass(frozen=True, slots=True)
class Transform:
    """An operator asks a node to change its role. It needs a budget for `transform`."""

    kind: ClassVar[str] = "transform"
    is_fault: ClassVar[bool] = True

    node: NodeId

    @property
    def at(self) -> NodeId:
        """The node that changes."""
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Transform]:
        """Any running node."""
        if (
            at is not None
            and world.is_up(at)
            and may_spend(world.scenario, world.conditions, cls.kind)
        ):
            yield cls(at)

    def apply(self, world: World) -> Moved:
        """Pass the operator's wish to the node."""
        move = Move(world)
        move.conditions = move.conditions.with_one_more(self.kind)
        move.log("transform", self.node)
        move.give(self.node, ChangeRole())
        return move.done()


@dataclass(frozen=True, slots=True)
class Settle:
    """The faults stop: what is cut heals, what is held goes on, who is down comes back.

    The `silent` nodes are heard no more, for good; they must be few enough for the system to
    promise an answer all the same. No search chooses this; a run ends with it.
    """

    kind: ClassVar[str] = "settle"
    is_fault: ClassVar[bool] = True

    silent: tuple[NodeId, ...] = ()

    @property
    def at(self) -> None:
        """The network as a whole."""
        return

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Settle]:
        """Silence for no one, or for any nodes that the system promises to survive without."""
        if at is None and world.conditions.settled is None:
            yield from (
                cls(silent) for silent in tolerated_failures(world.scenario, world.conditions)
            )

    def apply(self, world: World) -> Moved:
        """Stop the faults."""
        move = Move(world)
        move.log("settle", value=self.silent)
        for flight in world.held:
            move.release(flight)
        for cut in world.conditions.cuts:
            move.log("heal", value=cut)
        move.conditions = world.conditions.after_settle(self.silent)
        return move.done()


FAULTS: tuple[type[Action], ...] = (
    Drop, Duplicate, Overtake, Delay, Release, Omit, Mend, Crash, Restart, Cut, Heal, Transform,
)  # fmt: skip
"""Every kind of interference, in the order in which searches consider them."""

ACTIONS: tuple[type[Action], ...] = (Deliver, Call, Fire, *FAULTS)
"""Every action that a search may choose."""
