"""Deciders: of which runs the check of a property is bound to decide, as automata beside observers.

An observer says that nothing is broken; whether the check says that the property holds, or that there
was nothing to judge, is another question. With both a walk is judged step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from counterpoint.model.node import GaveUp
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value


class Decider(Protocol):
    """Of which runs the check of a property is bound to decide: an automaton beside its observer.

    It may say of too few runs that they are decided, and never of too many.
    """

    @property
    def initial(self) -> Value:
        """The memory before anything was seen."""
        ...

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Return the memory after one step in which these things were seen, in order."""
        ...

    def is_decided(self, memory: Value) -> bool:
        """Tell whether the check says of such a run that the property holds, or is broken."""
        ...


class AnsweredSoFar(NamedTuple):
    """The calls under way by client, sorted; whether an answer counted; what was marked by whom."""

    calls: tuple[tuple[NodeId, Value], ...] = ()
    has_answer: bool = False
    marks: frozenset[tuple[Hashable, NodeId]] = frozenset()


UNSURE = "unsure"
"""The memory of a run in which something was marked twice."""


@dataclass(frozen=True)
class DecidedOnceAnswered:
    """A check decides once some answer counts, unless something happened twice that it takes for unique.

    `counts(operation, result)` tells whether an answer does, and is not asked of a call that its client
    gave up; without it all do. `mark(operation)` names what a call may do only once, or with
    `by_client` what only one client may do; None for a call that is free.
    """

    counts: Callable[[Value, Value], bool] | None = None
    mark: Callable[[Value], Hashable] | None = None
    by_client: bool = False

    @property
    def initial(self) -> Value:
        """Nothing was called."""
        return AnsweredSoFar()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Value:
        """Take in calls, answers and crashes of clients."""
        for observation in seen:
            if isinstance(memory, AnsweredSoFar):
                memory = self._after(memory, observation)
        return memory

    def is_decided(self, memory: Value) -> bool:
        """Tell whether an answer counted, and nothing was marked twice."""
        return isinstance(memory, AnsweredSoFar) and memory.has_answer

    def _after(self, memory: AnsweredSoFar, seen: Observation) -> Value:
        if seen.kind == "invoke":
            return self._called(memory, seen.node, seen.value)
        if seen.kind not in ("return", "crash"):
            return memory
        rest = tuple(entry for entry in memory.calls if entry[0] != seen.node)
        is_told = memory.has_answer or self._counts(memory, seen)
        return memory._replace(calls=rest, has_answer=is_told)

    def _counts(self, memory: AnsweredSoFar, seen: Observation) -> bool:
        if seen.kind != "return" or isinstance(seen.value, GaveUp):
            return False
        return self.counts is None or self.counts(dict(memory.calls)[seen.node], seen.value)

    def _called(self, memory: AnsweredSoFar, client: NodeId, operation: Value) -> Value:
        calls = tuple(sorted((*memory.calls, (client, operation)), key=lambda entry: entry[0]))
        what = None if self.mark is None else self.mark(operation)
        if what is None:
            return memory._replace(calls=calls)
        others = {owner for marked, owner in memory.marks if marked == what}
        if others and (not self.by_client or others != {client}):
            return UNSURE
        return memory._replace(calls=calls, marks=memory.marks | {(what, client)})
