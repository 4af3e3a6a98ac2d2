"""Convergence as an automaton: at no moment do two replicas hold different things after equal writes.

`convergence` compares what was ever held; an exploration reaches every moment, so that comparing the
replicas of one moment is enough for it, and needs no memory beyond the replicas themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value


class Holding(NamedTuple):
    """A replica applied a write; its key holds this from now on."""

    write: Hashable
    key: str
    held: Hashable


class Held(NamedTuple):
    """What a replica has applied, and what each key holds, sorted by key."""

    applied: frozenset[Hashable] = frozenset()
    state: tuple[tuple[str, Hashable], ...] = ()

    def after(self, holding: Holding) -> Held:
        """Return what it holds after one more write.

        >>> Held().after(Holding("m1", "x", 1)).after(Holding("m2", "x", 1)).state
        (('x', 1),)
        """
        state = {**dict(self.state), holding.key: holding.held}
        return Held(self.applied | {holding.write}, tuple(sorted(state.items())))


Reading: TypeAlias = Callable[[NodeId, Value], "Holding | None"]
"""What a note of a replica says that it applied; None for another note."""


@dataclass(frozen=True)
class Agreement:
    """The property as an automaton, for explorations."""

    reading: Reading

    @property
    def initial(self) -> tuple[tuple[NodeId, Held], ...]:
        """Nobody has applied anything."""
        return ()

    def observe(
        self, memory: Value, seen: Sequence[Observation]
    ) -> tuple[tuple[NodeId, Held], ...]:
        """Follow the notes of one step."""
        assert isinstance(memory, tuple)
        replicas: dict[NodeId, Held] = dict(memory)
        for node, kind, value in ((s.node, s.kind, s.value) for s in seen):
            holding = self.reading(node, value) if kind == "note" else None
            if holding is not None:
                replicas[node] = replicas.get(node, Held()).after(holding)
        return tuple(sorted(replicas.items(), key=lambda entry: entry[0]))

    def is_broken(self, memory: Value) -> bool:
        """Tell whether two replicas disagree."""
        assert isinstance(memory, tuple)
        held = {replica for _, replica in memory}
        return len({replica.applied for replica in held}) < len(held)
