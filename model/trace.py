"""Traces: everything that happened in a run, and the choices that make it happen again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from counterpoint.model.values import NodeId, Value

if TYPE_CHECKING:
    from counterpoint.model.scenario import Scenario
    from counterpoint.model.world import Action, World

EventKind: TypeAlias = Literal[
    "start", "invoke", "return", "send", "deliver", "lose", "duplicate", "hold", "release",
    "set-timer", "cancel-timer", "timer", "crash", "recover", "silence", "mend", "partition", "heal",
    "persist", "transform", "role", "note", "settle",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. Fields that a kind has no use for are None.

    `id` numbers the events of a run from 0; `step` is the index of the choice that caused it, -1
    for the start. `causes` are the identities of the events directly before it: the previous event
    of the same node and, for an arrival, the send. `message` is the identity that a message keeps
    for every fate: delivered, lost, duplicated, still in flight. `operation` names the operation
    ("o1"); `value` is the operation asked for, the result, the body, the note or the role.
    """

    id: int
    step: int
    kind: EventKind
    node: NodeId | None = None
    causes: tuple[int, ...] = ()
    message: int | None = None
    src: NodeId | None = None
    dst: NodeId | None = None
    operation: str | None = None
    value: Value = None
    why: str | None = None


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

    def events_of_step(self, step: int) -> tuple[Event, ...]:
        """Return the events that one choice caused, in order; step -1 is the start."""
        return tuple(event for event in self.events if event.step == step)
