"""Reactions: what one input does to one node. Both engines rest on it, one of them with a cache."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Note,
    Persist,
    Return,
    Send,
    SetTimer,
    System,
)
from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True, slots=True)
class Core:
    """One node: its state, what it persisted, its armed timers, its calls to come and under way."""

    state: Value
    durable: Value = None
    timers: tuple[str, ...] = ()
    todo: tuple[Value, ...] = ()
    pending: Value = None


class IllegalEffect(Exception):
    """A handler asked for something that no node can do. The text names node, effect and rule."""


class HandlerFailed(Exception):
    """A handler raised: a defect of the system under test, which a run reports as broken."""

    def __init__(self, node: NodeId, given: Input, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        super().__init__(
            f"{node} raised {type(error).__name__}: {error} on {type(given).__name__} "
            f"({where.name}, line {where.lineno})"
        )


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one input does to one node: its next core, and the handler's effects in order."""

    core: Core
    effects: tuple[Effect, ...]


def react(system: System[Any], node: NodeId, core: Core, given: Input) -> Reaction:
    """Give an input to a node: a pure function.

    Raises:
        HandlerFailed: the handler raised.
        IllegalEffect: it asked for something that no node can do.
    """
    try:
        step = system.handle(node, core.state, given)
    except Exception as error:
        raise HandlerFailed(node, given, error) from error
    timers, durable, pending = core.timers, core.durable, core.pending
    for effect in step.effects:
        match effect:
            case Send(to):
                if to not in system.nodes:
                    raise IllegalEffect(f"{node} sent {effect.body!r} to {to!r}, which is no node")
            case SetTimer(timer):
                timers = timers if timer in timers else tuple(sorted((*timers, timer)))
            case CancelTimer(timer):
                timers = tuple(t for t in timers if t != timer)
            case Begin(operation):
                if pending is not None:
                    raise IllegalEffect(f"{node} began {operation!r} while {pending!r} is pending")
                pending = operation
            case Return(result):
                if pending is None:
                    raise IllegalEffect(f"{node} returned {result!r} while nothing is pending")
                pending = None
            case Persist(value):
                durable = value
            case Note():
                pass
    return Reaction(Core(step.state, durable, timers, core.todo, pending), step.effects)
