"""The states of all nodes as an author's function is shown them, which note of whom they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from counterpoint.model.values import NodeId


class StatesRead(dict[NodeId, Any]):
    """The states of all nodes, by name. `read` are the nodes whose states were read.

    Whoever reads them other than by name reads all. Of the names nothing is noted: they never change.

    >>> states = StatesRead({"s1": 1, "s2": 2, "c": 3})
    >>> [states["s1"], states.get("s2"), sorted(states), sorted(states.read)]
    [1, 2, ['c', 's1', 's2'], ['s1', 's2']]
    >>> dict(states) == {**states}, sorted(states.read)
    (True, ['c', 's1', 's2'])
    """

    def __init__(self, *states: Any) -> None:
        super().__init__(*states)
        self.read: set[NodeId] = set()

    def __getitem__(self, node: NodeId) -> Any:
        found = super().__getitem__(node)
        self.read.add(node)
        return found

    def get(self, node: NodeId, default: Any = None) -> Any:
        """Return the state of a node."""
        self.read.update({node} & self.keys())
        return super().get(node, default)

    def __iter__(self) -> Iterator[NodeId]:
        # Said again, as C code copies past the methods what goes through its names as dictionaries do.
        return super().__iter__()


def _reading_all(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    @wraps(method)
    def reading_all(self: StatesRead, *given: Any, **named: Any) -> Any:
        self.read.update(self.keys())
        return method(self, *given, **named)

    return reading_all


for _name in (
    *("values", "items", "copy", "pop", "popitem", "setdefault", "update", "clear"),
    *("__eq__", "__ne__", "__or__", "__ror__", "__ior__", "__repr__", "__reduce_ex__"),
    *("__setitem__", "__delitem__"),
):
    setattr(StatesRead, _name, _reading_all(_name))
