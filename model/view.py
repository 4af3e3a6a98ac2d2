"""What an action may ask of the state of a run, and what it may do to it: the words of every engine.

Worlds are made to be read, simulations to be fast; an action that asks and does in these words alone
runs on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from counterpoint.model.detector import FailureDetector
from counterpoint.model.event import EventKind
from counterpoint.model.fault_state import Budget, FaultState
from counterpoint.model.node import Input, System
from counterpoint.model.reaction import NodeState
from counterpoint.model.values import NodeId, Value

MovedT_co = TypeVar("MovedT_co", covariant=True)

Content: TypeAlias = tuple[NodeId, NodeId, Value]
"""A message by content: source, destination, body. Messages of equal content are interchangeable."""


class ScenarioView(Protocol):
    """What an action may ask of what a run is made of: a `Scenario`, as far as legality goes."""

    @property
    def system(self) -> System[Any]:
        """The protocol, with its nodes."""
        ...

    @property
    def actions(self) -> Sequence[type[Any]]:
        """Every kind of action that the scenario names."""
        ...

    @property
    def limits(self) -> Mapping[str, Budget]:
        """The budget of each kind of fault."""
        ...

    @property
    def faults_max(self) -> int | None:
        """The bound of all faults of a run together."""
        ...

    @property
    def network(self) -> str:
        """Whether messages of one link may overtake each other for free: "unordered" or "ordered"."""
        ...

    @property
    def in_order(self) -> bool:
        """Whether a client asks for its operations in the order in which they are listed."""
        ...

    @property
    def partitions(self) -> tuple[tuple[NodeId, ...], ...]:
        """The groups of nodes that may be cut off."""
        ...

    @property
    def detector(self) -> FailureDetector | None:
        """Who is told of whose failures, None if nobody is."""
        ...

    @property
    def tolerates(self) -> Callable[[tuple[NodeId, ...], Mapping[NodeId, str]], bool]:
        """Whether the system promises to survive without these nodes."""
        ...


class View(Protocol):
    """What an action may ask of the state of a run."""

    @property
    def scenario(self) -> ScenarioView:
        """What the run is made of."""
        ...

    @property
    def conditions(self) -> FaultState:
        """What was done to the network and the nodes so far."""
        ...

    def is_up(self, node: NodeId) -> bool:
        """Tell whether a node is running."""
        ...

    def node_state(self, node: NodeId) -> NodeState:
        """Return all there is of one node."""
        ...

    def waiting(self, at: NodeId) -> Iterable[Content]:
        """Return each content on its way to a node once, oldest first, cut off or not."""
        ...

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way."""
        ...

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link has this content."""
        ...

    def held_at(self, at: NodeId) -> Iterable[Content]:
        """Return the messages held back on their way to a node, oldest first."""
        ...


class Mover(Protocol):
    """What an action may do. Each word is a change of the run and, where the run is told, an event."""

    conditions: FaultState

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node of the system."""
        ...

    def node_state(self, node: NodeId) -> NodeState:
        """Return all there is of one node, as it is by now."""
        ...

    def on_the_way(self, to: NodeId) -> Sequence[Content]:
        """Return the messages on their way to a node, oldest first, as they are by now."""
        ...

    def log(
        self,
        kind: EventKind,
        node: NodeId | None = None,
        *,
        value: Value = None,
        why: str | None = None,
    ) -> object:
        """Tell of something that has no effect of its own."""
        ...

    def lose(self, content: Content, why: str) -> None:
        """Take a message off the network, for good."""
        ...

    def copy(self, content: Content) -> None:
        """Put a second copy of a message on its way."""
        ...

    def hold(self, content: Content) -> None:
        """Hold a message back."""
        ...

    def exchange(self, content: Content, bodies: Sequence[Value]) -> None:
        """Put messages of these bodies where one was on its way, in this order, as copies of it."""
        ...

    def release(self, content: Content) -> None:
        """Let a held message go on its way, behind those that passed it."""
        ...

    def release_all(self) -> None:
        """Let every held message go on its way, in the order in which they were held back."""
        ...

    def deliver(self, content: Content) -> None:
        """Give a message to its receiver."""
        ...

    def send(self, src: NodeId, dst: NodeId, body: Value) -> None:
        """Put a new message on its way."""
        ...

    def begin(self, client: NodeId, operation: Value) -> None:
        """Let a client begin the next of its calls that asks for this operation."""
        ...

    def expire(self, node: NodeId, timer: str) -> None:
        """Let an armed timer go off."""
        ...

    def recover(self, node: NodeId) -> None:
        """Let a node that was down run again, with what it had persisted."""
        ...

    def give(self, node: NodeId, given: Input) -> object:
        """Give an input to a node."""
        ...

    def crash(self, node: NodeId) -> None:
        """Blank what a node does not survive: its state, its timers, its operation under way."""
        ...

    def tearing(self, effects: int) -> Mover:
        """Return a mover that does as this one, but breaks a node off after so many of its effects."""
        ...


class FinishingMover(Mover, Protocol[MovedT_co]):
    """A mover that in the end has what the action has come to."""

    def done(self) -> MovedT_co:
        """Return what the action has come to."""
        ...


class Movable(View, Protocol[MovedT_co]):
    """The state of a run that an action can be performed in: a `World`."""

    def mover(self, conditions: FaultState) -> FinishingMover[MovedT_co]:
        """Return what changes a copy of it, with these conditions to begin with."""
        ...
