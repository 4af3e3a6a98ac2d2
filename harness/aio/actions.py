"""What happens to nodes that are programs, besides deliveries: timers, power cuts, broken connections.

Each is one class, as all kinds of action are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

from counterpoint.harness.aio.past import Past
from counterpoint.harness.aio.traffic import (
    Broke,
    Chunk,
    NotAccepted,
    Opening,
    ends_of,
    way_back,
)
from counterpoint.model.faults import may_hold
from counterpoint.model.kind import ActionKind, Content, Mover, Target, View, may_spend
from counterpoint.model.legality import may_arrive
from counterpoint.model.node import Receive, Recover, Timeout
from counterpoint.model.values import NodeId, Value
from counterpoint.model.view import ScenarioView

TimerMode: TypeAlias = Literal["bounded", "last", "any"]
"""When a timer may go off.

"bounded": in the order of time, and no message is on its way for longer than the latency, unless a fault
holds it. "last": in the order of time, and only when no message can arrive. "any": at any moment; each
node has a clock of its own.
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """When timers may go off, and for how long.

    `latency` bounds how long a message is on its way, and `horizon` how long a run is, in microseconds.
    """

    mode: TimerMode = "bounded"
    latency: int = 50_000
    horizon: int = 600_000_000


def past_of(state: Any, node: NodeId) -> Past:
    """Return what has happened to a node: of a `View` or a `Mover`."""
    found: Past = state.node_state(node).state
    return found


@dataclass(frozen=True, slots=True)
class Alarm(ActionKind):
    """The next timers of a node go off, and for all nodes it is that late."""

    kind: ClassVar[str] = "alarm"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False

    node: NodeId

    def fits(self, state: View) -> bool:
        """A timer of a running node that is due next of all, once what was sent before has arrived."""
        if not state.is_up(self.node):
            return False
        due = past_of(state, self.node).due
        system: Any = state.scenario.system
        timing: Timing = system.timing
        if due is None or due > timing.horizon:
            return False
        if timing.mode == "any":
            return True
        for node in state.scenario.system.nodes:
            other = past_of(state, node).due
            if other is not None and other < due and state.is_up(node):
                return False
        wait = timing.latency if timing.mode == "bounded" else 0
        bound = due - wait if timing.mode == "bounded" else None
        return not any(bound is None or sent_at(body) < bound for body in _arriving(state))

    def perform(self, move: Mover) -> None:
        """Let the timers go off."""
        due = past_of(move, self.node).due
        assert due is not None, f"{self.node} has set no timer"
        now = max(due, *(past_of(move, node).clock for node in move.nodes))
        move.log("timer", self.node, value=f"due at {seconds(due)}")
        move.give(self.node, Timeout(f"timer {due}"))
        for node in move.nodes:
            if node != self.node and node not in move.conditions.down:
                pass_time(move, node, now)


LUCKS = 16
"""So many sequences of random numbers a run may have, besides the one that it begins with."""


