"""A run in which a kind of action is asked about one place, and may look at nothing else.

Tables of places ask what may happen at a node where every other node is in its start state, and what
is on its way to others is left out. What a kind of one's own made of that would be no answer, so a kind
that looks at another place, or changes one, is refused at once: it is not enough to compare the others
afterwards, as what they ignore in their start states changes nothing there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from counterpoint.model.kind import Action, ActionKind, Content
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.reaction import NodeState
from counterpoint.model.search.engine.in_place import InPlace
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import (
    Compiled,
    TransitionEntry,
)
from counterpoint.model.values import NodeId
from counterpoint.model.world import Moved, World


class ReachesElsewhere(BadScenario):
    """A kind of action looks at more than its place, or changes more, which tables cannot tell."""

    def __init__(self, kind: type[Action], does: str, place: NodeId | None) -> None:
        where, own = "the network as a whole", "the conditions"
        if place is not None:
            where, own = place, "its node, the messages on their way there and the conditions"
        super().__init__(
            f"{kind.__name__} ({kind.kind!r}) cannot be explored state by state: at {where} it {does}, "
            f"and an action there may look at and change {own} alone; let `at` name that node, explore "
            "with --reduction dpor, or search by walks (fuzz)"
        )


class OnePlace(Simulation):
    """A run that refuses whatever a kind asks of another place, or does to it.

    Raises:
        ReachesElsewhere: by any of its words, if the kind that is asked reaches elsewhere.
    """

    __slots__ = ("_kind", "_place")

    def __init__(self, compiled: Compiled, place: NodeId | None) -> None:
        super().__init__(compiled)
        self._place = place
        self._kind: type[Action] = ActionKind

    def ask_about(self, kind: type[Action]) -> None:
        """Note which kind it is that asks from now on."""
        self._kind = kind

    def require(self, place: NodeId, does: str) -> None:
        """Refuse what concerns another place."""
        if place != self._place:
            raise self.refusal(does)

    def refusal(self, does: str) -> ReachesElsewhere:
        """Return why the kind that asks is refused."""
        return ReachesElsewhere(self._kind, does, self._place)

    # What may be asked.

    def node_state(self, node: NodeId) -> NodeState:
        """Return the node state of the node."""
        self.require(node, f"looks at the state of {node}")
        return super().node_state(node)

    def waiting(self, at: NodeId) -> Iterable[Content]:
        """Return each content on its way to the node once, oldest first."""
        self._require_messages_to(at)
        return super().waiting(at)

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way to the node."""
        self._require_messages_to(content[1])
        return super().is_waiting(content)

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link has this content."""
        self._require_messages_to(content[1])
        return super().is_head(content)

    def held_at(self, at: NodeId) -> Iterable[Content]:
        """Return the messages held back on their way to the node, oldest first."""
        self._require_messages_to(at)
        return super().held_at(at)

    def _require_messages_to(self, to: NodeId) -> None:
        """Refuse what concerns messages to another node."""
        self.require(to, f"looks at what is on its way to {to}")

    def options(self, kind: type[Action], at: NodeId | None) -> Iterable[Action]:
        """Return the legal actions of a kind at the place."""
        self.ask_about(kind)
        return super().options(kind, at)

    # What may be done.

    def _do(self, action: Action) -> bool:
        self.ask_about(type(action))
        return super()._do(action)

    def mover(self) -> InPlace:
        """Return what changes this run."""
        return _OnePlaceMover(self)

    def put(self, node: NodeId, node_state: NodeState) -> None:
        """Let the node be in this node state."""
        self.require(node, f"changes {node}")
        super().put(node, node_state)

    def become(self, node: int, outcome: TransitionEntry) -> None:
        """Let the node take the outcome of an input."""
        name = self.compiled.nodes[node]
        self.require(name, f"changes {name}")
        super().become(node, outcome)

    # A class that is no `ActionKind` asks a world.

    def world(self) -> World:
        """Return the reference world in this state, where other nodes are out of sight."""
        world = super().world()
        shown = {f.name: getattr(world, f.name) for f in fields(world)}
        shown["node_states"] = tuple(
            each if name == self._place else _OutOfSight(self, name)
            for name, each in zip(self.compiled.nodes, world.node_states, strict=True)
        )
        return _OnePlaceWorld(**shown, run=self)

    def _adopt(self, moved: Moved) -> None:
        seen = tuple(
            self.compiled.node_states[known] if isinstance(each, _OutOfSight) else each
            for each, known in zip(moved.world.node_states, self.node_states, strict=True)
        )
        super()._adopt(replace(moved, world=replace(moved.world, node_states=seen)))


class _OnePlaceMover(InPlace):
    """Changes one place: a node and the messages to it change by the run, the others by these words."""

    __slots__ = ("_place_run",)

    def __init__(self, run: OnePlace) -> None:
        super().__init__(run)
        self._place_run = run

    def on_the_way(self, to: NodeId) -> Sequence[Content]:
        """Return the messages on their way to the node, oldest first."""
        self._place_run.require(to, f"looks at what is on its way to {to}")
        return super().on_the_way(to)

    def release_all(self) -> None:
        """Refuse: it would be all of the network."""
        raise self._place_run.refusal("lets all held messages go")


class _OutOfSight:
    """What stands for the state of a node elsewhere: whoever looks at it is refused."""

    __slots__ = ("_node", "_run")

    def __init__(self, run: OnePlace, node: NodeId) -> None:
        self._run, self._node = run, node

    def __getattr__(self, name: str) -> Any:
        raise self._run.refusal(f"looks at the state of {self._node}")


@dataclass(frozen=True, slots=True)
class _OnePlaceWorld(World):
    """A world in which only one place can be asked about; what it keeps is what the place has."""

    run: OnePlace = field(kw_only=True)

    def waiting(self, at: NodeId) -> Iterable[Content]:
        """Return each content on its way to the node once, oldest first."""
        return self.run.waiting(at)

    def is_waiting(self, content: Content) -> bool:
        """Tell whether a message of this content is on its way to the node."""
        return self.run.is_waiting(content)

    def is_head(self, content: Content) -> bool:
        """Tell whether the oldest message of its link has this content."""
        return self.run.is_head(content)

    def held_at(self, at: NodeId) -> Iterable[Content]:
        """Return the messages held back on their way to the node, oldest first."""
        return self.run.held_at(at)
