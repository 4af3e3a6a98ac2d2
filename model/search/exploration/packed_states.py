"""States as integers: a field for the conditions, for each node's slot, for what observers remember.

What can happen in a slot, what messages change and what observers see is worked out once and is from
then on an integer to add, so that a successor is a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from struct import Struct
from typing import NamedTuple, TypeAlias

from counterpoint.model.search.engine.effects import ActionEffect, EnvironmentId
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.symmetry import FieldValues
from counterpoint.model.world import Action

FIELD_BITS = 32
"""The width of a field, which is one that `struct` takes apart. `Full` says when a number is larger."""

_MASK = (1 << FIELD_BITS) - 1


class Full(RuntimeError):
    """A number does not fit its field any more; going on would take different states for one."""


class Changes(dict[int, int]):
    """What is added to a state by the number in one of its fields; worked out where it is missing."""

    def __init__(self, at: int, following: Callable[[int], int]) -> None:
        """`following` returns the number after the one that is in the field."""
        super().__init__()
        self.at, self._following = at, following

    def __missing__(self, before: int) -> int:
        change = self[before] = changed(self.at, before, self._following(before))
        return change


FieldChange: TypeAlias = tuple[int, Changes]
"""A field, and what is added to a state by the number in it."""

PackedEffect: TypeAlias = tuple[int, Changes, tuple[FieldChange, ...], Action]
"""A field that an action changes beside that of its node, what it adds there, the others that it
changes, and the action. Most actions change one: who is sent a message.

Plain tuples, which are taken apart in half the time of any with names.
"""

PackedStep: TypeAlias = tuple[int, PackedEffect]
"""What an action adds to a state by itself, and its effect."""


class PlaceUnder(NamedTuple):
    """A node, or the network as a whole, under some conditions: what can happen by the number there."""

    field: int
    steps: dict[int, tuple[PackedStep, ...]]
    node: int | None


class PackedStates:
    """The states of an exploration as integers, and what follows them."""

    def __init__(self, slots: Slots, memories: Memories) -> None:
        self._slots, self._memories = slots, memories
        self._node_count = len(slots.compiled.nodes)
        self._memory_field = self._node_count + 1
        layout = Struct(f"<{self._node_count + 2}I")
        self._bytes, self._unpack, self._pack = layout.size, layout.unpack, layout.pack
        self._places: list[list[PlaceUnder]] = []
        self._pushed: dict[tuple[int, int], FieldChange] = {}
        self._observed: dict[int, FieldChange] = {0: (0, Changes(0, lambda number: number))}
        self._packed: list[list[tuple[EnvironmentId, PackedEffect]]] = [[] for _ in slots.effects]
        self.start = self.state((*slots.start_slots, slots.start_environment, memories.start))

    def fields(self, state: int) -> FieldValues:
        """Return the slot of each node, the conditions, and what the observers remember."""
        environment, *others, memory = self._unpack(state.to_bytes(self._bytes, "little"))
        return (*others, environment, memory)

    def state(self, fields: FieldValues) -> int:
        """Return the state that has these fields.

        Raises:
            Full: a number does not fit its field.
        """
        *slots, environment, memory = map(_fitting, fields)
        return int.from_bytes(self._pack(environment, *slots, memory), "little")

    def memory(self, state: int) -> int:
        """Return what the observers remember, as a number."""
        return state >> FIELD_BITS * self._memory_field

    def add_successors(self, state: int, found: list[int]) -> None:
        """Add the successors of a state to a list, place by place; equal ones as often as they come.

        Raises:
            HandlerBroke: a handler failed; those before it were added.
            Full: there are too many slots or conditions.
        """
        # One loop without calls, which would take a third of the time.
        fields = self._unpack(state.to_bytes(self._bytes, "little"))
        for at, known, node in self._places_under(fields[0]):
            steps = known.get(fields[at])
            if steps is None:
                steps = known[fields[at]] = self._compiled(node, fields)
            for change, (to, more, others, _) in steps:
                successor = state + change + more[fields[to]]
                for to, more in others:
                    successor += more[fields[to]]
                found.append(successor)

    def steps(self, state: int) -> Iterator[tuple[Action, int]]:
        """Yield each action that is possible in a state, and the state after it.

        Raises:
            HandlerBroke: a handler failed.
        """
        found: list[int] = []
        broke: HandlerBroke | None = None
        try:
            self.add_successors(state, found)
        except HandlerBroke as failed:
            broke = failed
        fields = self._unpack(state.to_bytes(self._bytes, "little"))
        steps = (
            step
            for place in self._places_under(fields[0])
            for step in place.steps.get(fields[place.field], ())
        )
        for step, after in zip(steps, found, strict=False):
            yield step[1][-1], after
        if broke is not None:
            raise broke

    def _places_under(self, environment: int) -> list[PlaceUnder]:
        places = self._places
        while environment >= len(places):
            nodes = [PlaceUnder(1 + node, {}, node) for node in range(self._node_count)]
            places.append(nodes if self._slots.is_quiet else [*nodes, PlaceUnder(0, {}, None)])
        return places[environment]

    def _compiled(self, node: int | None, fields: tuple[int, ...]) -> tuple[PackedStep, ...]:
        environment, slots = fields[0], self._slots
        at, slot = (0, 0) if node is None else (1 + node, fields[1 + node])
        moves = (
            slots.network_moves(environment)
            if node is None
            else slots.moves(node, slot, environment)
        )
        effects = self._effects(-1 if node is None else node)
        compiled = []
        for after, effect in zip(*moves, strict=True):
            conditions, packed = effects[effect]
            change = changed(0, environment, conditions)
            change += changed(at, slot, after) if at else 0
            compiled.append((change, packed))
        return tuple(compiled)

    def _effects(self, place: int) -> list[tuple[EnvironmentId, PackedEffect]]:
        """Return all effects of a place that there are by now; most of them are those of many slots."""
        packed, known = self._packed[place], self._slots.effects[place]
        packed += map(self._packed_effect, known[len(packed) :])
        return packed

    def _packed_effect(self, effect: ActionEffect) -> tuple[EnvironmentId, PackedEffect]:
        changes = [self._push(node, batch) for node, batch in effect.batches]
        if effect.seen or not changes:
            changes.append(self._observe(effect.seen))
        (at, first), *others = changes
        return effect.environment, (at, first, tuple(others), effect.action)

    def _push(self, node: int, batch: int) -> FieldChange:
        """Return what a batch of messages changes, by the slot of the node that it is sent to."""
        if (node, batch) not in self._pushed:
            following = partial(self._slots.push, node, batch=batch)
            self._pushed[node, batch] = 1 + node, Changes(1 + node, following)
        return self._pushed[node, batch]

    def _observe(self, sighting: int) -> FieldChange:
        """Return what a sighting changes, by what the observers remember; without one it is nothing."""
        if sighting not in self._observed:
            following = partial(self._memories.observe, sighting=sighting)
            at = self._memory_field
            self._observed[sighting] = at, Changes(at, following)
        return self._observed[sighting]


def changed(at: int, before: int, after: int) -> int:
    """Return what is added to a state so that a field has another number.

    Raises:
        Full: the number does not fit its field.
    """
    return (_fitting(after) - before) << FIELD_BITS * at


def _fitting(number: int) -> int:
    """Return a number that fits its field.

    Raises:
        Full: it does not.
    """
    if number > _MASK:
        raise Full(
            f"number {number:,} does not fit a field of {FIELD_BITS} bits: this model is too large for "
            "the plain engine; explore it with --engine numpy, or bound it"
        )
    return number
