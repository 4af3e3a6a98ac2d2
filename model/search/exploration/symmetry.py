"""Symmetry: states that differ in who is who among interchangeable nodes count as one.

A state stands for its orbit: all states that some exchange of names within the groups of
`Scenario.symmetric` makes of it. The one with the smallest number represents them. All exchanges are
tried, so that no order of exploration changes the count; sorting the nodes alone would not do, as
states and messages name other nodes.

The promise behind it is the user's: exchanged names must lead to exchanged behaviour, and properties
must not single out a node of a group.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, permutations, product
from typing import Any, cast

from counterpoint.model.actions import Settle
from counterpoint.model.fault_state import FaultState
from counterpoint.model.mistakes import OwnDefect, brief
from counterpoint.model.observer import Thread
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.effects import SlotId
from counterpoint.model.search.engine.slots import Slot, Slots
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.values import NodeId, Value, with_atoms
from counterpoint.model.world import Action


class NotInterchangeable(ValueError):
    """Nodes that a scenario says are interchangeable behave differently; says which, and where."""


Names = Mapping[NodeId, NodeId]
"""The new name of each node that gets one."""

FieldValues = tuple[int, ...]
"""A state: a slot for each node, the conditions, the memory."""


def renamed(value: Value, names: Names) -> Value:
    """Return a value with every node named anew, at any depth.

    A text that equals the name of a node is taken to be one.

    >>> renamed(("a", frozenset({"b", 1})), {"a": "b", "b": "a"}) == ("b", frozenset({"a", 1}))
    True
    """
    return with_atoms(value, lambda atom: names.get(atom, atom) if type(atom) is str else atom)


def exchanges(scenario: Scenario) -> Iterator[Names]:
    """Return every exchange of names within the groups, the one that changes nothing first."""
    groups = scenario.symmetric
    for images in product(*(permutations(group) for group in groups)):
        yield {
            old: new
            for group, image in zip(groups, images, strict=True)
            for old, new in zip(group, image, strict=True)
        }


class Exchange:
    """One exchange of names, and what it makes of each part of a state."""

    def __init__(self, slots: Slots, memories: Memories, names: Names) -> None:
        self._slots, self._memories, self._names = slots, memories, names
        nodes, index = slots.scenario.system.nodes, slots.scenario.index
        self.images = tuple(index[names.get(node, node)] for node in nodes)

    def slot(self, node: int, slot: SlotId) -> SlotId:
        """Return the slot that `images[node]` has for the slot of a node."""
        names, slots = self._names, self._slots
        node_state, inbox, held = slots.slots[node][slot]
        compiled, target = slots.compiled, self.images[node]
        there = compiled.node_state_id(target, _node_state(compiled.node_states[node_state], names))

        def messages(numbers: tuple[int, ...]) -> list[int]:
            contents = (compiled.contents[number] for number in numbers)
            return [compiled.message_id(_content(content, names)) for content in contents]

        inbox_there = slots.filed(messages(inbox))
        return slots.slot_id(target, Slot(there, inbox_there, tuple(sorted(messages(held)))))

    def leads(self, one: FieldValues, other: FieldValues) -> bool:
        """Tell whether it makes one state of another."""
        return self.state(one) == other

    def state(self, fields: FieldValues) -> FieldValues:
        """Return the state with other names."""
        there = list(fields)
        for node, target in enumerate(self.images):
            there[target] = self.slot(node, fields[node])
        there[-2:] = self.environment(fields[-2]), self.memory(fields[-1])
        return tuple(there)

    def environment(self, environment: int) -> int:
        """Return the conditions with other names."""
        before = self._slots.environments[environment]
        return self._slots.interned.environment_id(_conditions(before, self._names, self.images))

    def memory(self, memory: int) -> int:
        """Return what is remembered with other names."""
        names, images = self._names, self.images
        return self._memories.renamed(memory, lambda part: _memory(part, names, images))


def exchanged(
    slots: Slots,
    memories: Memories,
    states: tuple[FieldValues, FieldValues],
    choices: tuple[Action, ...],
) -> tuple[Action, ...]:
    """Return choices that are possible in one of two states with the names of the other."""
    one, other = states
    if one == other:
        return choices
    for names in exchanges(slots.scenario):
        exchange = Exchange(slots, memories, names)
        if exchange.leads(one, other):
            return tuple(_action(choice, names) for choice in choices)
    raise AssertionError(f"no exchange of names makes {other} of {one}")


def refuted(
    slots: Slots,
    memories: Memories,
    state: FieldValues,
    counterpart: Callable[[FieldValues], Action | None],
    *,
    step: int,
) -> NotInterchangeable:
    """Return why a claim of symmetry is wrong: two nodes, and a step that only one of them can make.

    `counterpart` is the action that does in a state what was done in the given one; it must be missing
    in some state of its orbit. Names are exchanged two at a time until it is.
    """
    pairs = [pair for group in slots.scenario.symmetric for pair in combinations(group, 2)]
    swaps = [(a, b, Exchange(slots, memories, {a: b, b: a})) for a, b in pairs]
    actions = {state: counterpart(state)}
    here_and_beyond = [state]
    for here in here_and_beyond:
        for one, other, swap in swaps:
            there = swap.state(here)
            if there in actions:
                continue
            actions[there] = counterpart(there)
            if actions[there] is None:
                return not_interchangeable(one, other, has_no_counterpart(actions[here], step))
            here_and_beyond.append(there)
    raise OwnDefect("a run by real names is not found, though all exchanges of names allow it")


def has_no_counterpart(action: Action | None, step: int) -> str:
    """Say of an action that only one of two nodes can take it, or that it leads elsewhere."""
    return f"step {step}, {brief(action)}, has no counterpart where their names are exchanged"


def not_interchangeable(one: NodeId, other: NodeId, why: str) -> NotInterchangeable:
    """Return the error that says why two nodes are not interchangeable."""
    return NotInterchangeable(
        f"{one} and {other} are not interchangeable: {why}; "
        "correct Scenario.symmetric, or explore without symmetry"
    )


def _action(choice: Action, names: Names) -> Action:
    if isinstance(choice, Settle):
        return Settle(tuple(sorted(names.get(node, node) for node in choice.silent)))
    there: Any = renamed(cast("Value", choice), names)
    return cast("Action", there)


class Symmetry:
    """Finds the representative of a state. Keeps what it has renamed."""

    def __init__(self, slots: Slots, memories: Memories) -> None:
        self._exchanges = tuple(
            Exchange(slots, memories, names) for names in exchanges(slots.scenario)
        )
        self._slot_images: dict[tuple[int, int, SlotId], SlotId] = {}
        self._others: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._known: dict[FieldValues, FieldValues] = {}

    def representative(self, state: FieldValues) -> FieldValues:
        """Return the state that stands for all states of this one's orbit."""
        known = self._known.get(state)
        if known is None:
            known = min(self._image(k, state) for k in range(len(self._exchanges)))
            self._known[state] = known
        return known

    def _image(self, number: int, state: FieldValues) -> FieldValues:
        image, exchange = list(state), self._exchanges[number]
        for node, target in enumerate(exchange.images):
            key = (number, node, state[node])
            slot = self._slot_images.get(key)
            if slot is None:
                slot = self._slot_images[key] = exchange.slot(node, state[node])
            image[target] = slot
        image[-2:] = self._rest(number, state[-2], state[-1])
        return tuple(image)

    def _rest(self, number: int, environment: int, memory: int) -> tuple[int, int]:
        key = (number, environment, memory)
        if key not in self._others:
            exchange = self._exchanges[number]
            self._others[key] = exchange.environment(environment), exchange.memory(memory)
        return self._others[key]


