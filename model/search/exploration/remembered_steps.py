"""A system whose answers are remembered: where states form a tree, each is dear and asked for again."""

from __future__ import annotations

from typing import Any, TypeAlias

from counterpoint.model.determinism import AskedAgain
from counterpoint.model.exact import alike
from counterpoint.model.node import Input, Step, System
from counterpoint.model.values import NodeId, Value

Question: TypeAlias = tuple[NodeId, Value, Input]
"""A node, its state, and an input."""


class RememberedSteps:
    """The same system, which is asked once for each node, state and input. In all else it is the system.

    A program comes to a state by doing again all that led there, while a search that goes back comes
    there by every order of what happens elsewhere. What a handler raises is not remembered.
    """

    def __init__(self, system: System[Any]) -> None:
        self._system = system
        self.nodes = system.nodes
        self._steps: dict[Question, tuple[Question, Step[Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def initial(self, node: NodeId) -> Any:
        """Return the state of a node before its first input."""
        return self._system.initial(node)

    def handle(self, node: NodeId, state: Any, given: Input) -> Step[Any]:
        """Return what the handler answers, or has answered."""
        asked = (node, state, given)
        known = self._steps.get(asked)
        if known is None or not alike(known[0], asked):
            known = self._steps[asked] = asked, self._system.handle(node, state, given)
        return known[1]


def examined(system: System[Any]) -> System[Any]:
    """Return a system that is asked again now and then, and remembers where its states form a tree.

    Elsewhere to ask is as cheap as to look up.
    """
    asked: Any = AskedAgain(system)
    return RememberedSteps(asked) if getattr(system, "states_are_a_tree", False) else asked