@dataclass(frozen=True, slots=True)
class Luck(ActionKind):
    """From now on the nodes draw other random numbers; once in a run, where programs draw any."""

    kind: ClassVar[str] = "luck"
    is_fault: ClassVar[bool] = False
    target: ClassVar[Target] = "network"
    spends: ClassVar[bool] = False

    number: int

    @classmethod
    def belongs_to(cls, scenario: ScenarioView) -> bool:
        """Where programs draw random numbers."""
        system: Any = scenario.system
        return bool(system.draws)

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Once, before the faults stop."""
        conditions = state.conditions
        has_turned = any(kind == cls.kind for kind, _ in conditions.in_force)
        return cls.belongs_to(state.scenario) and conditions.settled is None and not has_turned

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Luck]:
        """Each sequence."""
        del state
        return () if at is not None else map(cls, range(1, LUCKS + 1))

    def perform(self, move: Mover) -> None:
        """Let every node know."""
        move.conditions = move.conditions.with_in_force(self.kind, self.number)
        for node in move.nodes:
            if node not in move.conditions.down:
                move.give(node, Timeout(f"luck {self.number}"))


def pass_time(move: Mover, node: NodeId, now: int) -> None:
    """Let a node know how late it is."""
    if past_of(move, node).clock < now:
        move.give(node, Timeout(f"clock {now}"))


def _arriving(state: View) -> Iterator[Value]:
    for node in state.scenario.system.nodes:
        for content in state.waiting(node):
            if may_arrive(state, content):
                yield content[2]


def sent_at(body: Value) -> int:
    """Return when a message was sent, in microseconds."""
    message: Any = body
    return int(message.at)


def seconds(moment: int) -> str:
    """Return a moment as text.

    >>> seconds(1_500_000), seconds(2_000_000)
    ('1.5 s', '2 s')
    """
    return f"{moment / 1_000_000:g} s"


@dataclass(frozen=True, slots=True)
class PowerCut(ActionKind):
    """A node stops at once: no `finally` block runs, its connections break, its disk is what is left.

    With `loses` what it had sent, and has not arrived, is lost as well.
    """

    kind: ClassVar[str] = "crash"

    node: NodeId
    loses: bool = False

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[PowerCut]:
        """With and without the loss of what is on its way."""
        del state
        return () if at is None else (cls(at), cls(at, True))

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the nodes that are down."""
        conditions = state.conditions
        return may_spend(state.scenario, conditions, cls.kind, len(conditions.down))

    def fits(self, state: View) -> bool:
        """A running node, of those that may crash."""
        system: Any = state.scenario.system
        return state.is_up(self.node) and self.node in system.may_crash

    def perform(self, move: Mover) -> None:
        """Stop the node; what was on its way to it is lost, and those who are connected hear of it."""
        past = past_of(move, self.node)
        lost = move.on_the_way(self.node)
        asked = [body.lane for _, _, body in lost if isinstance(body, Opening)]
        move.conditions = move.conditions.after_crash(self.node)
        move.crash(self.node)
        for content in lost:
            move.lose(content, f"{self.node} is down")
        for node in move.nodes if self.loses else ():
            for content in move.on_the_way(node):
                if content[0] == self.node:
                    move.lose(content, f"{self.node} had not sent it for good")
        for lane in dict.fromkeys((*past.lanes, *asked)):
            move.send(self.node, ends_of(lane)[0], Broke(way_back(lane), past.clock))


@dataclass(frozen=True, slots=True)
class Boot(ActionKind):
    """A node that is down starts again, with its disk."""

    kind: ClassVar[str] = "restart"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("crash",)

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """While a node is down."""
        return bool(state.conditions.down)

    def fits(self, state: View) -> bool:
        """A node that is down."""
        return self.node in state.conditions.down

    def perform(self, move: Mover) -> None:
        """Start the program."""
        now = max(past_of(move, node).clock for node in move.nodes)
        durable = move.node_state(self.node).durable
        move.conditions = move.conditions.after_restart(self.node)
        move.log("recover", self.node)
        move.give(self.node, Recover((durable, now)))


@dataclass(frozen=True, slots=True)
class BreakConnection(ActionKind):
    """The network breaks a connection: one end hears of it now, the other after what is on its way."""

    kind: ClassVar[str] = "reset"

    node: NodeId
    lane: str

    def __str__(self) -> str:
        return f"the connection {_from_its_opener(self.lane)} breaks at {self.node}"

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[BreakConnection]:
        """Every open connection to another node."""
        if at is None or not state.is_up(at):
            return ()
        lanes = past_of(state, at).lanes
        return (cls(at, lane) for lane in lanes if ends_of(lane)[0] != at)

    def fits(self, state: View) -> bool:
        """An open connection of a running node."""
        return state.is_up(self.node) and self.lane in past_of(state, self.node).lanes

    def perform(self, move: Mover) -> None:
        """Break it."""
        peer = ends_of(self.lane)[0]
        clock = past_of(move, self.node).clock
        move.send(self.node, peer, Broke(way_back(self.lane), clock))
        move.give(self.node, Receive(peer, Broke(self.lane, clock)))


