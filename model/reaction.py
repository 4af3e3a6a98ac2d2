"""Reactions: what one input does to one node. Both engines rest on it, one of them with a cache."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, get_args

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.former_names import formerly
from counterpoint.model.mistakes import (
    AUTHORS_ERRORS,
    BadScenario,
    brief,
    definition_of,
    handler_of,
    place_of,
    told,
)
from counterpoint.model.node import (
    Begin,
    CancelTimer,
    Effect,
    Input,
    Invoke,
    Note,
    Persist,
    Return,
    Send,
    SetTimer,
    Start,
    Step,
    System,
)
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import KnownValues, NodeId, NotAValue, Value, require_value, show


@quick_init
@dataclass(frozen=True, slots=True)
class NodeState:
    """One node: its state, what it persisted, its armed timers, its calls to come and under way."""

    state: Value
    durable: Value = None
    timers: tuple[str, ...] = ()
    todo: tuple[Value, ...] = ()
    pending: Value = None


class HandlerFailed(Exception):
    """A handler did what none may do: a defect of the system under test, which a run shows.

    The text names the node, the input, the author's line, and what would be right.
    """


class IllegalEffect(HandlerFailed):
    """A handler asked for something that its node cannot do, or cannot do now."""


class NotAStep(HandlerFailed):
    """A handler returned something else than a state and effects, made of values."""


@quick_init
@dataclass(frozen=True, slots=True)
class Reaction:
    """What one input does to one node: its next node state, and the handler's effects in order."""

    node_state: NodeState
    effects: tuple[Effect, ...]


def initial_state(system: System[Any], node: NodeId) -> Value:
    """Return the state of a node before its first input.

    Raises:
        BadScenario: the system raised, or gave something that is no value.
    """
    try:
        state: Value = system.initial(node)
        again: Value = system.initial(node)
    except AUTHORS_ERRORS as error:
        raise BadScenario(
            f"initial({node!r}) raised {told(error)} ({place_of(error)}); it returns the state of a "
            "node before its first input"
        ) from error
    try:
        require_value(state)
    except NotAValue as error:
        where = definition_of(system.initial)
        raise BadScenario(
            f"initial({node!r}) returned a state in which {error} ({where})"
        ) from None
    if state != again:
        what = f"initial({node!r}) returned {brief(state)} and, asked again, {brief(again)}"
        raise NotDeterministic(what, "it returns the same state whenever it is asked")
    return state


def react(
    system: System[Any],
    node: NodeId,
    node_state: NodeState,
    given: Input,
    *,
    is_trusted: bool = False,
    effects_max: int | None = None,
    known: KnownValues | None = None,
) -> Reaction:
    """Give an input to a node: a pure function. With `effects_max` no more than so many effects happen.

    `is_trusted`: the states of the handler, what it sends and what it persists are known to be values,
    and are not looked through; `known` are the values that were looked at before, which are not looked
    at again.

    Raises:
        HandlerFailed: the handler raised, returned no step, or asked for something impossible.
        BadScenario: it did so at the start, before anything was chosen: no run can begin.
    """
    try:
        return _react(
            system,
            node,
            node_state,
            given,
            effects_max,
            {} if known is None else known,
            is_trusted=is_trusted,
        )
    except HandlerFailed as error:
        if isinstance(given, Start):
            raise BadScenario(f"no run can begin: {error}") from error.__cause__
        raise


def _react(
    system: System[Any],
    node: NodeId,
    node_state: NodeState,
    given: Input,
    effects_max: int | None,
    known: KnownValues,
    *,
    is_trusted: bool,
) -> Reaction:
    try:
        step = system.handle(node, node_state.state, given)
    except HandlerFailed as error:  # which says itself what it is
        raise HandlerFailed(f"{node} {error}, on {show(given)}") from None
    except BadScenario:  # that a handler is not deterministic is one, too
        raise
    except AUTHORS_ERRORS as error:
        what, where = told(error), place_of(error)
        raise HandlerFailed(f"{node} raised {what} on {show(given)} ({where})") from error
    try:
        effects = _effects_of(step)[:effects_max]
        if step.state is not node_state.state and not is_trusted:
            require_value(step.state, known)
        after = _after(system.nodes, node_state, step.state, effects, None if is_trusted else known)
        return Reaction(after, effects)
    except IllegalEffect as error:
        raise IllegalEffect(f"{node} {error}, {_where(system, node, given)}") from None
    except NotAValue as error:
        text = (
            f"{node} returned a state or an effect in which {error}, {_where(system, node, given)}"
        )
        raise NotAStep(text) from None
    except NotAStep as error:
        raise NotAStep(f"{node} returned {error}, {_where(system, node, given)}") from None


