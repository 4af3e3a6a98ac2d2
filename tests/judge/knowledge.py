"""What the twin knows of a drawn system, worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from counterpoint.model.mistakes import BadScenario
from counterpoint.model.move import begin
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.slots import NoOp
from counterpoint.model.values import Value
from counterpoint.model.verdict import holds
from tests.judge import reference
from tests.judge.reference import Found
from tests.judge.systems import Drawn, scenario_of

STATES_MAX = 200
"""Of larger systems the first levels are compared, and the endings not at all."""

Says: TypeAlias = Iterator[str]
"""What a search says otherwise than the twin, a sentence each."""


class Case:
    """A drawn system with what the twin knows of it, worked out when it is first asked for."""

    def __init__(self, drawn: Drawn, states_max: int = STATES_MAX) -> None:
        self.drawn = drawn
        self.states_max = states_max
        self.scenario = scenario_of(drawn)
        self.moves = reference.Moves()
        self.end = reference.liveness_of(self.scenario)

    @cached_property
    def fails_to_start(self) -> bool:
        """Tell whether a handler fails before the first step."""
        try:
            begin(self.scenario)
        except BadScenario:
            return True
        return False

    @property
    def about(self) -> tuple[str, ...]:
        """Say what kind of system it is, in words to count."""
        if self.fails_to_start:
            return ("fail to start",)
        is_broken = bool(self.consumed.broken) or self.unanswered not in ("no", None)
        return (
            "broken" if is_broken else "right",
            "whole" if self.consumed.is_whole else "in part",
            *((f"unanswered: {self.unanswered}",) if self.end else ()),
            *(["symmetric"] if self.drawn.group else []),
        )

    @cached_property
    def silent(self) -> Scenario:
        """The scenario in which nothing is ever broken, but all is remembered."""
        muted = tuple(map(_muted, self.scenario.properties))
        return self.scenario.but(properties=muted, invariants=())

    @cached_property
    def kept(self) -> Found:
        """All that can be reached where what is ignored stays on its way."""
        return reference.search(self.scenario, self.moves, keeps=True, states_max=self.states_max)

    @cached_property
    def consumed(self) -> Found:
        """All that can be reached where what is ignored is gone."""
        return reference.search(self.scenario, self.moves, keeps=False, states_max=self.states_max)

    @cached_property
    def lost(self) -> Found:
        """All that can be reached where any message that can arrive can be lost."""
        return reference.search(
            self.silent, self.moves, keeps=False, states_max=self.states_max, is_lossy=True
        )

    def found(self, no_op: NoOp) -> Found:
        """Return what the twin found under the rules of an exploration."""
        return self.consumed if no_op == "consume" else self.kept

    @cached_property
    def unanswered(self) -> str | None:
        """Say whether a call that is owed an answer may never get it; None: unknown."""
        if self.end is None:
            return "no"
        again = self.end.check.keywords["sends_again"]  # type: ignore[attr-defined]
        return reference.never_answered(
            self.scenario, self.moves, sends_again=again, states_max=3 * self.states_max
        )

    def is_right(self, name: str) -> bool:
        """Tell whether the twin is sure that a property is never broken."""
        if self.end is not None and name == self.end.name:
            return self.unanswered == "no"
        return self.consumed.is_whole and name not in self.consumed.broken


def _muted(prop: Property) -> Property:
    observer = None if prop.observer is None else _Silent(prop.observer)
    return Property(prop.name, _always_holds, prop.reads, observer)


def _always_holds(trace: Any) -> Any:
    return holds("muted", examined=len(trace.events))


@dataclass(frozen=True)
class _Silent:
    observer: Any

    @property
    def initial(self) -> Value:
        value: Value = self.observer.initial
        return value

    def observe(self, memory: Value, seen: Any) -> Value:
        value: Value = self.observer.observe(memory, seen)
        return value

    def is_broken(self, memory: Value) -> bool:
        del memory
        return False
