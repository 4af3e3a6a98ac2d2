"""How interchangeable nodes look: what a slot or the conditions say of one of them, names aside.

Two nodes that an exchange of names turns into each other look the same, so the nodes of a group can be
put in the order of their looks. Looks may be the same where nodes differ: they are no proof.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.values import NodeId, Value

ITSELF, ANOTHER = "this", "another"


class Looks:
    """The looks of nodes, numbered."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._nodes = slots.compiled.nodes
        self._members = frozenset(name for group in slots.scenario.symmetric for name in group)
        self._numbers: dict[object, int] = {}

    def of_slot(self, node: int, slot: int, member: int) -> int:
        """Return the number of what a slot says of a node of a group."""
        compiled, name = self._slots.compiled, self._nodes[member]
        node_state, inbox, held = self._slots.slots[node][slot]

        def messages(numbers: tuple[int, ...]) -> tuple[str, ...]:
            return tuple(sorted(self._look(compiled.contents[m], name) for m in numbers))

        known = compiled.node_states[node_state]
        # What a timer is called names no node.
        shown = self._look(dataclasses.replace(known, timers=()), name)
        return self._number((node == member, shown, known.timers, messages(inbox), messages(held)))

    def of_environment(self, environment: int, member: int) -> int:
        """Return the number of what the conditions say of a node of a group."""
        now, name = self._slots.environments[environment], self._nodes[member]
        role = now.roles[member] if now.roles else ""
        return self._number((name in now.down, name in now.silent, role))

    def _number(self, look: object) -> int:
        return self._numbers.setdefault(look, len(self._numbers))

    def _look(self, value: Value, name: NodeId) -> str:
        return look_of(value, name, self._members)


def look_of(value: Value, name: NodeId, members: Collection[NodeId]) -> str:
    """Return what a value looks like to one of its members, who tells the others not apart.

    >>> look_of(("a", frozenset({"b", "c"})), "a", {"a", "b"})
    "tuple(this, {'c', another})"
    """
    if isinstance(value, str) and value in members:
        return ITSELF if value == name else ANOTHER
    if isinstance(value, tuple):
        return _made(value, [look_of(part, name, members) for part in value])
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(look_of(part, name, members) for part in value))}}}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        thing: Any = value
        fields = (getattr(thing, f.name) for f in dataclasses.fields(thing) if f.init)
        return _made(value, [look_of(part, name, members) for part in fields])
    return f"{value!r}"


def _made(value: Value, parts: list[str]) -> str:
    return f"{type(value).__name__}({', '.join(parts)})"
