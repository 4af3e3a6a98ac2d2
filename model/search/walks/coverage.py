"""How much of a system a search has seen: node states and transitions, counted across processes.

The same state is met by many workers, so counts cannot be added up. What is kept instead are the
smallest hashes: the k smallest of two sets together are the k smallest of their union, and how close
they lie tells how many there are (Bar-Yossef et al., "Counting distinct elements in a data stream",
RANDOM 2002). Up to k the count is exact, beyond it it is right within some percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress, islice
from operator import ne

from counterpoint.model.reaction import NodeState
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.stable_hash import HASH_BITS, StableHasher, spread
from counterpoint.model.values import Value

KEPT_MAX = 1_024
"""So many hashes are kept; one standard error is then 1 / sqrt(1022), 3.1 percent."""


@dataclass(frozen=True, slots=True)
class DistinctCount:
    """How many different things were seen, by the smallest of their hashes, in ascending order."""

    smallest: tuple[int, ...] = ()

    def plus(self, hashes: Iterable[int]) -> DistinctCount:
        """Return the count with more things, given their hashes."""
        bound = self.smallest[-1] if len(self.smallest) == KEPT_MAX else 1 << HASH_BITS
        fresh = {found for found in hashes if found < bound}
        if not fresh:
            return self
        return DistinctCount(tuple(sorted(fresh.union(self.smallest))[:KEPT_MAX]))

    @property
    def count(self) -> int:
        """How many there are, exactly where there are few, and estimated where there are many.

        >>> DistinctCount().plus([7, 7, 9]).count
        2
        """
        if len(self.smallest) < KEPT_MAX:
            return len(self.smallest)
        return round((KEPT_MAX - 1) * (1 << HASH_BITS) / self.smallest[-1])


@dataclass(frozen=True, slots=True)
class Coverage:
    """The node states that runs came to, and the transitions: what happened to a node in a state."""

    node_states: DistinctCount = DistinctCount()
    transitions: DistinctCount = DistinctCount()

    def plus(self, other: Coverage) -> Coverage:
        """Return what was seen in one or the other."""
        return Coverage(
            self.node_states.plus(other.node_states.smallest),
            self.transitions.plus(other.transitions.smallest),
        )


def counted_of(node_state: NodeState) -> Value:
    """Return what tells a node state from others: all of it, or what its state says of itself.

    The state of a program, which never comes back, says so: what is seen of it (`counted`).
    """
    counted: Value = getattr(node_state.state, "counted", node_state)
    return counted


class CoverageReader:
    """Reads off growing tables what is new in them since it last did."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._states: list[int] = []
        self._known: list[int] = []
        self._messages: list[int] = []
        self._hasher = StableHasher()

    def read(self) -> Coverage:
        """Return what has come to the tables since the last time."""
        before = len(self._states)
        self._states.extend(map(self._state, range(before, len(self._compiled.node_states))))
        self._known.extend([0] * (len(self._states) - before))
        return Coverage(
            DistinctCount().plus(self._states[before:]), DistinctCount().plus(self._transitions())
        )

    def _state(self, number: int) -> int:
        compiled = self._compiled
        state = self._hasher.of(counted_of(compiled.node_states[number]))
        return spread(hash((compiled.node_of_node_state[number], state)))

    def _transitions(self) -> Iterator[int]:
        contents, count = self._compiled.contents, len(self._messages)
        self._messages.extend(map(self._hasher.of, islice(contents, count, None)))
        sizes = list(map(len, self._compiled.reactions))
        for number in compress(range(len(sizes)), map(ne, sizes, self._known)):
            for given in islice(self._compiled.reactions[number], self._known[number], None):
                yield spread(hash((self._states[number], self._given(given))))
        self._known = sizes

    def _given(self, given: object) -> int:
        """Return the hash of what a node was given: a message by its number, or something else."""
        if isinstance(given, int):
            return self._messages[given]
        return self._hasher.of(given)
