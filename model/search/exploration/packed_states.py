"""States as integers: a field for the conditions, for each node's slot, for what observers remember.

What can happen in a slot, what messages change and what observers see is worked out once and is from
then on an integer to add, so that a successor is a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from counterpoint.model.search.engine.slots import Slots, Transition
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.symmetry import FieldValues
from counterpoint.model.world import Action

FIELD_BITS = 24
"""The width of a field: a node may have some 16 million slots. `Full` says when there are more.

The memories are the last field and have no bound.
"""

_MASK = (1 << FIELD_BITS) - 1


class Full(RuntimeError):
    """A number does not fit its field any more; going on would take different states for one."""


Sent: TypeAlias = tuple[int, int, dict[int, int], int]
"""A batch of messages: its receiver's field, the number of the batch, what it adds by both, who.

The number lies where the conditions do, which messages do not depend on.
"""

PackedStep: TypeAlias = tuple[int, tuple[Sent, ...], int, Transition]
"""What a transition adds to a state by itself, what is sent, what is seen, and itself.

Plain tuples, which are taken apart in half the time of any with names.
"""


@dataclass(slots=True)
class _Place:
    """A node, or the network as a whole: which part of a state tells what can happen there, and that."""

    node: int | None
    fields: int
    steps: dict[int, tuple[PackedStep, ...]] = field(default_factory=dict)


class PackedStates:
    """The states of an exploration as integers, and what follows them."""

    def __init__(self, slots: Slots, memories: Memories) -> None:
        self._slots, self._memories = slots, memories
        nodes = range(len(slots.compiled.nodes))
        self._node_shifts = tuple(FIELD_BITS * (1 + node) for node in nodes)
        self._memory_shift = FIELD_BITS * (1 + len(nodes))
        self._memory_field = -1 << self._memory_shift
        of_node = [_MASK << shift for shift in self._node_shifts]
        self._pushed_to = tuple((fields, dict[int, int]()) for fields in of_node)
        self._places = (
            *(_Place(node, of_node[node] | _MASK) for node in nodes),
            _Place(None, _MASK),
        )
        self._observed: dict[int, int] = {}
        self.start = self.state((*slots.start_slots, slots.start_environment, memories.start))

    def fields(self, state: int) -> FieldValues:
        """Return the slot of each node, the conditions, and what the observers remember."""
        slots = ((state >> shift) & _MASK for shift in self._node_shifts)
        return (*slots, state & _MASK, state >> self._memory_shift)

    def state(self, fields: FieldValues) -> int:
        """Return the state that has these fields."""
        *slots, environment, memory = fields
        placed = zip(slots, self._node_shifts, strict=True)
        return environment + sum(s << at for s, at in placed) + (memory << self._memory_shift)

    def memory(self, state: int) -> int:
        """Return what the observers remember, as a number."""
        return state >> self._memory_shift

    def add_successors(self, state: int, found: list[int]) -> None:
        """Add the successors of a state to a list, place by place; equal ones as often as they come.

        Raises:
            HandlerBroke: a handler failed; those before it were added.
            Full: there are too many slots or conditions.
        """
        self._add(self._places, state, found)

    def steps(self, state: int) -> Iterator[tuple[Action, int]]:
        """Yield each action that is possible in a state, and the state after it.

        Raises:
            HandlerBroke: a handler failed.
        """
        for place in self._places:
            found: list[int] = []
            self._add((place,), state, found)
            for step, after in zip(place.steps[state & place.fields], found, strict=True):
                yield step[-1].action, after

    def _add(self, places: Iterable[_Place], state: int, found: list[int]) -> None:
        # One loop without calls, which would take a third of the time.
        for place in places:
            at = state & place.fields
            steps = place.steps.get(at)
            if steps is None:
                steps = place.steps[at] = self._compiled(place, at)
            for change, sent, seen, _ in steps:
                successor = state + change
                for fields, batch, changes, node in sent:
                    key = state & fields | batch
                    try:
                        successor += changes[key]
                    except KeyError:
                        pushed = changes[key] = self._pushed(node, state, batch)
                        successor += pushed
                if seen:
                    key = (state & self._memory_field) | seen
                    observed = self._observed.get(key)
                    if observed is None:
                        observed = self._observed[key] = self._seen(state, seen)
                    successor += observed
                found.append(successor)

    def _pushed(self, node: int, state: int, batch: int) -> int:
        shift = self._node_shifts[node]
        slot = (state >> shift) & _MASK
        return (_fitting(self._slots.push(node, slot, batch)) - slot) << shift

    def _seen(self, state: int, sighting: int) -> int:
        memory = state >> self._memory_shift
        return (self._memories.observe(memory, sighting) - memory) << self._memory_shift

    def _compiled(self, place: _Place, state: int) -> tuple[PackedStep, ...]:
        environment = state & _MASK
        if place.node is None:
            transitions = self._slots.expand_network(environment)
            return tuple(self._packed(t, 0, environment) for t in transitions)
        shift = self._node_shifts[place.node]
        slot = (state >> shift) & _MASK
        transitions = self._slots.expand(place.node, slot, environment)
        return tuple(
            self._packed(t, (_fitting(t.slot) - slot) << shift, environment) for t in transitions
        )

    def _packed(self, transition: Transition, change: int, environment: int) -> PackedStep:
        change += _fitting(transition.environment) - environment
        sent: list[Sent] = []
        for node, batch in transition.batches:
            fields, changes = self._pushed_to[node]
            sent.append((fields, _fitting(batch), changes, node))
        return change, tuple(sent), _fitting(transition.seen), transition


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
