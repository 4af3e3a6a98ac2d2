"""Lamport clocks of writes as an automaton: above the clocks of all that happened before.

What happened before a write is what its session had done and seen when it began to write. The clock
of a write may become known later than its beginning: from its answer, or from who sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterpoint.checkers.replicas.visibility import Identity
from counterpoint.model.observer import Observation
from counterpoint.model.values import Value


class Began(NamedTuple):
    """A session begins to write."""

    session: str
    write: Identity


class Stamped(NamedTuple):
    """Somebody learns of a write and its clock; a session also counts it as seen, a place does not."""

    write: Identity
    clock: int
    session: str | None = None


Reading: TypeAlias = Callable[[Observation], "Began | Stamped | None"]
"""What an observation says about clocks; None if nothing."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The highest clock that each session knows; for writes of unknown clock, what it must exceed.

    `floors` has for each of these writes its session and the clock that the session knew.
    """

    known: tuple[tuple[str, int], ...] = ()
    floors: tuple[tuple[Identity, tuple[str, int]], ...] = ()
    is_broken: bool = False

    def after(self, said: Began | Stamped) -> Clocks:
        """Return the memory after one more observation.

        >>> alice, bob = Began("alice", ("x", 1)), Began("bob", ("y", 1))
        >>> clocks = Clocks().after(alice).after(Stamped(("x", 1), 2, "bob")).after(bob)
        >>> clocks.after(Stamped(("y", 1), 2)).is_broken, clocks.after(Stamped(("y", 1), 3)).is_broken
        (True, False)
        """
        known, floors = dict(self.known), dict(self.floors)
        is_broken = self.is_broken
        if isinstance(said, Began):
            floors[said.write] = (said.session, known.get(said.session, 0))
        else:
            writer, floor = floors.pop(said.write, (said.session, 0))
            is_broken = is_broken or said.clock <= floor
            for session in (writer, said.session):
                if session is not None:
                    known[session] = max(known.get(session, 0), said.clock)
        return Clocks(tuple(sorted(known.items())), tuple(sorted(floors.items())), is_broken)


@dataclass(frozen=True)
class ClockWatch:
    """The property as an automaton, for explorations."""

    reading: Reading

    @property
    def initial(self) -> Clocks:
        """Nobody knows anything."""
        return Clocks()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Clocks:
        """Follow one step."""
        assert isinstance(memory, Clocks)
        for observation in seen:
            said = self.reading(observation)
            if said is not None:
                memory = memory.after(said)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether a write got a clock that is too low."""
        assert isinstance(memory, Clocks)
        return memory.is_broken
