"""What may go wrong, one class a kind: when it is legal, and what it does.

A kind happens only within its budget in `Scenario.limits`. Crashes and omissions also stay within
what the system promises to survive; that bound is a part of `fits`, here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from counterpoint.model.fault_state import FaultState, Partition
from counterpoint.model.kind import ActionKind, Content, Mover, Target, View, may_spend
from counterpoint.model.legality import can_pass, may_be_silent, may_fail, obstacle
from counterpoint.model.node import Invoke, Receive, Timeout
from counterpoint.model.normal import NORMAL, Call, Deliver, Fire
from counterpoint.model.reaction import effects_of
from counterpoint.model.values import NodeId, Value

# ---- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop(ActionKind):
    """The network loses a message. Free where a partition or a crashed receiver is in the way."""

    kind: ClassVar[str] = "drop"
    target: ClassVar[Target] = "message"
    needs: ClassVar[tuple[str, ...]] = ("drop", "crash", "tear", "cut")
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Until the faults stop, where something is in the way or the budget allows it."""
        conditions = state.conditions
        if conditions.settled is not None:
            return False
        if conditions.down or conditions.cuts:
            return True
        return may_spend(state.scenario, conditions, cls.kind)

    def fits(self, state: View) -> bool:
        """A message that something is in the way of; within the budget any but one to oneself."""
        if not state.is_waiting(self.content):
            return False
        if self.is_free(state):
            return True
        return self.src != self.dst and may_spend(state.scenario, state.conditions, self.kind)

    def is_free(self, state: View) -> bool:
        """Where something is in the way."""
        return obstacle(state.conditions, self.src, self.dst) is not None

    def perform(self, move: Mover) -> None:
        """Lose the message."""
        in_the_way = obstacle(move.conditions, self.src, self.dst)
        move.lose(self.content, in_the_way or "dropped by the network")


@dataclass(frozen=True, slots=True)
class Duplicate(ActionKind):
    """The network makes a second copy of a message; it keeps its identity."""

    kind: ClassVar[str] = "duplicate"
    target: ClassVar[Target] = "message"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """Any message but one to oneself."""
        return self.src != self.dst and state.is_waiting(self.content)

    def perform(self, move: Mover) -> None:
        """Copy the message."""
        move.copy(self.content)


@dataclass(frozen=True, slots=True)
class Overtake(ActionKind):
    """On an ordered network, a message arrives before older ones of its link."""

    kind: ClassVar[str] = "reorder"
    target: ClassVar[Target] = "message"
    is_for_queues: ClassVar[bool] = True
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    @classmethod
    def is_open(cls, state: View) -> bool:
        """On an ordered network, within the budget."""
        if state.scenario.network == "unordered":
            return False
        return may_spend(state.scenario, state.conditions, cls.kind)

    def fits(self, state: View) -> bool:
        """A message that is not the head of its link, and that nothing is in the way of."""
        content = self.content
        if not state.is_waiting(content) or state.is_head(content):
            return False
        return can_pass(state.conditions, self.src, self.dst)

    def perform(self, move: Mover) -> None:
        """Give the message to its receiver."""
        move.deliver(self.content)


def may_hold(state: View, node: NodeId) -> bool:
    """Tell whether one more message to a node may be held back, by the budget for delays."""
    held = sum(1 for _ in state.held_at(node))
    return may_spend(state.scenario, state.conditions, "delay", held)


@dataclass(frozen=True, slots=True)
class Delay(ActionKind):
    """A message is held back while all others, also later ones of its link, may pass."""

    kind: ClassVar[str] = "delay"
    target: ClassVar[Target] = "message"
    is_for_queues: ClassVar[bool] = True
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """Any message, while fewer are held back at its receiver than the budget allows at once."""
        return may_hold(state, self.dst) and state.is_waiting(self.content)

    def perform(self, move: Mover) -> None:
        """Hold the message back."""
        move.hold(self.content)


