"""Exhaustive exploration, breadth first, with the standard library alone.

A state is one Python integer: a field for each node's slot, one for the conditions, one for what
the observers remember. States are compared whole, never by hash alone. The first violation met lies
at the end of a shortest run; it is handed back as the choices of that run. Under symmetry one state
stands for all that differ in the names of interchangeable nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from time import monotonic
from types import MappingProxyType
from typing import Literal, TypeAlias

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.slots import HandlerBroke, NoOp, Semantics, Slots, Transition
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.symmetry import (
    FieldValues,
    NotInterchangeable,
    Symmetry,
    refuted,
)
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.world import Action

FIELD_BITS = 24
"""The width of a field: a node may have some 16 million slots. `Full` says when there are more."""

SEEN_BITS = 32
NODE_BITS = 8
NODES_MAX = (1 << NODE_BITS) - 1

_MASK = (1 << FIELD_BITS) - 1


class Full(RuntimeError):
    """A number does not fit its field any more; going on would take different states for one."""


Stop: TypeAlias = Literal[
    "complete", "broken", "depth", "states", "memory", "disk", "seconds", "interrupted"
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an exploration ends, if not by itself; None: no bound.

    `is_memory_full` is asked now and then whether it must end, since only who runs it can tell.
    """

    depth: int | None = None
    states: int | None = None
    is_memory_full: Callable[[], bool] | None = None
    seconds: float | None = None

    @property
    def is_out_of_memory(self) -> bool:
        """Tell whether the exploration must end for want of memory; asks now."""
        return self.is_memory_full is not None and self.is_memory_full()


@dataclass(frozen=True, slots=True)
class StateViolation:
    """A reachable state that breaks a property, and the choices of a shortest run to it."""

    property: str
    choices: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Explored:
    """What an exploration has established so far.

    `states` counts distinct states, `generated` every successor produced and the initial state,
    `depth` the states of a longest shortest run (the initial state alone is 1), `frontier` the states
    of the deepest level that were not expanded, `terminal` states without successor, `terminal_pending`
    those of them in which a call is open; `slots` counts distinct slots by node, `levels` the new
    states by depth; `stored_bytes` is what states take on disk, None where they are in memory;
    `by_all_exchanges`, under symmetry, for how many successors every exchange of names was tried.
    """

    states: int
    generated: int
    depth: int
    frontier: int
    terminal: int
    terminal_pending: int
    seconds: float
    slots: Mapping[str, int]
    levels: tuple[int, ...]
    environments: int
    memories: int
    stored_bytes: int | None = None
    by_all_exchanges: int | None = None
    stop: Stop | None = None
    violation: StateViolation | None = None
    open_end: tuple[Action, ...] | None = field(default=None)


def _fitting(number: int) -> int:
    """Return a number that fits its field.

    Raises:
        Full: it does not.
    """
    if number > _MASK:
        raise Full(
            f"number {number:,} does not fit a field of {FIELD_BITS} bits: this model is too large for "
            "the plain engine; explore it with --engine numpy, or bound it"
        )
    return number


def default_no_op(scenario: Scenario) -> NoOp:
    """Return what becomes of an ignored message unless said: it stays where order does not matter."""
    return "keep" if scenario.network == "unordered" else "consume"


