"""What the twin knows of a drawn system, worked out when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from counterpoint.model.actions import Fire
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.values import Value
from counterpoint.model.verdict import holds
from counterpoint.model.world import Action, begin
from tests.judge import reference
from tests.judge.reference import Endings, Found
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
        of_end = (p for p in self.scenario.properties if p.reads == "end")
        self.ends = {prop.name: prop for prop in of_end}

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
        is_broken = bool(self.consumed.broken) or bool(self.broken_ends)
        return (
            "broken" if is_broken else "right",
            "whole" if self.consumed.is_whole else "in part",
            *(f"{name} {self._of_end(name)}" for name in self.ends if name == "liveness"),
            *(f"rest {self._of_end(name)}" for name in self.ends if name != "liveness"),
            *(["symmetric"] if self.drawn.group else []),
        )

    def _of_end(self, name: str) -> str:
        if self.broken_ends is None or self.endings is None:
            return "unknown"
        if name not in self.broken_ends:
            return "right"
        return f"broken by {self.endings.unanswered}" if name == "liveness" else "broken"

    @cached_property
    def silent(self) -> Scenario:
        """The scenario in which nothing is ever broken, but all is remembered."""
        muted = tuple(map(_muted, self.scenario.properties))
        return self.scenario.replace(properties=muted, invariants=())

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
    def endings(self) -> Endings | None:
        """How runs may end; None: unknown."""
        liveness = self.ends.get("liveness")
        again = liveness is None or liveness.check.keywords["sends_again"]  # type: ignore[attr-defined]
        return reference.endings(
            self.scenario, self.moves, sends_again=again, states_max=3 * self.states_max
        )

    @cached_property
    def broken_ends(self) -> frozenset[str] | None:
        """The properties of ends that some end breaks; None: unknown."""
        if not self.ends or self.endings is None:
            return None if self.ends else frozenset()
        found = {
            name
            for name, prop in self.ends.items()
            if name != "liveness"
            and any(prop.check.keywords["is_met"](w) for w in self.endings.rests)  # type: ignore[attr-defined]
        }
        if "liveness" in self.ends and self.endings.unanswered != "no":
            found.add("liveness")
        return frozenset(found)

    def is_right(self, name: str, choices: Sequence[Action] = ()) -> bool:
        """Tell whether the twin is sure that a property is never broken, by this run at least.

        In the calm timers have no budget. What breaks after more of them than the budget allows is
        beyond what explorations, and the twin, have looked at.
        """
        if name in self.ends:
            return self.broken_ends is not None and name not in self.broken_ends
        budget = self.scenario.limits.get("fire")
        fired = sum(isinstance(choice, Fire) for choice in choices)
        if budget is not None and fired > budget.per_run:
            return False
        return self.consumed.is_whole and name not in self.consumed.broken


def _muted(prop: Property) -> Property:
    observer = None if prop.observer is None else _Silent(prop.observer)
    return Property(prop.name, _always_holds, prop.reads, observer)


def _always_holds(trace: Any) -> Any:
    return holds("muted", examined=len(trace.events))


_always_holds.is_about_precedence = True  # type: ignore[attr-defined]


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
