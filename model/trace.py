"""Traces: everything that happened in a run, and the choices that make it happen again."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.model.event import Event
from counterpoint.model.scenario import Scenario
from counterpoint.model.world import Action, World


@dataclass(frozen=True, slots=True)
class Trace:
    """A finished run. `choices` alone reproduce the rest.

    `worlds[k]` is the world before choice k, `worlds[-1]` the last one. `repeats` is the index of
    an earlier world, after the faults stopped, that the last world is equal to, identities aside:
    a run that goes round in a circle and so never ends. `failure` is what a handler raised.
    """

    scenario: Scenario
    choices: tuple[Action, ...]
    events: tuple[Event, ...]
    worlds: tuple[World, ...]
    repeats: int | None = None
    failure: str | None = None

    @property
    def final(self) -> World:
        """The world after the last choice."""
        return self.worlds[-1]

    def by_step(self) -> dict[int, list[Event]]:
        """Return the events of each step that has any, in order; step -1 is the start."""
        found: dict[int, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.step, []).append(event)
        return found

    def events_of_step(self, step: int) -> tuple[Event, ...]:
        """Return the events that one choice caused, in order; step -1 is the start."""
        return tuple(event for event in self.events if event.step == step)
