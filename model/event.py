"""Events: one thing each that happened in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId, Value

EventKind: TypeAlias = Literal[
    "start", "invoke", "return", "send", "deliver", "lose", "duplicate", "exchange", "hold",
    "release", "set-timer", "cancel-timer", "timer", "crash", "recover", "silence", "mend",
    "partition", "heal", "persist", "transform", "role", "note", "settle", "suspect", "trust",
    "pause", "go-on",
]  # fmt: skip


@quick_init
@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. Fields that a kind has no use for are None.

    `id` numbers the events of a run from 0; `step` is the index of the choice that caused it, -1
    for the start. `causes` are the identities of the events directly before it: the previous event
    of the same node and, for an arrival, the send. `message` is the identity that a message keeps
    for every fate: delivered, lost, duplicated, exchanged, still in flight. `operation` names the
    operation ("o1"); `value` is the operation asked for, the result, the body, the note or the role;
    of a message that was exchanged, the bodies that take its place.
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
