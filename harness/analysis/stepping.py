"""Stepping through a run: the world at a step, the step at which something becomes true, other runs.

A condition is one or more comparisons of a part of a node's state with a value, joined by `and`:

    r1.value == 1 and c2.phase != idle

A value is a Python literal, or else the text that reports show for it.
"""

from __future__ import annotations

import ast
import operator
import pdb
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.explanation.explanation import (
    StateChange,
    TraceExplanation,
    node_state_changes,
)
from counterpoint.harness.explanation.plain import plain
from counterpoint.harness.explanation.sentences import sentence
from counterpoint.harness.explanation.state_parts import flat
from counterpoint.model.search.replay import enabled, fit, record
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import Action, World

COMPARISONS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<=": operator.le,
        ">=": operator.ge,
        "<": operator.lt,
        ">": operator.gt,
    }
)

_CONDITION = re.compile(r"\s*([^.\s]+)\.([^=!<>]+?)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*")


class BadCondition(ValueError):
    """A condition or an edit that means nothing here. Says what would be right."""


# ---- looking -------------------------------------------------------------------------------------


def states_before(trace: Trace, step: int) -> Iterator[str]:
    """Return lines that show every node's state before a step, and what is in flight.

    Raises:
        BadCondition: the run has no such step.
    """
    world = world_before(trace, step)
    for node, node_state in zip(trace.scenario.system.nodes, world.node_states, strict=True):
        yield f"{node}  {plain(show(node_state.state))}"
        if node_state.durable is not None:
            yield f"{'':{len(node)}}  durable {plain(show(node_state.durable))}"
        if node_state.timers:
            yield f"{'':{len(node)}}  timers {' '.join(node_state.timers)}"
    for flight in world.flights:
        yield f"m{flight.id} {plain(show(flight.body))} {flight.src} → {flight.dst}"
    for flight in world.held:
        yield f"m{flight.id} {plain(show(flight.body))} {flight.src} → {flight.dst}, held back"


def world_before(trace: Trace, step: int) -> World:
    """Return the world before a step; the number of steps itself stands for the end.

    Raises:
        BadCondition: the run has no such step.
    """
    if not 0 <= step < len(trace.worlds):
        raise BadCondition(f"there is no step {step}; steps go from 0 to {len(trace.worlds) - 1}")
    return trace.worlds[step]


def first_step(trace: Trace, condition: str) -> int | None:
    """Return the first step after which a condition is true, -1 for the start, None for never.

    Raises:
        BadCondition: the text is no condition on this system.
    """
    tests = tuple(_test(trace, part) for part in re.split(r"\band\b", condition))
    for index, world in enumerate(trace.worlds):
        if all(test(world) for test in tests):
            return index - 1
    return None


def _test(trace: Trace, text: str) -> Callable[[World], bool]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise BadCondition(f"{text!r} is no condition; right would be: r1.value == 1")
    node, path, sign, wanted = match.groups()
    if node not in trace.scenario.index:
        nodes = ", ".join(trace.scenario.system.nodes)
        raise BadCondition(f"{node!r} is no node of this system; nodes: {nodes}")
    position = trace.scenario.index[node]
    _require_path(trace, node, position, path)
    value = _literal(wanted)

    def test(world: World) -> bool:
        parts = flat(world.node_states[position])
        return path in parts and _compares(parts[path], sign, value, wanted)

    return test


def _require_path(trace: Trace, node: NodeId, position: int, path: str) -> None:
    known = sorted({part for world in trace.worlds for part in flat(world.node_states[position])})
    if path not in known:
        raise BadCondition(f"{node} never has a part {path!r}; parts: {', '.join(known)}")


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _compares(actual: Value, sign: str, wanted: object, text: str) -> bool:
    if isinstance(wanted, str):
        return bool(COMPARISONS[sign](show(actual), text.strip("\"'")))
    try:
        return bool(COMPARISONS[sign](actual, wanted))
    except TypeError:  # an order between values of different kinds holds for none
        return False


