"""A pause: a program is given nothing until it goes on, and then all that has come meanwhile.

It is what SIGSTOP does to a process. Nothing is lost: what arrives waits where the program reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from counterpoint.harness.maelstrom.external_system import GO_ON, PAUSE, ExternalSystem
from counterpoint.model.kind import ActionKind, may_spend
from counterpoint.model.node import Timeout
from counterpoint.model.values import NodeId
from counterpoint.model.view import Mover, View


@dataclass(frozen=True, slots=True)
class Pause(ActionKind):
    """A program stands still."""

    kind: ClassVar[str] = "pause"
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """Within the budget, of which `at_once` counts the nodes that are paused."""
        return may_spend(state.scenario, state.conditions, cls.kind, len(paused(state)))

    def fits(self, state: View) -> bool:
        """A program that runs, and is not paused."""
        is_program = self.node in _system(state).servers
        return is_program and state.is_up(self.node) and self.node not in paused(state)

    def perform(self, move: Mover) -> None:
        """Stop the program where it is."""
        move.log("pause", self.node)
        move.give(self.node, Timeout(PAUSE))


@dataclass(frozen=True, slots=True)
class GoOn(ActionKind):
    """A paused program goes on; when the faults stop, all of them do."""

    kind: ClassVar[str] = "go-on"
    is_fault: ClassVar[bool] = False
    spends: ClassVar[bool] = False
    undoes: ClassVar[tuple[str, ...]] = ("pause",)
    is_prompt: ClassVar[bool] = True
    is_of_its_place: ClassVar[bool] = True

    node: NodeId

    @classmethod
    def is_open(cls, state: View) -> bool:
        """While a program is paused."""
        return bool(paused(state))

    def fits(self, state: View) -> bool:
        """A program that is paused."""
        return self.node in paused(state)

    def perform(self, move: Mover) -> None:
        """Give it what has come meanwhile."""
        move.log("go-on", self.node)
        move.give(self.node, Timeout(GO_ON))


def paused(state: View) -> tuple[NodeId, ...]:
    """Return the programs that are paused."""
    return tuple(_paused(state, _system(state).servers))


def _paused(state: View, nodes: Iterable[NodeId]) -> Iterable[NodeId]:
    for node in nodes:
        program: Any = state.node_state(node).state
        if program.is_paused and state.is_up(node):
            yield node


def _system(state: View) -> ExternalSystem:
    system = state.scenario.system
    assert isinstance(system, ExternalSystem), f"{system!r} has no programs"
    return system
