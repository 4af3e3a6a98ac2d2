"""A search of states refuses a kind of one's own that looks at, or changes, more than its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds
from counterpoint.model.actions import ACTIONS
from counterpoint.model.fault_state import Partition
from counterpoint.model.kind import ActionKind, Mover, Target, View, may_spend
from counterpoint.model.node import Input, Receive, Send, Start, Step, Timeout
from counterpoint.model.scenario import Invariant, Scenario, budgets
from counterpoint.model.search.engine.one_place import ReachesElsewhere
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.values import NodeId
from counterpoint.model.world import Action, Moved, World


@dataclass(frozen=True, slots=True)
class Worker:
    """Node a lets b work; only while it works does b heed a zap."""

    nodes: tuple[NodeId, ...] = ("a", "b")

    def initial(self, node: NodeId) -> str:
        return {"a": "idle", "b": "free"}[node]

    def handle(self, node: NodeId, state: str, given: Input) -> Step[str]:
        match node, state, given:
            case "a", _, Start():
                return Step(state, (Send("b", "work"),))
            case "a", _, Timeout("zap"):
                return Step("zapped")
            case "b", "free", Receive(_, "work"):
                return Step("busy", (Send("b", "finish"),))
            case "b", "busy", Receive(_, "finish"):
                return Step("free", (Send("a", "done"),))
            case "b", "busy", Timeout("zap"):
                return Step("zapped")
        return Step(state)


def is_zapped(states: Any) -> str | None:
    return "a node was zapped" if "zapped" in states.values() else None


@dataclass(frozen=True, slots=True)
class OfA(ActionKind):
    """Something that happens at a, and zaps it."""

    kind: ClassVar[str] = "zap"
    node: NodeId

    def fits(self, state: View) -> bool:
        return self.node == "a" and self.reads(state)

    def reads(self, state: View) -> bool:
        return state.is_up("a")

    def perform(self, move: Mover) -> None:
        move.give("a", Timeout("zap"))


class LooksAtState(OfA):
    def reads(self, state: View) -> bool:
        return bool(state.node_state("b").state == "busy")


class LooksAtMessages(OfA):
    def reads(self, state: View) -> bool:
        return any(body == "finish" for _, _, body in state.waiting("b"))


class LooksForAMessage(OfA):
    def reads(self, state: View) -> bool:
        return state.is_waiting(("b", "b", "finish"))


class LooksAtHeads(OfA):
    def reads(self, state: View) -> bool:
        return state.is_head(("b", "b", "finish"))


class LooksAtHeldMessages(OfA):
    def reads(self, state: View) -> bool:
        return not list(state.held_at("b"))


class LooksWhileItActs(OfA):
    def perform(self, move: Mover) -> None:
        if move.node_state("b").state == "busy":
            move.give("a", Timeout("zap"))


class LooksAtMessagesWhileItActs(OfA):
    def perform(self, move: Mover) -> None:
        if any(body == "finish" for _, _, body in move.on_the_way("b")):
            move.give("a", Timeout("zap"))


class GivesWhatIsIgnoredAtFirst(OfA):
    def perform(self, move: Mover) -> None:
        move.give("b", Timeout("zap"))


class CrashesAnother(OfA):
    def perform(self, move: Mover) -> None:
        move.crash("b")


class ReleasesAll(OfA):
    def perform(self, move: Mover) -> None:
        move.release_all()


@dataclass(frozen=True, slots=True)
class Storm(ActionKind):
    """The network is cut while b is busy."""

    kind: ClassVar[str] = "zap"
    target: ClassVar[Target] = "network"
    side: tuple[NodeId, ...]

    @classmethod
    def candidates(cls, state: View, at: NodeId | None) -> Iterable[Storm]:
        return [cls(("a",))] if at is None and state.node_state("b").state == "busy" else []

    def perform(self, move: Mover) -> None:
        move.conditions = move.conditions.with_cut(Partition(self.side))


@dataclass(frozen=True, slots=True)
class Plain:
    """A class that is no kind of ours looks at a world."""

    kind: ClassVar[str] = "zap"
    is_fault: ClassVar[bool] = True
    node: NodeId

    @property
    def at(self) -> NodeId:
        return self.node

    @classmethod
    def options(cls, world: World, at: NodeId | None) -> Iterator[Plain]:
        if at == "a" and may_spend(world.scenario, world.conditions, "zap") and cls.reads(world):
            yield cls(at)

    @staticmethod
    def reads(world: World) -> bool:
        return world.is_up("a")

    def apply(self, world: World) -> Moved:
        move = world.mover(world.conditions.with_one_more("zap"))
        move.give("a", Timeout("zap"))
        return move.done()


class PlainLooksAtState(Plain):
    @staticmethod
    def reads(world: World) -> bool:
        return bool(world.node_state("b").state == "busy")


class PlainLooksAtMessages(Plain):
    @staticmethod
    def reads(world: World) -> bool:
        return any(body == "finish" for _, _, body in world.waiting("b"))


class PlainGives(Plain):
    def apply(self, world: World) -> Moved:
        move = world.mover(world.conditions.with_one_more("zap"))
        move.give("b", Timeout("zap"))
        return move.done()


LOOKS = "looks at the state of b"
WAITS = "looks at what is on its way to b"
REFUSED: dict[type[Action], str] = {
    LooksAtState: LOOKS,
    LooksAtMessages: WAITS,
    LooksForAMessage: WAITS,
    LooksAtHeads: WAITS,
    LooksAtHeldMessages: WAITS,
    LooksWhileItActs: LOOKS,
    LooksAtMessagesWhileItActs: WAITS,
    GivesWhatIsIgnoredAtFirst: "changes b",
    CrashesAnother: "changes b",
    ReleasesAll: "lets all held messages go",
    Storm: LOOKS,
    PlainLooksAtState: LOOKS,
    PlainLooksAtMessages: WAITS,
    PlainGives: LOOKS,
}


def scenario(kind: type[Action]) -> Scenario:
    return Scenario(
        name="worker",
        system=Worker(),
        calls={},
        properties=(),
        invariants=(Invariant("nobody is zapped", is_zapped),),
        limits=budgets(zap=1),
        actions=(*ACTIONS, kind),
        min_calls_per_run=0,
    )


def explored(kind: type[Action], engine: str) -> FaultRounds:
    if engine == "numpy":
        pytest.importorskip("numpy")
    rounds = FaultRounds(scenario(kind), ExploreOptions(engine=engine), faults_max=1)  # type: ignore[arg-type]
    for _ in rounds.explore():
        pass
    return rounds


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_a_kind_that_reaches_another_place_is_refused(kind: type[Action], engine: str) -> None:
    with pytest.raises(ReachesElsewhere) as caught:
        explored(kind, engine)
    place = "the network as a whole" if kind is Storm else "a"
    told = (
        f"{kind.__name__} ('zap') cannot be explored state by state: at {place} it {REFUSED[kind]},"
    )
    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith("explore with --reduction dpor, or search by walks (fuzz)")


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize("kind", [OfA, Plain], ids=lambda kind: kind.__name__)
def test_a_kind_that_looks_at_its_own_place_is_explored(kind: type[Action], engine: str) -> None:
    assert explored(kind, engine).last.explored.violation is not None


@pytest.mark.parametrize(
    "kind",
    [LooksAtState, LooksAtMessages, LooksWhileItActs, GivesWhatIsIgnoredAtFirst],
    ids=lambda kind: kind.__name__,
)
def test_reduced_exploration_finds_what_such_a_kind_breaks(kind: type[Action]) -> None:
    reducer = Reducer(scenario(kind).replace(faults_max=1))
    for _ in reducer.explore():
        pass
    assert reducer.progress.violation is not None
