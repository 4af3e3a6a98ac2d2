"""The states of all nodes as an author's function is shown them, which note of whom they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from counterpoint.model.values import NodeId


class StatesRead(Mapping[NodeId, Any]):
    """The states of all nodes, by name. `read` are the nodes whose states were read.

    Whoever reads them other than by name reads all. Of the names nothing is noted: they never change.
    It is no dictionary, as C code reads and compares these without a word to their methods.

    >>> states = StatesRead({"s1": 1, "s2": 2, "c": 3})
    >>> [states["s1"], states.get("s2"), sorted(states), sorted(states.read)]
    [1, 2, ['c', 's1', 's2'], ['s1', 's2']]
    >>> dict(states) == {**states}, sorted(states.read)
    (True, ['c', 's1', 's2'])
    """

    __slots__ = ("_states", "read")

    def __init__(self, states: Mapping[NodeId, Any]) -> None:
        self._states = states
        self.read: set[NodeId] = set()

    def __getitem__(self, node: NodeId) -> Any:
        found = self._states[node]
        self.read.add(node)
        return found

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self._states)

    def __reversed__(self) -> Iterator[NodeId]:
        return reversed(tuple(self._states))

    def __len__(self) -> int:
        return len(self._states)

    def __contains__(self, node: object) -> bool:
        return node in self._states

    def copy(self) -> dict[NodeId, Any]:
        """Return them as a dictionary, of which nothing is noted."""
        return dict(self)

    def __or__(self, others: Mapping[NodeId, Any]) -> dict[NodeId, Any]:
        return {**self, **others}

    def __ror__(self, others: Mapping[NodeId, Any]) -> dict[NodeId, Any]:
        return {**others, **self}

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce_ex__(self, protocol: object) -> tuple[type, tuple[dict[NodeId, Any]]]:
        """A copy, however it is made, is a dictionary."""
        return dict, (dict(self),)