def _node_state(node_state: NodeState, names: Names) -> NodeState:
    there = renamed(node_state, names)
    assert isinstance(there, NodeState), f"{there!r} is no node state"
    return dataclasses.replace(
        there, timers=node_state.timers
    )  # what a timer is called names no node


def _content(content: tuple[NodeId, NodeId, Value], names: Names) -> tuple[NodeId, NodeId, Value]:
    src, dst, body = content
    return names.get(src, src), names.get(dst, dst), renamed(body, names)


def _conditions(conditions: FaultState, names: Names, images: tuple[int, ...]) -> FaultState:
    there = renamed(conditions, names)
    assert isinstance(there, FaultState), f"{there!r} are no conditions"
    return dataclasses.replace(
        there,
        down=tuple(sorted(there.down)),
        silent=tuple(sorted(there.silent)),
        cuts=tuple(
            sorted(dataclasses.replace(cut, side=tuple(sorted(cut.side))) for cut in there.cuts)
        ),
        roles=_moved(conditions.roles, images),
        settled=None if there.settled is None else tuple(sorted(there.settled)),
        open_calls=tuple(
            dataclasses.replace(call, failed=tuple(sorted(call.failed)))
            for call in there.open_calls
        ),
        suspected=tuple(sorted(there.suspected)),
        spent=conditions.spent,
    )


def _moved(parts: tuple[Any, ...], images: tuple[int, ...]) -> tuple[Any, ...]:
    """Return what belongs to each node, at its new place."""
    if not parts:
        return parts
    there = list(parts)
    for node, target in enumerate(images):
        there[target] = parts[node]
    return tuple(there)


def _memory(memory: Value, names: Names, images: tuple[int, ...]) -> Value:
    """Return the memory of an observer; a history has its threads by the order of the nodes, or one."""
    if not (isinstance(memory, tuple) and len(memory) > 1 and isinstance(memory[0], Thread)):
        return renamed(memory, names)
    threads = [
        Thread(
            tuple(
                call._replace(
                    before=_moved(call.before, images),
                    operation=renamed(call.operation, names),
                    answer=renamed(call.answer, names),
                )
                for call in thread.calls
            ),
            thread.is_busy,
        )
        for thread in memory
    ]
    return _moved(tuple(threads), images)
