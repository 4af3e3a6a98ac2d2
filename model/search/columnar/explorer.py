"""Exhaustive exploration with numpy: the same search as `explore`, a level of states at a time.

States are rows of machine words, exact and never hashed; a level is expanded by looking up, for all
its states at once, what can happen in their slots, and becomes a sorted set without those that were
there before. Both explorations count the same states, successors and depths: that is their test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any

import numpy as np

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.forms import fingerprint
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.columnar.checkpoint import Checkpoint, Journal, load, replayed, save
from counterpoint.model.search.columnar.established import Counts, Established
from counterpoint.model.search.columnar.expander import Expanded, Expander
from counterpoint.model.search.columnar.folder import DiskFailed, ExplorationFolder, Portions
from counterpoint.model.search.columnar.held import HeldStates
from counterpoint.model.search.columnar.level import LevelBuilder, UnderWay
from counterpoint.model.search.columnar.level_judge import LevelJudge
from counterpoint.model.search.columnar.notes import HowFar, note, restored
from counterpoint.model.search.columnar.packing import FieldLayout, Ids, Words
from counterpoint.model.search.columnar.parallel import Crew
from counterpoint.model.search.columnar.sets import fresh, rows_of, size, taken, unique
from counterpoint.model.search.columnar.slot_columns import SlotColumns
from counterpoint.model.search.columnar.stored import StoredStates
from counterpoint.model.search.columnar.way_back import WayBack
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.engine.semantics import NoOp, Semantics
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.explore import (
    Explored,
    Limits,
    StateViolation,
    Stop,
    default_no_op,
)
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.symmetry import exchanged
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.values import Json
from counterpoint.model.world import Action

CHUNK_STATES = 1 << 16
"""So many states are expanded at once: enough to hide what a call of numpy costs, and few enough
that their successors fit the processor's cache. A level of one chunk is expanded by one worker."""


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
        symmetry: bool = False,
        has_open_calls: bool = False,
        workers: int = 1,
        chunk_states: int = CHUNK_STATES,
        code: str | None = None,
    ) -> None:
        """`code` tells the code that is explored from any other, for what is kept of it.

        Where it is missing, the source of the system alone does: not what that imports.
        """
        self.scenario = scenario
        self._code = fingerprint(scenario) if code is None else code
        semantics = Semantics(no_op or default_no_op(scenario), is_lossy, has_open_calls)
        self.slots = Slots(scenario, semantics, SlotColumns)
        self.memories = Memories(self.slots, history=history)
        self.limits = limits or Limits()
        self._has_history = history
        self._journal = Journal()
        self._expander = Expander(self.slots, self.memories, self._journal, symmetry=symmetry)
        self._judge = LevelJudge(self._expander)
        widths = (6,) * len(self.slots.compiled.nodes) + (2, 4)
        layout = FieldLayout(widths).holding(self._expander.sizes)
        start, layout = self._expander.representatives(layout.pack(self._expander.start), layout)
        self._now = Established(HeldStates(layout, (start,), (start,)), Counts(generated=1))
        self._stop: Stop | None = None
        self._violation: StateViolation | None = None
        self._open_end: tuple[Action, ...] | None = None
        self._crew = Crew(workers)
        self._chunk_states = chunk_states
        self._folder: ExplorationFolder | None = None
        self._under_way: UnderWay | None = None
        self._seconds_before = 0.0
        self.problem = ""
        self._started = monotonic()

    @property
    def about(self) -> dict[str, Json]:
        """What a checkpoint must agree with to be one of this exploration."""
        scenario, semantics = self.scenario, self.slots.semantics
        symmetry: dict[str, Json] = {} if self._expander.orbits is None else {"symmetry": True}
        return symmetry | {
            "scenario": scenario.name,
            "origin": dict(scenario.origin),
            "network": scenario.network,
            "faults_max": scenario.faults_max,
            "limits": {
                kind: [each.per_run, each.at_once] for kind, each in scenario.limits.items()
            },
            "source": self._code,
            "no_op": semantics.no_op,
            "lossy": semantics.is_lossy,
            "history": self._has_history,
        }

    def save(self, path: Path) -> None:
        """Write what was established to a checkpoint: all whole levels, and how to go on."""
        known, counts = self._now.known, self._now.counts
        assert isinstance(known, HeldStates), "what is on disk is its own checkpoint"
        state: dict[str, Json] = {
            "widths": list(known.layout.widths),
            "generated": counts.generated,
            "terminal": counts.terminal,
            "terminal_pending": counts.terminal_pending,
            "milliseconds": int((monotonic() - self._started) * 1000),
            "is_complete": self._stop == "complete",
        }
        save(path, Checkpoint(self.about, state, self._journal.array, known.levels))

    def move_to(self, path: Path, portions: Portions) -> None:
        """Keep levels and known states in a folder, and go on with what was noted there, if anything.

        Raises:
            BadCheckpoint: the folder is of others, of another exploration or version, or damaged.
            OSError: it cannot be made or read.
        """
        folder = ExplorationFolder(path, self.about, portions)
        noted = folder.opened()
        if noted is None:
            layout = self._now.layout
            first = iter([self._now.rows(0, 1)])
            known = StoredStates(folder, layout).with_level(first, self._crew)
            self._now = Established(known, Counts(generated=1))
        else:
            replayed(folder.journal(noted), self._expander.tables)
            how_far = restored(folder, noted)
            self._now, self._under_way = how_far.established, how_far.under_way
            self._seconds_before = how_far.seconds
            self._stop = "complete" if how_far.is_complete else None
        self._folder = folder

    def _note(self) -> None:
        """Let the folder note how far this is, if there is one."""
        if self._folder is not None:
            seconds, is_complete = monotonic() - self._started, self._stop == "complete"
            how_far = HowFar(self._now, self._under_way, seconds, is_complete)
            note(self._folder, how_far, self._journal.array)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint of the same exploration, by any number of workers.

        Raises:
            BadCheckpoint: not a checkpoint, damaged, or of another exploration.
        """
        checkpoint = load(path, self.about)
        replayed(checkpoint.journal, self._expander.tables)
        state: dict[str, Any] = dict(checkpoint.state)
        layout = FieldLayout(tuple(state["widths"]))
        known = fresh(checkpoint.levels, (), self._crew)
        self._now = Established(
            HeldStates(layout, checkpoint.levels, (known,)),
            Counts(state["generated"], state["terminal"], state["terminal_pending"]),
        )
        self._seconds_before = state["milliseconds"] / 1000
        if state.get("is_complete"):
            self._stop = "complete"

    @property
    def progress(self) -> Explored:
        """What was established so far."""
        now, slots, sizes = self._now, self.slots, self._expander.sizes
        return Explored(
            states=now.states,
            generated=now.counts.generated,
            depth=now.level_count,
            frontier=0 if self._stop == "complete" else now.frontier,
            terminal=now.counts.terminal,
            terminal_pending=now.counts.terminal_pending,
            seconds=monotonic() - self._started,
            slots=MappingProxyType(dict(zip(slots.compiled.nodes, sizes, strict=False))),
            levels=now.known.sizes,
            environments=len(slots.environments),
            memories=len(self.memories),
            stored_bytes=now.known.stored_bytes,
            by_all_exchanges=None if self._expander.orbits is None else self._expander.orbits.tried,
            stop=self._stop,
            violation=self._violation,
            open_end=self._path_to_open_end(),
        )

    def interrupt(self) -> None:
        """Say that the exploration was stopped from outside."""
        self._stop = "interrupted"

    def explore(self, *, every_seconds: float = 0.2) -> Iterator[Explored]:
        """Explore level by level; report every so many seconds and at the end."""
        self._started = monotonic() - self._seconds_before
        self._report_at = monotonic() + every_seconds
        self._every = every_seconds
        with self._crew:
            self._judge_deepest()
            while self._stop is None:
                depth_max = self.limits.depth
                if depth_max is not None and self._now.level_count >= depth_max:
                    self._stop = "depth"
                    break
                try:
                    yield from self._one_level()
                except HandlerBroke as broke:
                    self._handler_broke(broke)
                except DiskFailed as failed:
                    self._stop, self.problem = "disk", str(failed)
                except NotDeterministic as error:
                    raise error.at(self._now.level_count - 1) from None
        yield self.progress

    def _one_level(self) -> Iterator[Explored]:
        """Expand the deepest level; nothing is counted unless the whole level was."""
        now = self._now
        level = LevelBuilder(now, self._expander, self._judge, self._under_way)
        starts = range(level.so_far.row, now.frontier, self._chunk_states)
        may_grow = self._crew.workers == 1 or len(starts) == 1
        expand = partial(self._expanded, may_grow=may_grow)
        expanded = self._crew.results(expand, starts) if len(starts) > 1 else map(expand, starts)
        for start, chunk in zip(starts, expanded, strict=True):
            self._add(level, start, chunk)
            self._stop = self._limit_reached()
            if self._stop is not None:
                return
            if monotonic() >= self._report_at:
                self._report_at = monotonic() + self._every
                yield self.progress
        self._now, self._under_way = level.finished(self._crew), None
        if self._now.level_count == now.level_count:
            self.slots.compiled.asking.ask_everything_again()
            self._stop = "complete"
        self._note()
        if self._stop is None:
            self._judge_deepest()

    def _chunk(self, start: int) -> Words:
        return self._now.rows(start, start + self._chunk_states)

    def _expanded(self, start: int, *, may_grow: bool) -> Expanded:
        return self._expander.expand(self._chunk(start), self._now.layout, may_grow=may_grow)

    def _add(self, level: LevelBuilder, start: int, expanded: Expanded) -> None:
        """Add a chunk to a level, with its strangers: this thread may let the tables grow."""
        ends, states = expanded.ends, self._chunk(start)
        level.add(self._named(expanded))
        if len(expanded.strangers):
            strange = taken(states, expanded.strangers)
            rest = self._expander.expand(strange, self._now.layout, may_grow=True)
            level.add(self._named(rest))
            ends = np.sort(np.concatenate([ends, expanded.strangers[rest.ends]]))
        level.add_ends(states, ends)
        if level.chunk_added(start + self._chunk_states, self._crew):
            self._under_way = level.so_far
            self._note()

    def _named(self, expanded: Expanded) -> Expanded:
        """Return the representatives of successors, as a set."""
        if self._expander.orbits is None or not size(expanded.words):
            return expanded
        words, layout = self._expander.representatives(expanded.words, expanded.layout)
        return replace(expanded, words=unique(words), layout=layout)

    def _limit_reached(self) -> Stop | None:
        limits = self.limits
        if limits.states is not None and self._now.states >= limits.states:
            return "states"
        if limits.seconds is not None and monotonic() - self._started >= limits.seconds:
            return "seconds"
        if limits.is_out_of_memory:
            return "memory"
        return None

    # Judgement.

    def _judge_deepest(self) -> None:
        """Look for a state of the deepest level that breaks a property."""
        broken = self._judge.broken(self._now)
        if broken is not None:
            name, row = broken
            self._violation = StateViolation(name, self._path_to(row))
            self._stop = "broken"

    def _handler_broke(self, broke: HandlerBroke) -> None:
        """Find a state of the deepest level in which the failing action is legal."""
        layout, environment = self._now.layout, self._expander.environment
        self._stop = "broken"
        for _, states in self._now.pieces(self._chunk_states):
            is_there = layout.field(states, environment) == broke.environment
            is_there &= layout.field(states, broke.node) == broke.slot
            rows = np.flatnonzero(is_there)
            if len(rows):
                row = int(rows[0])
                fields = self._expander.fields(rows_of(states, row, row + 1), layout)
                choices = self._back.choices_to_failure(self._now.level_count - 1, fields, broke)
                self._violation = StateViolation(HANDLER_PROPERTY, choices)
                return

    # For those who ask afterwards.

    @property
    def level_count(self) -> int:
        """How many levels were found so far."""
        return self._now.level_count

    def level(self, steps: int) -> Iterator[tuple[int, ...]]:
        """Return the states found so many steps from the first one, as their fields."""
        for columns in self.columns(steps):
            yield from zip(*(column.tolist() for column in columns), strict=True)

    def columns(self, steps: int) -> Iterator[list[Ids]]:
        """Yield the fields of the states found so many steps from the first one, some at a time."""
        for _, rows in self._now.pieces(self._chunk_states, steps):
            yield self._expander.fields(rows, self._now.layout)

    def run_on(
        self, steps: int, state: tuple[int, ...], choices: tuple[Action, ...]
    ) -> tuple[Action, ...]:
        """Return a shortest run to a state, and how it goes on by choices that are possible there.

        Under symmetry the run may end in another state of the orbit: then they get its names.
        """
        fields = [np.array([value], np.int64) for value in state]
        before, real = self._back.run(steps, fields)
        there = tuple(int(column[0]) for column in real)
        return (*before, *exchanged(self.slots, self.memories, (state, there), choices))

    def run_to(self, steps: int, state: tuple[int, ...]) -> tuple[Action, ...]:
        """Return the choices of a shortest run, so many steps long, to a state given its fields."""
        return self._path(steps, [np.array([value], np.int64) for value in state])

    # The way back.

    def _path_to(self, row: int) -> tuple[Action, ...]:
        """Return the choices of a shortest run to a state of the deepest level."""
        now = self._now
        fields = self._expander.fields(now.rows(row, row + 1), now.layout)
        return self._path(now.level_count - 1, fields)

    def _path(self, level: int, fields: list[Ids]) -> tuple[Action, ...]:
        return self._back.choices(level, fields)

    @property
    def _back(self) -> WayBack:
        return WayBack(self._expander, self._now, self._chunk_states, self._crew)

    def _path_to_open_end(self) -> tuple[Action, ...] | None:
        """Return the run to an end in which a call is open; once it is over, for it takes time."""
        if (
            self._stop is not None
            and self._now.counts.open_end is not None
            and self._open_end is None
        ):
            self._open_end = self._path(*self._now.counts.open_end)
        return self._open_end