class Explorer:
    """One exploration. Its fields tell what was established, also after an interruption."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        no_op: NoOp | None = None,
        is_lossy: bool = False,
        history: bool = False,
        limits: Limits | None = None,
        symmetry: bool = False,
        has_open_calls: bool = False,
    ) -> None:
        self.scenario = scenario
        semantics = Semantics(no_op or default_no_op(scenario), is_lossy, has_open_calls)
        self.slots = Slots(scenario, semantics)
        self.memories = Memories(self.slots, history=history)
        self._symmetry = Symmetry(self.slots, self.memories) if symmetry else None
        self.limits = limits or Limits()
        nodes = len(self.slots.compiled.nodes)
        if nodes >= NODES_MAX:
            raise Full(f"{nodes} nodes are more than an exploration can number")
        self._shifts = tuple(FIELD_BITS * k for k in range(nodes))
        self._environment_shift = FIELD_BITS * nodes
        self._memory_shift = FIELD_BITS * (nodes + 1)
        self._expansions: dict[int, tuple[_Step, ...]] = {}
        self._pushes: dict[int, int] = {}
        self._observed: dict[int, int] = {}
        self._pending: dict[int, bool] = {}
        self._started = monotonic()
        start = sum(
            slot << shift for slot, shift in zip(self.slots.start_slots, self._shifts, strict=True)
        )
        start += self.slots.start_environment << self._environment_shift
        start += self.memories.start << self._memory_shift
        self._real_start = start
        start = start if self._symmetry is None else self._representative(start)
        self._start = start
        self._parents: dict[int, int] = {start: start}
        self._frontier = [start]
        self._generated, self._depth = 1, 1
        self._level_sizes = [1]
        self._terminal = self._terminal_pending = 0
        self._stop: Stop | None = None
        self._violation: StateViolation | None = None
        self._open_end: int | None = None
        self.problem = ""

    @property
    def progress(self) -> Explored:
        """What was established so far."""
        slots = self.slots
        names = slots.compiled.nodes
        return Explored(
            states=len(self._parents),
            generated=self._generated,
            depth=self._depth,
            frontier=len(self._frontier),
            terminal=self._terminal,
            terminal_pending=self._terminal_pending,
            seconds=monotonic() - self._started,
            slots=MappingProxyType(
                {name: len(slots.slots[node]) for node, name in enumerate(names)}
            ),
            levels=tuple(self._level_sizes),
            environments=len(slots.environments),
            memories=len(self.memories.memories),
            by_all_exchanges=None if self._symmetry is None else self._generated,
            stop=self._stop,
            violation=self._violation,
            open_end=None if self._open_end is None else self.path(self._open_end),
        )

    def explore(self, *, every_seconds: float = 0.2) -> Iterator[Explored]:
        """Explore level by level; report every so many seconds and at the end."""
        self._started = monotonic()
        report_at = self._started + every_seconds
        if self._is_bad(self._start):
            yield self.progress
            return
        while self._frontier and self._stop is None:
            if self.limits.depth is not None and self._depth >= self.limits.depth:
                self._stop = "depth"
                break
            following: list[int] = []
            level = self._frontier
            for position, state in enumerate(level):
                if not self._expand(state, following):
                    break
                if position & 0xFF == 0:
                    now = monotonic()
                    self._check_limits(now)
                    if self._stop is not None:
                        self._frontier = level[position + 1 :] + following
                        break
                    if now >= report_at:
                        report_at = now + every_seconds
                        yield self.progress
            if self._stop is None:
                self._frontier = following
                self._depth += bool(following)
                self._level_sizes += [len(following)] if following else []
        if self._stop is None:
            self.slots.compiled.asking.ask_everything_again()
            self._stop = "complete"
        yield self.progress

    def interrupt(self) -> None:
        """Say that the exploration was stopped from outside."""
        self._stop = "interrupted"

    def _check_limits(self, now: float) -> None:
        limits = self.limits
        if limits.states is not None and len(self._parents) >= limits.states:
            self._stop = "states"
        elif limits.seconds is not None and now - self._started >= limits.seconds:
            self._stop = "seconds"
        elif limits.is_out_of_memory:
            self._stop = "memory"

    def _expand(self, state: int, following: list[int]) -> bool:
        """Add the new successors of a state; tell whether to go on."""
        parents, count = self._parents, 0
        try:
            for successor in self._successors(state):
                count += 1
                if self._symmetry is not None:
                    successor = self._representative(successor)
                if successor not in parents:
                    parents[successor] = state
                    following.append(successor)
                    if self._is_bad(successor):
                        self._generated += count
                        self._depth += 1
                        return False
        except HandlerBroke as broke:
            self._break(HANDLER_PROPERTY, self._path_to_failure(state, broke))
            return False
        except NotDeterministic as error:
            raise error.at(self._depth - 1) from None
        self._generated += count
        if count == 0:
            self._note_terminal(state)
        return True

    def _successors(self, state: int) -> Iterator[int]:
        environment = (state >> self._environment_shift) & _MASK
        for node, shift in enumerate(self._shifts):
            key = ((environment << FIELD_BITS | (state >> shift) & _MASK) << NODE_BITS) | node
            steps = self._expansions.get(key)
            if steps is None:
                steps = self._expansions[key] = self._compile(node, key)
            for step in steps:
                yield self._after(state, step)
        for change in self._network(environment):
            yield state + change

    def _representative(self, state: int) -> int:
        """Return the state that stands for all that differ from this one in names alone."""
        assert self._symmetry is not None
        return self._state(self._symmetry.representative(self._fields(state)))

    def _after(self, state: int, step: _Step) -> int:
        successor = state + step.change
        for node, batch in step.batches:
            shift = self._shifts[node]
            slot = (state >> shift) & _MASK
            key = (batch << FIELD_BITS | slot) << NODE_BITS | node
            change = self._pushes.get(key)
            if change is None:
                change = (_fitting(self.slots.push(node, slot, batch)) - slot) << shift
                self._pushes[key] = change
            successor += change
        if step.seen:
            memory = state >> self._memory_shift
            key = memory << SEEN_BITS | step.seen
            change = self._observed.get(key)
            if change is None:
                change = (self.memories.observe(memory, step.seen) - memory) << self._memory_shift
                self._observed[key] = change
            successor += change
        return successor

    def _compile(self, node: int, key: int) -> tuple[_Step, ...]:
        slot, environment = (key >> NODE_BITS) & _MASK, key >> (FIELD_BITS + NODE_BITS)
        shift = self._shifts[node]
        return tuple(
            _Step(
                ((_fitting(t.slot) - slot) << shift)
                + ((_fitting(t.environment) - environment) << self._environment_shift),
                t.batches,
                t.seen,
                t,
            )
            for t in self.slots.expand(node, slot, environment)
        )

    def _network(self, environment: int) -> tuple[int, ...]:
        key = environment << (FIELD_BITS + NODE_BITS) | NODES_MAX
        steps = self._expansions.get(key)
        if steps is None:
            steps = tuple(
                _Step((_fitting(t.environment) - environment) << self._environment_shift, (), 0, t)
                for t in self.slots.expand_network(environment)
            )
            self._expansions[key] = steps
        return tuple(step.change for step in steps)

    def _is_bad(self, state: int) -> bool:
        name = self.memories.broken[state >> self._memory_shift]
        name = name or self._violated_invariant(state)
        if name is not None:
            self._break(name, self.path(state))
        return name is not None

    def _violated_invariant(self, state: int) -> str | None:
        if not self.scenario.invariants:
            return None
        slots = self.slots.slots
        node_states = tuple(
            slots[node][(state >> shift) & _MASK].node_state
            for node, shift in enumerate(self._shifts)
        )
        environment = (state >> self._environment_shift) & _MASK
        return self.slots.compiled.violated(node_states, self.slots.environments[environment].down)

    def states(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Return every state found so far, nearest first: its number, its slots and conditions."""
        shifts = (*self._shifts, self._environment_shift)
        for state in self._parents:
            yield state, tuple((state >> shift) & _MASK for shift in shifts)

    @property
    def level_count(self) -> int:
        """How many levels were found so far; the last of them may be incomplete."""
        return len(self._level_sizes) + (len(self._parents) > sum(self._level_sizes))

    def level(self, steps: int) -> Iterator[tuple[int, ...]]:
        """Return the states found so many steps from the first one, as their fields."""
        sizes = self._level_sizes
        start = sum(sizes[:steps])
        stop = start + sizes[steps] if steps < len(sizes) else None
        return map(self._fields, islice(self._parents, start, stop))

    def run_to(self, steps: int, state: tuple[int, ...]) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state, given its fields."""
        choices = self.path(self._state(state))
        if len(choices) != steps:
            raise OwnDefect(f"{len(choices)} steps, not {steps}, lead to {state}")
        return choices

    @property
    def _field_shifts(self) -> tuple[int, ...]:
        return (*self._shifts, self._environment_shift, self._memory_shift)

    def _fields(self, state: int) -> tuple[int, ...]:
        *small, last = self._field_shifts
        return (*((state >> shift) & _MASK for shift in small), state >> last)

    def _state(self, fields: FieldValues) -> int:
        return sum(f << s for f, s in zip(fields, self._field_shifts, strict=True))

    def states_of(self, state: int) -> dict[str, object]:
        """Return the states of all nodes in a global state."""
        slots, compiled = self.slots.slots, self.slots.compiled
        return {
            name: compiled.node_states[slots[node][(state >> shift) & _MASK].node_state].state
            for (node, name), shift in zip(enumerate(compiled.nodes), self._shifts, strict=True)
        }

    def _break(self, name: str, choices: tuple[Action, ...]) -> None:
        self._stop = "broken"
        self._violation = StateViolation(name, choices)

    def _note_terminal(self, state: int) -> None:
        self._terminal += 1
        slots, node_states = self.slots.slots, self.slots.compiled.node_states
        is_pending = any(
            node_states[slots[node][(state >> shift) & _MASK].node_state].pending is not None
            for node, shift in enumerate(self._shifts)
        )
        if is_pending:
            self._terminal_pending += 1
            self._open_end = self._open_end if self._open_end is not None else state

    def path(self, state: int) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state (or to one that it stands for)."""
        return self._run_to(state)[0]

    def _path_to_failure(self, state: int, broke: HandlerBroke) -> tuple[Action, ...]:
        choices, real = self._run_to(state)
        if real == state:
            return (*choices, broke.action)
        failing = self._failing(real)  # has other names in the run that leads there
        if failing is None:
            raise self._refuted(state, self._failing, step=len(choices) + 1)
        return (*choices, failing)

    def _failing(self, state: int) -> Action | None:
        """Return an action of a state in which a handler fails."""
        try:
            tuple(self._successors(state))
        except HandlerBroke as broke:
            return broke.action
        return None

    def _refuted(
        self, state: int, counterpart: Callable[[int], Action | None], *, step: int
    ) -> NotInterchangeable:
        """Return which nodes are not alike: `counterpart` is missing once their names are exchanged."""
        assert self._symmetry is not None, "a state is not a successor of its parent"
        return refuted(
            self.slots,
            self.memories,
            self._fields(state),
            lambda fields: counterpart(self._state(fields)),
            step=step,
        )

    def _run_to(self, state: int) -> tuple[tuple[Action, ...], int]:
        """Return the choices of a shortest run, and the state that it really ends in."""
        states = [state]
        while states[-1] != self._start:
            states.append(self._parents[states[-1]])
        choices: list[Action] = []
        here = self._real_start
        for before, target in pairwise(reversed(states)):
            step = self._step_to(here, target)
            if step is None:
                counterpart = partial(self._action_to, target)
                raise self._refuted(before, counterpart, step=len(choices) + 1)
            action, here = step
            choices.append(action)
        return tuple(choices), here

    def _action_to(self, target: int, before: int) -> Action | None:
        step = self._step_to(before, target)
        return None if step is None else step[0]

    def _step_to(self, before: int, target: int) -> tuple[Action, int] | None:
        """Return an action that leads to a state, and the state that it leads to; None if none does.

        Where a handler fails nothing leads on: states with successors were all expanded.
        """
        with suppress(HandlerBroke):
            return self._step_found(before, target)
        return None

    def _step_found(self, before: int, target: int) -> tuple[Action, int] | None:
        environment = (before >> self._environment_shift) & _MASK
        for node, shift in enumerate(self._shifts):
            key = ((environment << FIELD_BITS | (before >> shift) & _MASK) << NODE_BITS) | node
            if key not in self._expansions:  # under symmetry another state was expanded instead
                self._expansions[key] = self._compile(node, key)
            for step in self._expansions[key]:
                after = self._after(before, step)
                if self._is(after, target):
                    return step.transition.action, after
        for transition in self.slots.expand_network(environment):
            after = before + ((transition.environment - environment) << self._environment_shift)
            if self._is(after, target):
                return transition.action, after
        return None

    def _is(self, state: int, target: int) -> bool:
        return state == target or (
            self._symmetry is not None and self._representative(state) == target
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """A transition, with what it adds to the integer of a state."""

    change: int
    batches: tuple[tuple[int, int], ...]
    seen: int
    transition: Transition
