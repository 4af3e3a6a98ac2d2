"""Exhaustive exploration, breadth first, with the standard library alone.

A state is one Python integer, compared whole, never by hash alone. The first violation met lies
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
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.engine.semantics import NoOp, Semantics
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.packed_states import PackedStates
from counterpoint.model.search.exploration.symmetry import (
    NotInterchangeable,
    Symmetry,
    refuted,
)
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.world import Action

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
        self._packed = PackedStates(self.slots, self.memories)
        self._started = monotonic()
        self._start = start = self._representative(self._packed.start)
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
            memories=len(self.memories),
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
            level, known = self._frontier, len(self._parents)
            for position, state in enumerate(level):
                if not self._expand(state):
                    break
                if position & 0xFF == 0:
                    now = monotonic()
                    self._check_limits(now)
                    if self._stop is not None:
                        self._frontier = level[position + 1 :] + self._since(known)
                        break
                    if now >= report_at:
                        report_at = now + every_seconds
                        yield self.progress
            if self._stop is None:
                self._frontier = following = self._since(known)
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

    def _since(self, known: int) -> list[int]:
        """Return the states that came after so many, in the order in which they were found."""
        return [*islice(reversed(self._parents), len(self._parents) - known)][::-1]

    def _expand(self, state: int) -> bool:
        """Add the new successors of a state; tell whether to go on."""
        successors: list[int] = []
        broke: HandlerBroke | None = None
        try:
            self._packed.add_successors(state, successors)
        except HandlerBroke as failed:
            broke = failed
        except NotDeterministic as error:
            raise error.at(self._depth - 1) from None
        if self._symmetry is not None:
            successors = [self._representative(successor) for successor in successors]
        parents = self._parents
        if self._is_judged and not self._are_good(state, successors):
            return False
        for successor in successors:
            parents.setdefault(successor, state)
        if broke is not None:
            self._break(HANDLER_PROPERTY, self._path_to_failure(state, broke))
            return False
        self._generated += len(successors)
        if not successors:
            self._note_terminal(state)
        return True

    def _are_good(self, before: int, successors: list[int]) -> bool:
        """Judge the new successors of a state; what comes after the first bad one is left out."""
        for position, successor in enumerate(successors, 1):
            if successor not in self._parents:
                self._parents[successor] = before
                if self._is_bad(successor):
                    self._generated += position
                    self._depth += 1
                    return False
        return True

    @property
    def _is_judged(self) -> bool:
        """Whether a state can be bad: something is asked of each, or was remembered that is broken."""
        return bool(self.scenario.invariants) or self.memories.has_broken

    def _representative(self, state: int) -> int:
        """Return the state that stands for all that differ from this one in names alone."""
        if self._symmetry is None:
            return state
        packed = self._packed
        return packed.state(self._symmetry.representative(packed.fields(state)))

    def _is_bad(self, state: int) -> bool:
        name = self.memories.broken[self._packed.memory(state)]
        name = name or self._violated_invariant(state)
        if name is not None:
            self._break(name, self.path(state))
        return name is not None

    def _violated_invariant(self, state: int) -> str | None:
        if not self.scenario.invariants:
            return None
        *slots, environment, _ = self._packed.fields(state)
        node_states = tuple(
            of_node[slot].node_state for of_node, slot in zip(self.slots.slots, slots, strict=True)
        )
        down = self.slots.environments[environment].down
        return self.slots.compiled.judged.violated(node_states, down)

    def states(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Return every state found so far, nearest first: its number, its slots and conditions."""
        for state in self._parents:
            yield state, self._packed.fields(state)[:-1]

    @property
    def level_count(self) -> int:
        """How many levels were found so far; the last of them may be incomplete."""
        return len(self._level_sizes) + (len(self._parents) > sum(self._level_sizes))

    def level(self, steps: int) -> Iterator[tuple[int, ...]]:
        """Return the states found so many steps from the first one, as their fields."""
        sizes = self._level_sizes
        start = sum(sizes[:steps])
        stop = start + sizes[steps] if steps < len(sizes) else None
        return map(self._packed.fields, islice(self._parents, start, stop))

    def run_to(self, steps: int, state: tuple[int, ...]) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state, given its fields."""
        choices = self.path(self._packed.state(state))
        if len(choices) != steps:
            raise OwnDefect(f"{len(choices)} steps, not {steps}, lead to {state}")
        return choices

    def _break(self, name: str, choices: tuple[Action, ...]) -> None:
        self._stop = "broken"
        self._violation = StateViolation(name, choices)

    def _note_terminal(self, state: int) -> None:
        self._terminal += 1
        node_states = self.slots.compiled.node_states
        of_nodes = zip(self.slots.slots, self._packed.fields(state), strict=False)
        is_pending = any(
            node_states[of_node[slot].node_state].pending is not None for of_node, slot in of_nodes
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
            self._packed.add_successors(state, [])
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
            self._packed.fields(state),
            lambda fields: counterpart(self._packed.state(fields)),
            step=step,
        )

    def _run_to(self, state: int) -> tuple[tuple[Action, ...], int]:
        """Return the choices of a shortest run, and the state that it really ends in."""
        states = [state]
        while states[-1] != self._start:
            states.append(self._parents[states[-1]])
        choices: list[Action] = []
        here = self._packed.start
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
            for action, after in self._packed.steps(before):
                if self._representative(after) == target or after == target:
                    return action, after
        return None