@dataclass(frozen=True, slots=True)
class Release(ActionKind):
    """A message that was held back goes on its way again."""

    kind: ClassVar[str] = "release"
    target: ClassVar[Target] = "held"
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("delay",)
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value

    def perform(self, move: Mover) -> None:
        """Let the message go."""
        move.release(self.content)


# ---- nodes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Omit(ActionKind):
    """A node silently loses a message that it should send or receive, and counts as silent.

    Once silent, a node may lose any message until it is mended; it never lies and never stops.
    """

    kind: ClassVar[str] = "omit"
    target: ClassVar[Target] = "message"
    is_of_its_place: ClassVar[bool] = True

    src: NodeId
    dst: NodeId
    body: Value
    by: NodeId

    @classmethod
    def of_message(cls, content: Content) -> Iterable[Omit]:
        """Lost by its sender, or by its receiver."""
        src, dst, _ = content
        return () if src == dst else (cls(*content, src), cls(*content, dst))

    def fits(self, state: View) -> bool:
        """Any message but one to oneself, if this end may be silent."""
        if self.src == self.dst or self.by not in (self.src, self.dst):
            return False
        return state.is_waiting(self.content) and may_be_silent(
            state.scenario, state.conditions, self.by
        )

    def perform(self, move: Mover) -> None:
        """Lose the message."""
        if self.by not in move.conditions.silent:
            move.conditions = move.conditions.with_silent(self.by)
            move.log("silence", value=self.by)
        moment = "sending" if self.by == self.src else "receiving"
        move.lose(self.content, f"{self.by} failed silently at {moment}")


@dataclass(frozen=True, slots=True)
class Mend(ActionKind):
    """A silent node is well again, so that another may fail instead."""

    kind: ClassVar[str] = "mend"
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("omit",)
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """While a node is silent, until the faults have stopped."""
        return bool(state.conditions.silent) and state.conditions.settled is None

    def fits(self, state: View) -> bool:
        """A silent node, running or not."""
        return self.node in state.conditions.silent

    def perform(self, move: Mover) -> None:
        """Mend the node."""
        move.conditions = move.conditions.after_mend(self.node)
        move.log("mend", value=self.node)


@dataclass(frozen=True, slots=True)
class Crash(ActionKind):
    """A node stops, and forgets all but what it persisted. Its operation stays open for ever."""

    kind: ClassVar[str] = "crash"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the nodes that are down."""
        conditions = state.conditions
        return may_spend(state.scenario, conditions, cls.kind, len(conditions.down))

    def fits(self, state: View) -> bool:
        """A running node whose failure the system promises to survive."""
        return state.is_up(self.node) and may_fail(state.scenario, state.conditions, self.node)

    def perform(self, move: Mover) -> None:
        """Stop the node."""
        move.conditions = move.conditions.after_crash(self.node)
        move.crash(self.node)


@dataclass(frozen=True, slots=True)
class Tear(ActionKind):
    """A node crashes in the middle of a step: the first `effects` of its effects happened, no more.

    All other steps are atomic: what a handler asks for happens as a whole. A real node may stop after
    it has sent and before it has persisted; this is that. With no effect done it would be a message
    lost and a crash, with all of them a crash after the step, so it is neither. It uses what the step
    uses, besides: a timer has gone off, and counts where there is a budget for `fire`.
    """

    kind: ClassVar[str] = "tear"
    is_of_its_place: ClassVar[bool] = True

    step: Deliver | Call | Fire
    effects: int

    @property
    def at(self) -> NodeId | None:
        """The node that stops."""
        return self.step.at

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the nodes that are down."""
        conditions = state.conditions
        return may_spend(state.scenario, conditions, cls.kind, len(conditions.down))

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Tear]:
        """Each way to break off each step that the node may take, if it may fail now."""
        if at is None or not may_fail(state.scenario, state.conditions, at):
            return ()
        return cls.of_steps(state, at)

    @classmethod
    def of_steps(cls, state: View, at: NodeId) -> Iterator[Tear]:
        """Yield each way to break off each step that a node may take, whether or not it may fail."""
        for kind in NORMAL:
            if kind in state.scenario.actions:
                for step in kind.options(state, at):
                    assert isinstance(step, Deliver | Call | Fire)
                    count = len(
                        effects_of(state.scenario.system, at, state.node_state(at), _input(step))
                    )
                    yield from (cls(step, done) for done in range(1, count))

    def fits(self, state: View) -> bool:
        """A step that may be taken, broken off at a node that may fail."""
        return self in self.candidates(state, self.at)

    def conditions_after(self, state: View) -> FaultState:
        """Count it, and what the step counts."""
        return self.step.conditions_after(state).with_one_more(self.kind)

    def perform(self, move: Mover) -> None:
        """Take the step up to there, and stop the node."""
        node = self.at
        assert node is not None, f"{self!r} is at no node"
        self.step.perform(move.tearing(self.effects))
        move.conditions = move.conditions.after_crash(node)
        move.crash(node)


