"""Authorisation as an automaton: which answer each call under way is due, and whether it got it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value


class Due(NamedTuple):
    """`calls` has for each call under way its client and the refusal that it must get, if any."""

    calls: tuple[tuple[NodeId, Value], ...] = ()
    is_broken: bool = False


@dataclass(frozen=True)
class AuthorisationObserver:
    """What is not allowed is refused in the right words, what is allowed is not; see `authorisation`."""

    refusal_of: Callable[[Value], Value]
    refusals: Collection[Value]

    @property
    def initial(self) -> Due:
        """Nothing was called."""
        return Due()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Due:
        """Take in calls, answers and crashes of clients."""
        assert isinstance(memory, Due), f"{memory!r} is no memory of this observer"
        for observation in seen:
            memory = self._after(memory, observation)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether some answer was wrong."""
        assert isinstance(memory, Due), f"{memory!r} is no memory of this observer"
        return memory.is_broken

    def _after(self, memory: Due, seen: Observation) -> Due:
        rest = tuple(call for call in memory.calls if call[0] != seen.node)
        match seen.kind:
            case "invoke":
                due = self.refusal_of(seen.value)
                calls = sorted((*rest, (seen.node, due)), key=lambda call: call[0])
                return memory._replace(calls=tuple(calls))
            case "return":
                due = dict(memory.calls)[seen.node]
                is_wrong = seen.value != due if due is not None else seen.value in self.refusals
                return Due(rest, memory.is_broken or is_wrong)
            case "crash":
                return memory._replace(calls=rest)
            case _:
                return memory