def _from_its_opener(lane: str) -> str:
    """Return a connection by the lane of who opened it."""
    return lane if ">" in lane else way_back(lane)


@dataclass(frozen=True, slots=True)
class Refuse(ActionKind):
    """A connection that is asked for is refused, as if nobody listened."""

    kind: ClassVar[str] = "refuse"
    target: ClassVar[Target] = "message"

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """The opening of a connection to another node."""
        is_opening = isinstance(self.body, Opening) and self.src != self.dst
        return is_opening and state.is_waiting(self.content)

    def perform(self, move: Mover) -> None:
        """Refuse it."""
        opening: Any = self.body
        move.lose(self.content, "refused")
        move.send(self.dst, self.src, NotAccepted(way_back(opening.lane), opening.at))


@dataclass(frozen=True, slots=True)
class HoldUp(ActionKind):
    """A connection stands still: what is on its way in one direction waits, and all that comes after."""

    kind: ClassVar[str] = "delay"
    target: ClassVar[Target] = "message"

    src: NodeId
    dst: NodeId
    body: Value

    def fits(self, state: View) -> bool:
        """The oldest message of a lane, while fewer are held at its receiver than the budget allows."""
        is_allowed = may_hold(state, self.dst)
        return is_allowed and state.is_waiting(self.content) and state.is_head(self.content)

    def perform(self, move: Mover) -> None:
        """Hold the message back."""
        move.hold(self.content)


@dataclass(frozen=True, slots=True)
class Split(ActionKind):
    """A chunk arrives in two parts, as the bytes of a stream may; `first` bytes are in the first."""

    kind: ClassVar[str] = "split"
    target: ClassVar[Target] = "message"

    src: NodeId
    dst: NodeId
    body: Value
    first: int

    def __str__(self) -> str:
        return f"{self.body} is to arrive in two parts, the first of {self.first} B"

    @classmethod
    def of_message(cls, content: Content) -> Iterable[Split]:
        """After the first byte, before the last, in the middle."""
        size = len(content[2].data) if isinstance(content[2], Chunk) else 0
        places = dict.fromkeys((1, size // 2, size - 1))
        return [cls(*content, first) for first in places if 0 < first < size]

    def fits(self, state: View) -> bool:
        """A chunk of more than one byte."""
        body = self.body
        return (
            isinstance(body, Chunk)
            and 0 < self.first < len(body.data)
            and state.is_waiting(self.content)
        )

    def perform(self, move: Mover) -> None:
        """Put the two parts in its place."""
        chunk: Any = self.body
        parts = (chunk.data[: self.first], chunk.data[self.first :])
        move.exchange(
            self.content, [Chunk(chunk.lane, chunk.number, part, chunk.at) for part in parts]
        )


@dataclass(frozen=True, slots=True)
class Merge(ActionKind):
    """A chunk arrives together with the one behind it, as the bytes of a stream may."""

    kind: ClassVar[str] = "merge"
    target: ClassVar[Target] = "message"

    src: NodeId
    dst: NodeId
    body: Value

    def __str__(self) -> str:
        return f"{self.body} is to arrive with what follows it"

    def fits(self, state: View) -> bool:
        """A chunk behind which another is on its way."""
        return (
            state.is_waiting(self.content)
            and _next_of(state.waiting(self.dst), self.content) is not None
        )

    def perform(self, move: Mover) -> None:
        """Put one chunk in the place of both."""
        following: Any = _next_of(move.on_the_way(self.dst), self.content)
        chunk: Any = self.body
        both = Chunk(chunk.lane, chunk.number, chunk.data + following[2].data, chunk.at)
        move.exchange(self.content, [both])
        move.exchange(following, [])


def _next_of(waiting: Iterable[Content], content: Content) -> Content | None:
    """Return the chunk behind another in its lane, None if none is there."""
    body = content[2]
    if not isinstance(body, Chunk):
        return None
    lane = [c for c in waiting if getattr(c[2], "lane", None) == body.lane]
    position = lane.index(content) if content in lane else len(lane)
    rest = lane[position + 1 :]
    return rest[0] if rest and isinstance(rest[0][2], Chunk) else None
