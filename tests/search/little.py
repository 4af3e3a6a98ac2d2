"""Generated little systems: random finite handlers with timers, calls, roles, crashes and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from counterpoint.model.node import (
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Note,
    Persist,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
)
from counterpoint.model.scenario import Budget, Property, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict, broken, holds

BAD = 2
"""The result that no call may have."""


@dataclass(frozen=True, slots=True)
class Node:
    """`energy` is how many more inputs the node reacts to; so every system is finite."""

    energy: int
    mood: int = 0
    is_called: bool = False


@dataclass(frozen=True)
class Little:
    """What a node does is drawn once for each (node, state, input), from the seed and these."""

    seed: int
    nodes: tuple[NodeId, ...] = ("a", "b", "c")

    def initial(self, node: NodeId) -> Node:
        return Node(2 if node == "c" else 3)

    def handle(self, node: NodeId, state: Node, given: Input) -> Step[Node]:
        random = Random(f"{self.seed} {node} {state} {given}")
        if isinstance(given, Invoke):
            state = replace(state, is_called=True)
        elif state.energy == 0 or (random.random() < 0.2 and not isinstance(given, Start)):
            return Step(state)
        effects = [self._effect(random, node) for _ in range(random.choice((0, 1, 1, 2)))]
        mood = random.randrange(3)
        is_called = state.is_called
        if is_called and random.random() < 0.5:
            effects.append(Return(random.randrange(BAD + 1) if random.random() < 0.4 else 0))
            is_called = False
        return Step(Node(max(state.energy - 1, 0), mood, is_called), tuple(effects))

    def _effect(self, random: Random, node: NodeId) -> Effect:
        match random.randrange(8):
            case 0:
                return SetTimer(random.choice("tu"))
            case 1:
                return CancelTimer(random.choice("tu"))
            case 2:
                return Persist(random.randrange(2))
            case 3:
                return Note(random.randrange(2))
            case _:
                others = [other for other in self.nodes if other != node or random.random() < 0.2]
                return Send(random.choice(others), random.randrange(2))


def _role(node: NodeId, state: Value) -> str:
    assert isinstance(state, Node)
    return "lead" if node == "a" and state.mood == 1 else "follow"


def _tolerates(failed: tuple[NodeId, ...], roles: Mapping[NodeId, str]) -> bool:
    return len(failed) <= 1 and all(roles.get(node) != "lead" for node in failed)


def never_bad(trace: Trace) -> Verdict:
    """No call returns the bad result."""
    returns = [event.value for event in trace.events if event.kind == "return"]
    if BAD in returns:
        return broken("never bad", "a call returned it", examined=len(returns))
    return holds("never bad", examined=len(returns))


KINDS = ("drop", "duplicate", "reorder", "delay", "omit", "crash", "cut", "transform")


def little(seed: int) -> Scenario:
    """Return a scenario of a generated system, with some kinds of fault and one fault in a run."""
    random = Random(f"scenario {seed}")
    kinds = random.sample(KINDS, random.choice((0, 1, 2, 3)))
    limits = {kind: Budget(random.choice((1, 2))) for kind in kinds}
    if random.random() < 0.3:
        limits["fire"] = Budget(2)
    return Scenario(
        name=f"little-{seed}",
        system=Little(seed),
        calls={"a": (1, 2), "b": (1,)} if random.random() < 0.5 else {"c": (1,)},
        properties=(Property("never bad", never_bad),),
        in_order=random.random() < 0.7,
        network=random.choice(("unordered", "ordered")),
        limits=limits,
        faults_max=random.choice((1, 2)),
        tolerates=_tolerates,
        partitions=(("a",), ("a", "b")),
        role_of=_role if random.random() < 0.5 else None,
    )
