"""Runs that never end: circles that are fair, and growth without end.

A run whose faults have stopped goes on for ever if it comes back to a state it was in, provided that
it leaves out nothing that was possible all the time (weak fairness). Where a term or a log grows, no
state comes back; then what comes back is its *shape*: the state with its numbers left out. That is no
proof, as somebody may count up to something, so it is believed only after very many rounds in which
messages were exchanged, and a node that merely counts the ticks of its own timer is not called stuck.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from counterpoint.model.exact import is_same
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


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """Why a run will never be other than it is: it rests, goes round in a circle, or grows for ever.

    `begins` is the step from which it repeats itself; at rest, where there is none, its length.
    """

    kind: Literal["rest", "circle", "growth"]
    begins: int


def ending_of(trace: Trace) -> Ending | None:
    """Return why a run will never be other than it is, None if it was cut: it might go on otherwise."""
    length = len(trace.choices)
    if not any(True for _ in still_possible(trace.final)):
        return Ending("rest", length)
    if trace.repeats is not None:
        return Ending("circle", trace.repeats) if is_fair_circle(trace) else None
    period = growth(trace)
    return None if period is None else Ending("growth", length - period)


def rests(trace: Trace) -> bool:
    """Tell whether a run has come to rest: nothing can happen, or what goes on changes no node.

    A node changes if what it knows does, its timers aside.
    """
    if not any(True for _ in still_possible(trace.final)):
        return True
    if trace.repeats is None or not is_fair_circle(trace):
        return False
    last = trace.final.node_states
    return all(
        is_same(now.state, then.state)
        for world in trace.worlds[trace.repeats :]
        for now, then in zip(world.node_states, last, strict=True)
    )


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
    return _leaves_nothing_out(trace, trace.repeats)


def _leaves_nothing_out(trace: Trace, start: int, *, may_starve: tuple[type, ...] = ()) -> bool:
    """Tell whether nothing stays possible from a step to the end of a run, and is not done."""
    by_step = trace.by_step()
    waiting = {a for a in still_possible(trace.worlds[start]) if not isinstance(a, may_starve)}
    for step in range(start, len(trace.choices)):
        waiting.discard(trace.choices[step])
        for event in by_step.get(step, ()):
            if event.kind in ("set-timer", "cancel-timer"):
                waiting.discard(Fire(str(event.node), str(event.value)))
        if not waiting:
            return True
        waiting.intersection_update(still_possible(trace.worlds[step + 1]))
    worlds = trace.worlds[start:]
    return all(
        isinstance(action, Deliver) and any(_is_ignored(action, world) for world in worlds)
        for action in waiting
    )


def _is_ignored(delivery: Deliver, world: World) -> bool:
    return any(event.why == "ignored" for event in delivery.apply(world).events)


def growth(trace: Trace) -> int | None:
    """Return how many steps a round takes in which a settled run goes on and on; None: it does not.

    A run that leaves out something all the time, in the rounds or in their second half, goes on only
    because of that, and says nothing. Where messages alone go round, timers wait for them: messages
    are faster.
    """
    start = next((k for k, w in enumerate(trace.worlds) if w.conditions.settled is not None), None)
    if start is None:
        return None
    shape = _remembered(shape_of)
    shapes = [_shape_of_world(world, shape) for world in trace.worlds[start:]]
    kinds = [choice.kind for choice in trace.choices[start:]]
    period = period_of(shapes, kinds)
    if period is None:
        return None
    steps, end = _rounds_of(kinds[-period:]) * period, len(trace.choices)
    may_starve = () if "fire" in kinds[-period:] else (Fire,)
    halves = (end - steps, end - steps // 2)
    is_fair = all(_leaves_nothing_out(trace, at, may_starve=may_starve) for at in halves)
    return period if is_fair else None


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
        length = _rounds_of(last) * period
        if length > len(kinds) or "deliver" not in last:
            continue
        shape, kind = shapes[len(shapes) - length :], kinds[len(kinds) - length :]
        if shape[period:] == shape[:-period] and kind[period:] == kind[:-period]:
            return period
    return None


def _rounds_of(last: Sequence[str]) -> int:
    """Return how often a round must come back, given the kinds of its steps."""
    return ROUNDS_OF_TIMERS if "fire" in last else ROUNDS_OF_MESSAGES


def _shape_of_world(world: World, shape: Callable[[Value], Value]) -> Hashable:
    flights = frozenset((f.src, f.dst, shape(f.body)) for f in world.flights)
    return (
        tuple(shape(node_state.state) for node_state in world.node_states),
        flights,
        world.conditions.roles,
    )


def _remembered(shape: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """Return a function that shapes an object once. A step leaves most of a world as it was."""
    known: dict[int, tuple[Value, Value]] = {}

    def shaped(value: Value) -> Value:
        found = known.get(id(value))
        if found is None:
            found = known[id(value)] = (
                value,
                shape(value),
            )  # the value is held, so its id stays its own
        return found[1]

    return shaped


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
