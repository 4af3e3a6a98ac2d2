"""Runs that never end: circles that are fair, and growth without end.

A run whose faults have stopped goes on for ever if it comes back to a state it was in, provided that
it leaves out nothing that was possible all the time (weak fairness). Where a term or a log grows, no
state comes back; then what comes back is its *shape*: the state with its numbers left out. That is no
proof, as somebody may count up to something, so it is believed only after very many rounds in which
messages were exchanged, and a node that merely counts the ticks of its own timer is not called stuck.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from counterpoint.model.kind import Action, kinds_of
from counterpoint.model.normal import Deliver, Fire
from counterpoint.model.values import Value

if TYPE_CHECKING:
    from counterpoint.model.trace import Trace
    from counterpoint.model.world import World

ROUNDS_OF_MESSAGES = 256
"""So often a shape comes back, with messages alone, until it is believed to do so for ever."""

ROUNDS_OF_TIMERS = 64
"""So often where timers go off in every round: nobody gives up after more tries than that."""

PERIOD_MAX = 64
"""Rounds longer than this are not looked for."""


def still_possible(world: World) -> Iterable[Action]:
    """Return what can still happen, faults aside, at nodes that are not silent for good."""
    silent = world.conditions.settled or ()
    kinds = [kind for kind in kinds_of(world.scenario) if not kind.is_fault]
    for place in (None, *world.scenario.system.nodes):
        if place not in silent:
            for kind in kinds:
                yield from kind.options(world, place)


def is_fair_circle(trace: Trace) -> bool:
    """Tell whether the circle in which a run ends leaves out nothing that was possible all the time.

    A timer that is set anew counts as one that was not armed all the time, and a message that its
    receiver ignores somewhere in the circle as one that may as well arrive there.
    """
    assert trace.repeats is not None, "the run ends in no circle"
    by_step = trace.by_step()
    waiting = set(still_possible(trace.worlds[trace.repeats]))
    for step in range(trace.repeats, len(trace.choices)):
        waiting.discard(trace.choices[step])
        for event in by_step.get(step, ()):
            if event.kind in ("set-timer", "cancel-timer"):
                waiting.discard(Fire(str(event.node), str(event.value)))
        if not waiting:
            return True
        waiting.intersection_update(still_possible(trace.worlds[step + 1]))
    worlds = trace.worlds[trace.repeats :]
    return all(
        isinstance(action, Deliver) and any(_is_ignored(action, world) for world in worlds)
        for action in waiting
    )


def _is_ignored(delivery: Deliver, world: World) -> bool:
    return any(event.why == "ignored" for event in delivery.apply(world).events)


def growth(trace: Trace) -> int | None:
    """Return how many steps a round takes in which a settled run goes on and on; None: it does not."""
    start = next((k for k, w in enumerate(trace.worlds) if w.conditions.settled is not None), None)
    if start is None:
        return None
    shapes = [_shape_of_world(world) for world in trace.worlds[start:]]
    return period_of(shapes, [choice.kind for choice in trace.choices[start:]])


def period_of(shapes: Sequence[Hashable], kinds: Sequence[str]) -> int | None:
    """Return the shortest round that a run repeats at its end often enough to be believed.

    `shapes[k]` is the shape before step k, with one more at the end; `kinds[k]` what step k was.

    >>> period_of("ab" * 300, ["deliver"] * 599), period_of("ab" * 300, ["fire"] * 599)
    (2, None)
    """
    for period in range(1, PERIOD_MAX + 1):
        last = kinds[len(kinds) - period :]
        if len(last) < period:
            return None
        rounds = ROUNDS_OF_TIMERS if "fire" in last else ROUNDS_OF_MESSAGES
        length = rounds * period
        if length > len(kinds) or "deliver" not in last:
            continue
        shape, kind = shapes[len(shapes) - length :], kinds[len(kinds) - length :]
        if shape[period:] == shape[:-period] and kind[period:] == kind[:-period]:
            return period
    return None


def _shape_of_world(world: World) -> Hashable:
    flights = frozenset((f.src, f.dst, shape_of(f.body)) for f in world.flights)
    return tuple(shape_of(core.state) for core in world.cores), flights, world.conditions.roles


def shape_of(value: Value) -> Value:
    """Return a value with its numbers left out, and what follows its like within a sequence.

    >>> shape_of(("log", (3, 4, 5), frozenset({1, 2})))
    ('log', ('#',), frozenset({'#'}))
    """
    match value:
        case bool() | None | str():
            return value
        case int():
            return "#"
        case tuple():
            return tuple(_without_repetition(map(shape_of, value)))
        case frozenset():
            return frozenset(map(shape_of, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = (getattr(value, f.name) for f in dataclasses.fields(value))
        return (type(value).__name__, *map(shape_of, parts))
    return value


def _without_repetition(values: Iterable[Value]) -> Iterable[Value]:
    last: object = shape_of  # which no shape is
    for value in values:
        if value != last:
            yield value
        last = value