def _where(system: System[Any], node: NodeId, given: Input) -> str:
    return f"on {show(given)} ({definition_of(handler_of(system, node))})"


_IGNORED = "Step(state) is right where nothing is to be done"


def _effects_of(step: object) -> tuple[Effect, ...]:
    """Return the effects of what a handler returned; one alone, a list and None are meant well."""
    if not isinstance(step, Step):
        right = "write Step(state, effects)" if isinstance(step, tuple) else _IGNORED
        raise NotAStep(f"{brief(step)}, not a Step; {right}")
    effects: object = step.effects
    if isinstance(effects, tuple):
        return effects
    if isinstance(effects, list):
        return tuple(effects)
    if effects is None:
        return ()
    if isinstance(effects, Effect):
        return (effects,)
    why = "a set has no order" if isinstance(effects, set | frozenset) else "effects are a tuple"
    raise NotAStep(f"{brief(effects)} as effects; {why}: Step(state, (Send(to, body),))")


def _after(
    nodes: tuple[NodeId, ...],
    node_state: NodeState,
    state: Value,
    effects: tuple[Effect, ...],
    known: KnownValues | None,
) -> NodeState:
    """Return the node state after these effects, each of which is checked.

    What is sent and persisted is looked through only with `known`.
    """
    if not effects:
        return _with_state(node_state, state)
    timers, durable, pending = node_state.timers, node_state.durable, node_state.pending
    for effect in effects:  # asked class by class, which takes a third of the time of a `match`
        if isinstance(effect, Send):  # which most effects are
            _require_sent(nodes, effect, known)
        elif isinstance(effect, Note):
            require_value(effect.what, known)
        elif isinstance(effect, Return):
            require_value(effect.result, known)
            if pending is None:
                raise IllegalEffect(f"returned {show(effect.result)} while nothing is pending")
            pending = None
        elif isinstance(effect, Persist):
            durable = effect.value
            if known is not None:
                require_value(durable, known)
        elif isinstance(effect, SetTimer):
            timers = _with_timer(timers, effect.timer)
        elif isinstance(effect, CancelTimer):
            timers = _without_timer(timers, effect.timer)
        elif isinstance(effect, Begin):
            require_value(effect.operation, known)
            if pending is not None:
                began, still = show(effect.operation), show(pending)
                raise IllegalEffect(f"began {began} while {still} is pending")
            pending = effect.operation
        else:
            kinds = ", ".join(kind.__name__ for kind in get_args(Effect))
            raise NotAStep(f"{brief(effect)} among the effects; effects are: {kinds}")
    if (
        durable is node_state.durable
        and timers is node_state.timers
        and pending is node_state.pending
    ):
        return _with_state(node_state, state)
    return NodeState(state, durable, timers, node_state.todo, pending)


def _with_state(node_state: NodeState, state: Value) -> NodeState:
    """Return a node state of another state; where that is the very same, it is the same itself."""
    if state is node_state.state:
        return node_state
    rest = node_state
    return NodeState(state, rest.durable, rest.timers, rest.todo, rest.pending)


def _with_timer(timers: tuple[str, ...], timer: str) -> tuple[str, ...]:
    _require_name(timer)
    return timers if timer in timers else tuple(sorted((*timers, timer)))


def _without_timer(timers: tuple[str, ...], timer: str) -> tuple[str, ...]:
    _require_name(timer)
    return tuple(t for t in timers if t != timer) if timer in timers else timers


def is_unchanged(before: NodeState, after: NodeState) -> bool:
    """Tell whether all but the state is the very same as before, which is seen at once."""
    return (
        after.durable is before.durable
        and after.timers is before.timers
        and after.pending is before.pending
        and after.todo is before.todo
    )


def _require_sent(nodes: tuple[NodeId, ...], sent: Send, known: KnownValues | None) -> None:
    if known is not None:
        require_value(sent.body, known)
    if sent.to not in nodes:
        named = ", ".join(nodes)
        raise IllegalEffect(f"sent {show(sent.body)} to {sent.to!r}, which is no node; {named} are")


def _require_name(timer: object) -> None:
    if type(timer) is not str:
        raise NotAStep(f"a timer named {brief(timer)}; the name of a timer is text")


def effects_of(
    system: System[Any], node: NodeId, node_state: NodeState, given: Input
) -> tuple[Effect, ...]:
    """Return what a node would do on an input; nothing if its handler fails on it."""
    if isinstance(given, Invoke):
        node_state = replace(node_state, pending=given.operation)
    try:
        return react(system, node, node_state, given).effects
    except HandlerFailed:
        return ()


__getattr__ = formerly(__name__, Core="NodeState")
