"""Exhaustive exploration with numpy: the same search as `explore`, a level of states at a time.

States are rows of machine words, exact and never hashed; a level is expanded by looking up, for all
its states at once, what can happen in their slots, and becomes a sorted set without those that were
there before. Both explorations count the same states, successors and depths: that is their test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from counterpoint.model.forms import fingerprint
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.checkpoint import Checkpoint, Journal, load, replayed, save
from counterpoint.model.search.columns import Bundles, Expansions, Growing, PairTable
from counterpoint.model.search.explore import (
    Explored,
    Limits,
    Stop,
    Violation,
    default_no_op,
    resident_bytes,
)
from counterpoint.model.search.memories import Memories
from counterpoint.model.search.packing import (
    Ids,
    Layout,
    Words,
    minus,
    rows_of,
    size,
    union,
    unique,
)
from counterpoint.model.search.parallel import Gathered, Share, expand_in_parallel, is_possible
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.slots import HandlerBroke, NoOp, Semantics, Slots
from counterpoint.model.values import Json
from counterpoint.model.world import Action

PARTS_MAX = 24
"""So many sets of successors are kept apart before they are united."""

PARALLEL_STATES_MIN = 100_000
"""Smaller levels are expanded by one process: to start others would cost more."""

RUN_RATIO = 3
"""A run of known states is kept apart from the next smaller one when it is so many times larger."""

CHUNK_STATES = 400_000
"""So many states are expanded at once; each needs some hundred bytes while it lasts."""


class VectorExplorer:
    """One exploration. Its fields tell what was established, also after an interruption."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        no_op: NoOp | None = None,
        is_lossy: bool = False,
        history: bool = False,
        limits: Limits | None = None,
        workers: int = 1,
        parallel_from: int = PARALLEL_STATES_MIN,
    ) -> None:
        self.scenario = scenario
        self.slots = Slots(scenario, Semantics(no_op or default_no_op(scenario), is_lossy))
        self.memories = Memories(self.slots, history=history)
        self.limits = limits or Limits()
        self._nodes = len(self.slots.compiled.nodes)
        self._environment, self._memory = self._nodes, self._nodes + 1
        self._journal = Journal()
        self._bundles = Bundles(self.slots, self._journal)
        self._expansions = [
            Expansions(self.slots, place, self._bundles, partial(self._journal.note, place))
            for place in range(self._nodes + 1)
        ]
        last = 2 * self._nodes + 1
        self._observed = PairTable(self.memories.observe, partial(self._journal.note, last))
        self._pending = [Growing() for _ in range(self._nodes)]
        self._cores = [Growing() for _ in range(self._nodes)]
        self._invariants: dict[tuple[int, ...], str | None] = {}
        self._layout = Layout((6,) * self._nodes + (2, 4)).holding(self._sizes())
        fields = (*self.slots.start_slots, self.slots.start_environment, self.memories.start)
        start = self._layout.pack([np.array([value], np.int64) for value in fields])
        self._found: list[Words] = []
        self._levels: list[Words] = [start]
        self._runs: list[Words] = [start]
        self._states, self._generated = 1, 1
        self._terminal = self._terminal_pending = 0
        self._stop: Stop | None = None
        self._violation: Violation | None = None
        self._open_end: tuple[int, list[Ids]] | None = None
        self._has_history = history
        self._workers = workers if is_possible() else 1
        self._parallel_from = parallel_from
        self._strange: npt.NDArray[np.bool_] | None = None
        self._seconds_before = 0.0
        self._started = monotonic()

    @property
    def about(self) -> dict[str, Json]:
        """What a checkpoint must agree with to be one of this exploration."""
        scenario, semantics = self.scenario, self.slots.semantics
        return {
            "scenario": scenario.name,
            "origin": dict(scenario.origin),
            "network": scenario.network,
            "faults_max": scenario.faults_max,
            "source": fingerprint(scenario),
            "no_op": semantics.no_op,
            "lossy": semantics.is_lossy,
            "history": self._has_history,
        }

    def save(self, path: Path) -> None:
        """Write what was established to a checkpoint: all whole levels, and how to go on."""
        state: dict[str, Json] = {
            "widths": list(self._layout.widths),
            "generated": self._generated,
            "terminal": self._terminal,
            "terminal_pending": self._terminal_pending,
            "milliseconds": int((monotonic() - self._started) * 1000),
        }
        levels = tuple(self._levels)
        save(path, Checkpoint(self.about, state, self._journal.array, levels))

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same exploration.

        Raises:
            BadCheckpoint: not a checkpoint, damaged, or of another exploration.
        """
        checkpoint = load(path, self.about)
        replayed(checkpoint.journal, self._tables())
        state: dict[str, Any] = dict(checkpoint.state)
        self._layout = Layout(tuple(state["widths"]))
        self._levels = list(checkpoint.levels)
        self._runs = [union(self._levels, self._layout.word_count)]
        self._states = sum(map(size, self._levels))
        self._generated = state["generated"]
        self._terminal, self._terminal_pending = state["terminal"], state["terminal_pending"]
        self._seconds_before = state["milliseconds"] / 1000

    def _sizes(self) -> list[int]:
        slots = [len(of_node) for of_node in self.slots.slots]
        return [*slots, len(self.slots.environments), len(self.memories.memories)]

    @property
    def progress(self) -> Explored:
        """What was established so far."""
        slots, sizes = self.slots, self._sizes()
        return Explored(
            states=self._states,
            generated=self._generated,
            depth=len(self._levels),
            frontier=0 if self._stop == "complete" else size(self._levels[-1]),
            terminal=self._terminal,
            terminal_pending=self._terminal_pending,
            seconds=monotonic() - self._started,
            slots=MappingProxyType(dict(zip(slots.compiled.nodes, sizes, strict=False))),
            levels=tuple(map(size, self._levels)),
            environments=len(slots.environments),
            memories=len(self.memories.memories),
            stop=self._stop,
            violation=self._violation,
            open_end=None if self._open_end is None else self._path(*self._open_end),
        )

    def interrupt(self) -> None:
        """Say that the exploration was stopped from outside."""
        self._stop = "interrupted"

    def explore(self, *, every_seconds: float = 0.2) -> Iterator[Explored]:
        """Explore level by level; report every so many seconds and at the end."""
        self._started = monotonic() - self._seconds_before
        self._report_at = monotonic() + every_seconds
        self._every = every_seconds
        self._judge(len(self._levels) - 1)
        while self._stop is None:
            if self.limits.depth is not None and len(self._levels) >= self.limits.depth:
                self._stop = "depth"
                break
            try:
                yield from self._one_level()
            except HandlerBroke as broke:
                self._handler_broke(broke)
        yield self.progress

    def _one_level(self) -> Iterator[Explored]:
        """Expand the deepest level; nothing is counted unless the whole level was."""
        self._found, generated = list[Words](), 0
        terminal, pending = self._terminal, self._terminal_pending
        rest = self._levels[-1]
        if self._workers > 1 and size(rest) >= self._parallel_from:
            shared = expand_in_parallel(self._share, size(rest), self._workers)
            generated += self._gather(shared)
            rest = tuple(word[shared.strangers] for word in rest)
        for start in range(0, size(rest), CHUNK_STATES):
            layout = self._layout
            states = rows_of(rest, start, start + CHUNK_STATES)
            generated += self._expand(states)
            rest = layout.convert(rest, self._layout) if layout != self._layout else rest
            if len(self._found) > PARTS_MAX:
                self._found = [union(self._found, self._layout.word_count)]
            self._stop = self._limit_reached()
            if self._stop is not None:
                self._terminal, self._terminal_pending = terminal, pending
                return
            if monotonic() >= self._report_at:
                self._report_at = monotonic() + self._every
                yield self.progress
        self._generated += generated
        fresh = minus(union(self._found, self._layout.word_count), self._runs)
        self._found = []
        if not size(fresh):
            self._stop = "complete"
            return
        self._levels.append(fresh)
        self._states += size(fresh)
        self._remember(fresh)
        self._judge(len(self._levels) - 1)

    def _limit_reached(self) -> Stop | None:
        limits = self.limits
        if limits.states is not None and self._states >= limits.states:
            return "states"
        if limits.seconds is not None and monotonic() - self._started >= limits.seconds:
            return "seconds"
        if limits.memory_bytes is not None and resident_bytes() >= limits.memory_bytes:
            return "memory"
        return None

    def _remember(self, fresh: Words) -> None:
        """Add a level to the runs that new states are looked up in: few, each much larger."""
        self._runs.append(fresh)
        while len(self._runs) > 1 and size(self._runs[-2]) < RUN_RATIO * size(self._runs[-1]):
            pair = [self._runs.pop(), self._runs.pop()]
            self._runs.append(union(pair, self._layout.word_count))

    # Expansion.

    def _share(self, start: int, stop: int) -> Share:
        """Expand some states of the deepest level with the tables as they are, for another process.

        States for which a table has no answer are strangers: they are left to the process that may
        let the tables grow. What was found of them is right, but not all; it is not counted.
        """
        for table in self._tables():
            table.is_frozen = True
        found, strangers = list[Words](), list[Ids]()
        generated = 0
        self._terminal = self._terminal_pending = 0
        for here in range(start, stop, CHUNK_STATES):
            states = rows_of(self._levels[-1], here, min(here + CHUNK_STATES, stop))
            self._strange = np.zeros(size(states), np.bool_)
            generated += self._expand(states)
            strangers.append(here + np.flatnonzero(self._strange))
            found = [union([*found, *self._found], self._layout.word_count)]
            self._found = []
        fresh = minus(found[0], self._runs)
        ends = (self._terminal, self._terminal_pending)
        return Share(fresh, np.concatenate(strangers), generated, ends)

    def _gather(self, shared: Gathered) -> int:
        """Take over what other processes found; return how many successors they counted."""
        self._found = list(shared.parts)
        self._terminal += shared.ends[0]
        self._terminal_pending += shared.ends[1]
        return shared.generated

    def _tables(self) -> list[PairTable]:
        return [*(e.index for e in self._expansions), *self._bundles.pushed, self._observed]

    def _expand(self, states: Words) -> int:
        """Add the successors of some states to what this level found; return how many there are."""
        counts = np.zeros(size(states), np.int64)
        fields = self._fields(states)
        if self._workers > 1:
            self._note_slots()
        for successors in self._successors(states, fields):
            counts += np.bincount(successors.rows, minlength=len(counts))
            if len(successors.rows):
                self._found.append(unique(successors.words))
        if self._strange is not None:
            counts[self._strange] = 0
        ends = counts == 0 if self._strange is None else (counts == 0) & ~self._strange
        self._note_terminal(fields, np.flatnonzero(ends))
        return int(counts.sum())

    def _fields(self, states: Words) -> list[Ids]:
        return [self._layout.field(states, k) for k in range(self._nodes + 2)]

    def _successors(self, states: Words, fields: list[Ids]) -> Iterator[_Successors]:
        """Return what each place can do in these states, one place after the other."""
        environments = fields[self._environment]
        for place, expansions in enumerate(self._expansions):
            slots = fields[place] if place < self._nodes else np.zeros_like(environments)
            everyone = np.arange(len(slots))
            found = self._ask(expansions.index, slots, environments, everyone)
            rows, transitions = expansions.of(found)
            changes = list(self._changes(place, fields, rows, transitions))
            layout = self._layout
            self._widen()
            states = layout.convert(states, self._layout) if layout != self._layout else states
            words = [word[rows] for word in states]
            for index, where, change in changes:
                self._layout.add(words, index, change, where)
            if self._strange is not None and self._strange.any():
                known = ~self._strange[rows]
                rows, transitions = rows[known], transitions[known]
                words = [word[known] for word in words]
            yield _Successors(place, rows, transitions, tuple(words))

    def _ask(self, table: PairTable, first: Ids, second: Ids, rows: Ids) -> Ids:
        """Ask a table; where it may not grow, mark the states that it has no answer for."""
        found = table.look_up(first, second)
        if self._strange is not None and (missing := found < 0).any():
            self._strange[rows[missing]] = True
            found[missing] = 0
        return found

    def _changes(
        self, place: int, fields: list[Ids], rows: Ids, transitions: Ids
    ) -> Iterator[tuple[int, Ids | None, Ids]]:
        """Return (field, which successors or None for all, what is added to it)."""
        expansions = self._expansions[place]
        if place < self._nodes:
            yield place, None, expansions.slot(transitions) - fields[place][rows]
        if len(self.slots.environments) > 1:
            after = expansions.environment(transitions)
            yield self._environment, None, after - fields[self._environment][rows]
        for node, bundles in expansions.sent(transitions).items():
            where = np.flatnonzero(bundles)
            if len(where):
                slots = fields[node][rows[where]]
                table = self._bundles.pushed[node]
                pushed = self._ask(table, slots, bundles[where], rows[where])
                yield node, where, pushed - slots
        seen = expansions.seen(transitions)
        where = np.flatnonzero(seen)
        if len(where):
            memories = fields[self._memory][rows[where]]
            after = self._ask(self._observed, memories, seen[where], rows[where])
            yield self._memory, where, after - memories

    def _widen(self) -> None:
        """Make the fields wide enough for everything that was numbered so far."""
        layout, former = self._layout.holding(self._sizes()), self._layout
        if layout == former:
            return
        self._layout = layout
        shared: dict[int, Words] = {}

        def converted(words: Words) -> Words:
            key = id(words)
            if key not in shared:
                shared[key] = former.convert(words, layout)
            return shared[key]

        self._levels = [converted(level) for level in self._levels]
        self._runs = [converted(run) for run in self._runs]
        self._found = [former.convert(part, layout) for part in self._found]

    # Judgement.

    def _judge(self, level: int) -> None:
        """Look for a state of a level that breaks a property."""
        states = self._levels[level]
        memories = self._layout.field(states, self._memory)
        present = np.unique(memories).tolist()
        names = {m: name for m in present if (name := self.memories.broken[m]) is not None}
        if names:
            row = int(np.flatnonzero(np.isin(memories, list(names)))[0])
            self._break(names[int(memories[row])], level, rows_of(states, row, row + 1))
        elif self.scenario.invariants:
            self._judge_invariants(level)

    def _judge_invariants(self, level: int) -> None:
        self._note_slots()
        states = self._levels[level]
        cores = np.stack(
            [self._cores[n].array[self._layout.field(states, n)] for n in range(self._nodes)],
            axis=1,
        )
        combinations, first = np.unique(cores, axis=0, return_index=True)
        for row, combination in sorted(zip(first.tolist(), combinations.tolist(), strict=True)):
            name = self._violated_invariant(tuple(combination))
            if name is not None:
                self._break(name, level, rows_of(states, row, row + 1))
                return

    def _violated_invariant(self, cores: tuple[int, ...]) -> str | None:
        if cores not in self._invariants:
            compiled = self.slots.compiled
            nodes = zip(compiled.nodes, cores, strict=True)
            states = {name: compiled.cores[core].state for name, core in nodes}
            broken = (i.name for i in self.scenario.invariants if i.violation(states))
            self._invariants[cores] = next(broken, None)
        return self._invariants[cores]

    def _break(self, name: str, level: int, state: Words) -> None:
        self._violation = Violation(name, self._path(level, self._fields(state)))
        self._stop = "broken"

    def _handler_broke(self, broke: HandlerBroke) -> None:
        """Find a state of the deepest level in which the failing action is legal."""
        level = len(self._levels) - 1
        self._stop = "broken"
        for row in range(size(self._levels[level])):
            state = rows_of(self._levels[level], row, row + 1)
            if broke.node >= 0 and self._is_at(state, broke):
                choices = (*self._path(level, self._fields(state)), broke.action)
                self._violation = Violation(HANDLER_PROPERTY, choices)
                return

    def _is_at(self, state: Words, broke: HandlerBroke) -> bool:
        slot = int(self._layout.field(state, broke.node)[0])
        environment = int(self._layout.field(state, self._environment)[0])
        return (slot, environment) == (broke.slot, broke.environment)

    def _note_slots(self) -> None:
        """Keep, for each slot, its core and whether a call is open in it."""
        for node, slots in enumerate(self.slots.slots):
            cores, pending = self._cores[node], self._pending[node]
            for slot in slots[len(cores) :]:
                cores.append(slot.core)
                pending.append(self.slots.compiled.cores[slot.core].pending is not None)

    def _note_terminal(self, fields: list[Ids], rows: Ids) -> None:
        """Count the states at these rows as ends of runs."""
        if not len(rows):
            return
        self._note_slots()
        is_pending = np.zeros(len(rows), np.bool_)
        for node in range(self._nodes):
            is_pending |= self._pending[node].array[fields[node][rows]] > 0
        self._terminal += len(rows)
        self._terminal_pending += int(is_pending.sum())
        if self._open_end is None and is_pending.any():
            row = int(np.flatnonzero(is_pending)[0])
            end = [column[rows[row : row + 1]] for column in fields]
            self._open_end = (len(self._levels) - 1, end)

    # The way back.

    def _path(self, level: int, fields: list[Ids]) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state of a level, found backwards."""
        choices: list[Action] = []
        for above in range(level - 1, -1, -1):
            action, fields = self._step_back(above, fields)
            choices.append(action)
        return tuple(reversed(choices))

    def levels(self) -> Iterator[Iterator[tuple[int, ...]]]:
        """Return the states found so far by their distance from the first one, as their fields."""
        return map(self._states_of_level, range(len(self._levels)))

    def _states_of_level(self, level: int) -> Iterator[tuple[int, ...]]:
        for start in range(0, size(self._levels[level]), CHUNK_STATES):
            rows = rows_of(self._levels[level], start, start + CHUNK_STATES)
            yield from zip(*(column.tolist() for column in self._fields(rows)), strict=True)

    def run_to(self, steps: int, state: tuple[int, ...]) -> tuple[Action, ...]:
        """Return the choices of a shortest run, so many steps long, to a state given its fields."""
        return self._path(steps, [np.array([value], np.int64) for value in state])

    def _step_back(self, level: int, fields: list[Ids]) -> tuple[Action, list[Ids]]:
        """Return an action that leads from a state of a level to the given one, and that state."""
        for start in range(0, size(self._levels[level]), CHUNK_STATES):
            states = rows_of(self._levels[level], start, start + CHUNK_STATES)
            for successors in self._successors(states, self._fields(states)):
                target = self._layout.pack(fields)
                hits = np.ones(len(successors.rows), np.bool_)
                for word, wanted in zip(successors.words, target, strict=True):
                    hits &= word == wanted[0]
                found = np.flatnonzero(hits)
                if len(found):
                    row = start + int(successors.rows[found[0]])
                    before = rows_of(self._levels[level], row, row + 1)
                    transition = int(successors.transitions[found[0]])
                    action = self._expansions[successors.place].transitions[transition].action
                    return action, self._fields(before)
        raise AssertionError("a state is not a successor of any state of the level before it")


@dataclass(frozen=True, slots=True)
class _Successors:
    """The successors that one place makes: `words[k]` comes from state `rows[k]`, by its transition."""

    place: int
    rows: Ids
    transitions: Ids
    words: Words