# ---- changing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """A choice changed: left out (`instead` is None), or replaced by the one that this text names."""

    step: int
    instead: str | None


def parse_edit(text: str) -> Edit:
    """Return the edit that a text means: "11=skip", or "11=crash(r1)" as reports show choices.

    Raises:
        BadCondition: the text is no edit.

    >>> parse_edit("11=skip"), parse_edit("3=crash(r1)")
    (Edit(step=11, instead=None), Edit(step=3, instead='crash(r1)'))
    """
    number, equals, instead = text.partition("=")
    if not equals or not number.strip().isdecimal() or not instead.strip():
        raise BadCondition(f"{text!r} is no edit; right would be: 11=skip, or 11=crash(r1)")
    return Edit(int(number), None if instead.strip() == "skip" else instead.strip())


def edited(trace: Trace, *edits: Edit) -> Trace:
    """Return the run with choices changed; of the others those that still fit are made.

    Raises:
        BadCondition: a step that does not exist, or a choice that is not legal there.
    """
    changes = {edit.step: edit for edit in edits}
    for step in changes:
        if step >= len(trace.choices):
            raise BadCondition(f"there is no step {step}; the last is {len(trace.choices) - 1}")
    recorder = record(trace.scenario)
    for step, choice in enumerate(trace.choices):
        if recorder.failure is not None:
            break
        if step not in changes:
            fitting = fit(choice, recorder.world)
        elif changes[step].instead is None:
            continue
        else:
            fitting = _named(changes[step], recorder.world)
        if fitting is not None:
            recorder.take(fitting)
    return recorder.trace()


def _named(edit: Edit, world: World) -> Action:
    assert edit.instead is not None, edit
    options = [option for option in enabled(world) if show(option).startswith(edit.instead)]
    if len(options) == 1:
        return options[0]
    possible = [show(option) for option in options or enabled(world)]
    what = "means several choices" if options else "is not possible"
    raise BadCondition(
        f"step {edit.step}: {edit.instead!r} {what} here: {plain('; '.join(possible[:12]))}"
    )


# ---- comparing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where two runs part: the step, what each does there, and how the states differ after it.

    A `step` of None says that neither differs; one run may just be longer, then `one` or `other`
    is empty.
    """

    step: int | None
    one: str = ""
    other: str = ""
    states: tuple[StateChange, ...] = ()


def difference(one: Trace, other: Trace) -> Divergence:
    """Return the first difference of two runs of systems with the same nodes.

    Raises:
        BadCondition: the two systems have different nodes.
    """
    if one.scenario.system.nodes != other.scenario.system.nodes:
        raise BadCondition("the two runs are of systems with different nodes")
    ours, theirs = TraceExplanation(one), TraceExplanation(other)
    for step in range(max(len(one.choices), len(other.choices))):
        here, there = _said(ours, step), _said(theirs, step)
        if here != there:
            return Divergence(step, here, there, tuple(_states(one, other, step)))
    return Divergence(None)


def _said(story: TraceExplanation, step: int) -> str:
    return sentence(story, step) if step < len(story.trace.choices) else ""


def _states(one: Trace, other: Trace, step: int) -> Iterator[StateChange]:
    here = one.worlds[min(step + 1, len(one.worlds) - 1)]
    there = other.worlds[min(step + 1, len(other.worlds) - 1)]
    for node, ours, theirs in zip(
        one.scenario.system.nodes, here.node_states, there.node_states, strict=True
    ):
        if ours != theirs:
            yield from node_state_changes(node, ours, theirs)


def debug(trace: Trace, step: int) -> None:
    """Open the debugger at the choice of a step, with the real world and the real handlers.

    Raises:
        BadCondition: the run makes no choice at this step.
    """
    if step >= len(trace.choices):
        raise BadCondition(f"there is no step {step}; the last is {len(trace.choices) - 1}")
    pdb.runcall(trace.choices[step].apply, world_before(trace, step))
