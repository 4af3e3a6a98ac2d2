"""A drawn system in other words: all its moods, bodies and operations are equal, and not the same.

What Python's equality leaves out is read by the handlers alone, as those of a user may. So each
search must find of such a system what it finds of the system as it was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from counterpoint.model.node import (
    Begin,
    Input,
    Invoke,
    Note,
    Persist,
    Receive,
    Recover,
    Return,
    Send,
    Step,
)
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.values import NodeId, Value
from tests.judge.systems import Drawn, State, scenario_of

Change: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Word:
    """A text or a number of which no comparison knows."""

    meaning: str | int = field(compare=False)


@dataclass(frozen=True)
class Other:
    """A text or a number of which its author says that it is like all others."""

    meaning: str | int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Other)

    def __hash__(self) -> int:
        return 0


SPELLINGS: Mapping[str, Callable[[str | int], Value]] = {"not compared": Word, "all equal": Other}


def spelled(drawn: Drawn, word: Callable[[str | int], Value]) -> Scenario:
    """Return a system whose texts and moods are words; its claims about states see through them."""
    plain = scenario_of(drawn)
    write, read = _everywhere(str, word), _everywhere((Word, Other), lambda one: one.meaning)
    role_of = plain.role_of
    return plain.replace(
        system=Spelled(plain.system, write, read),
        calls={client: tuple(map(write, operations)) for client, operations in drawn.calls},
        invariants=tuple(_reading(one, read) for one in plain.invariants),
        role_of=None if role_of is None else lambda node, state: role_of(node, read(state)),
    )


def _everywhere(kind: Any, change: Change) -> Change:
    """Return what changes values of a kind, also in tuples, and the mood of a state."""

    def changed(value: Any) -> Any:
        match value:
            case State(mood):
                return replace(value, mood=change(mood))
            case tuple():
                return tuple(map(changed, value))
            case bool():
                return value
        return change(value) if isinstance(value, kind) else value

    return changed


def _reading(invariant: Invariant, read: Change) -> Invariant:
    def violation(states: Mapping[NodeId, Any], down: tuple[NodeId, ...]) -> Any:
        meant = {node: read(state) for node, state in states.items()}
        if "Down" in type(invariant.violation).__name__:
            return invariant.violation(meant, down)
        return invariant.violation(meant)

    return Invariant(invariant.name, violation)


@dataclass(frozen=True)
class Spelled:
    """A system that is told words, and answers in words."""

    system: Any
    write: Change
    read: Change

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """As they are."""
        return tuple(self.system.nodes)

    def initial(self, node: NodeId) -> Value:
        """The first state, in a word."""
        return self.write(self.system.initial(node))  # type: ignore[no-any-return]

    def handle(self, node: NodeId, state: Any, given: Input) -> Step[Any]:
        """Read, ask the system, and write."""
        match given:
            case Invoke(operation):
                given = Invoke(self.read(operation))
            case Receive(source, body):
                given = Receive(source, self.read(body))
            case Recover(durable):
                given = Recover(self.read(durable))
        step = self.system.handle(node, self.read(state), given)
        return Step(self.write(step.state), tuple(map(self._written, step.effects)))

    def _written(self, effect: Any) -> Any:
        match effect:
            case Send(to, (body, told)):
                return Send(
                    to, (self.write(body), told)
                )  # nodes are named, so that names can change
            case Send(to, body):
                return Send(to, self.write(body))
            case Return(value) | Note(value) | Persist(value) | Begin(value):
                return type(effect)(self.write(value))
        return effect
