"""Systems out of functions: what each node does is one function of its state and what happens to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from counterpoint.model.mistakes import BadScenario, brief
from counterpoint.model.node import Input, Step
from counterpoint.model.values import NodeId, Value

Handler: TypeAlias = Callable[..., Step[Any] | None]
"""`handler(state, given)`, or `handler(node, state, given)` if it needs to know its own name."""

NodeRole: TypeAlias = "tuple[Handler, Value]"
"""What a node does, and its first state: a value, or a function of the node's name."""


@dataclass(frozen=True)
class Roles:
    """A system in which each node has a role. What its function does not answer leaves all as it is."""

    nodes: tuple[NodeId, ...]
    handlers: Mapping[NodeId, Handler]
    states: Mapping[NodeId, Any]

    def initial(self, node: NodeId) -> Any:
        """Return the first state of a node."""
        state = self.states[node]
        return state(node) if inspect.isfunction(state) else state

    def handle(self, node: NodeId, state: Any, given: Input) -> Step[Any]:
        """Ask the function of a node; `None` is "ignored"."""
        found = self.handlers[node](state, given)
        return Step(state) if found is None else found

    def handler_of(self, node: NodeId) -> Handler:
        """Return the function that its author wrote, for what is told of it."""
        handler = self.handlers[node]
        return getattr(handler, "__wrapped__", handler)


def system(nodes: Mapping[NodeId, NodeRole] | None = None, /, **named: NodeRole) -> Roles:
    """Make a system of nodes by name: each has a handler and a first state.

        cp.system(server=(server, Server()), c1=(client, Client()), c2=(client, Client()))

    Names that are no words of Python are given as a mapping, before the others. Reports show the
    nodes in the order in which they are named.

    Raises:
        BadScenario: a node has something else, or its handler cannot be called with two or three
            arguments.
    """
    roles: dict[NodeId, object] = {**(nodes or {}), **named}
    handlers, states = dict[NodeId, Handler](), dict[NodeId, object]()
    for node, role in roles.items():
        if not isinstance(role, tuple) or len(role) != 2 or not callable(role[0]):
            raise BadScenario(
                f"system: {node} is {brief(role)}; give it a handler and its first state: "
                f"{node}=(handler, state)"
            )
        handlers[node], states[node] = _taking_two(node, role[0]), role[1]
    return Roles(tuple(roles), MappingProxyType(handlers), MappingProxyType(states))


def _taking_two(node: NodeId, handler: Handler) -> Handler:
    """Return a function of state and input, also where the author's takes the node's name first."""
    try:
        signature = inspect.signature(handler)
    except ValueError:  # made in C, so that nothing tells what it takes
        return handler
    if _fits(signature, 2):
        return handler
    if _fits(signature, 3):
        return _Named(handler, node)
    raise BadScenario(
        f"system: the handler of {node} takes {signature}; it is called as handler(state, given), or "
        "as handler(node, state, given)"
    )


def _fits(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


class _Named:
    """A handler that is told the name of its node."""

    def __init__(self, handler: Handler, node: NodeId) -> None:
        self.__wrapped__ = handler
        self._node = node

    def __call__(self, state: Any, given: Input) -> Step[Any] | None:
        return self.__wrapped__(self._node, state, given)