def _input(step: Deliver | Call | Fire) -> Receive | Invoke | Timeout:
    match step:
        case Deliver():
            return Receive(step.src, step.body)
        case Call():
            return Invoke(step.operation)
        case Fire():
            return Timeout(step.timer)


@dataclass(frozen=True, slots=True)
class Restart(ActionKind):
    """A node that crashed runs again, with what it had persisted."""

    kind: ClassVar[str] = "restart"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("crash", "tear")
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """While a node is down."""
        return bool(state.conditions.down)

    def fits(self, state: View) -> bool:
        """A node that is down, unless it stays silent for good."""
        conditions = state.conditions
        return self.node in conditions.down and self.node not in (conditions.settled or ())

    def perform(self, move: Mover) -> None:
        """Start the node again."""
        move.conditions = move.conditions.after_restart(self.node)
        move.recover(self.node)


# ---- the network as a whole ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut(ActionKind):
    """A partition begins: some nodes are cut off from all others, both ways or one."""

    kind: ClassVar[str] = "cut"
    target: ClassVar[Target] = "network"
    is_of_its_place: ClassVar[bool] = True

    side: tuple[NodeId, ...]
    direction: str = "both"

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the partitions in force."""
        conditions = state.conditions
        return may_spend(state.scenario, conditions, cls.kind, len(conditions.cuts))

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Cut]:
        """Each group that the scenario lists, in each direction."""
        if at is not None:
            return ()
        sides = state.scenario.partitions
        return (cls(side, direction) for side in sides for direction in ("both", "in", "out"))

    def fits(self, state: View) -> bool:
        """One that is not in force."""
        return Partition(self.side, self.direction) not in state.conditions.cuts

    def perform(self, move: Mover) -> None:
        """Cut the links."""
        cut = Partition(self.side, self.direction)
        move.conditions = move.conditions.with_cut(cut)
        move.log("partition", value=cut)


@dataclass(frozen=True, slots=True)
class Heal(ActionKind):
    """A partition ends."""

    kind: ClassVar[str] = "heal"
    target: ClassVar[Target] = "network"
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("cut",)
    is_of_its_place: ClassVar[bool] = True

    side: tuple[NodeId, ...]
    direction: str = "both"

    @classmethod
    def is_open(cls, state: View) -> bool:
        """While a partition is in force."""
        return bool(state.conditions.cuts)

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Heal]:
        """Each partition in force."""
        if at is not None:
            return ()
        return (cls(cut.side, cut.direction) for cut in state.conditions.cuts)

    def perform(self, move: Mover) -> None:
        """Restore the links."""
        cut = Partition(self.side, self.direction)
        move.conditions = move.conditions.after_heal(cut)
        move.log("heal", value=cut)
