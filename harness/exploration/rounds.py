"""Exploring a scenario under a growing budget of faults: the outermost loop of `explore`.

A counterexample with fewer faults is easier to read, and the spaces with few faults are small; so
first no fault is allowed, then one, then two, until something breaks or the bound is reached.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Literal, TypeAlias

from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.harness.exploration.disk_space import DiskSpace
from counterpoint.model.kind import kinds_of, may_interfere
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.exploration.ends import judges_ends
from counterpoint.model.search.exploration.explore import Explored, Explorer, Limits
from counterpoint.model.search.exploration.goals import GoalReached, reached
from counterpoint.model.search.exploration.lasso import Endings, explore_endings
from counterpoint.model.search.exploration.memories import Memories, unexplored
from counterpoint.model.search.exploration.observers_compared import compare_observers
from counterpoint.model.search.exploration.spot_check import spot_check
from counterpoint.model.search.impossible import impossible_faults
from counterpoint.model.search.judgements import (
    Judged,
    Judgements,
    asked_of,
    counted,
    why_undecided,
)
from counterpoint.model.writing import remove_drafts

if TYPE_CHECKING:
    from counterpoint.model.search.columnar.explorer import VectorExplorer

EngineName: TypeAlias = Literal["auto", "plain", "numpy"]


class NoNumpy(ValueError):
    """The numpy engine was asked for, and numpy is not installed."""


class NotSymmetric(ValueError):
    """Symmetry was asked for where it cannot be used."""


@dataclass(frozen=True, slots=True)
class ExploreOptions:
    """How to explore; see `counterpoint explore --help`."""

    limits: Limits = field(default_factory=Limits)
    no_op: NoOp | None = None
    is_lossy: bool = False
    history: bool = False
    engine: EngineName = "auto"
    workers: int = 1
    checkpoint: Path | None = None
    checkpoint_seconds: float = 30.0
    symmetry: bool = False
    disk: DiskSpace | None = None
    liveness: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One exploration of the outermost loop: its budget of faults, and what it established."""

    faults: int
    explored: Explored


def explorer(scenario: Scenario, options: ExploreOptions) -> Explorer | VectorExplorer:
    """Return an exploration on the fastest engine at hand, or on the one asked for.

    Raises:
        NoNumpy: the numpy engine was asked for, and numpy is not installed.
        NotSymmetric: symmetry was asked for where no nodes are interchangeable.
    """
    has_numpy = importlib.util.find_spec("numpy") is not None
    if options.engine == "numpy" and not has_numpy:
        raise NoNumpy("numpy is not installed; install counterpoint[fast], or use --engine plain")
    if options.symmetry:
        _require_symmetry(scenario)
    if options.engine != "plain" and has_numpy:
        from counterpoint.model.search.columnar.explorer import VectorExplorer

        return VectorExplorer(
            scenario,
            no_op=options.no_op,
            is_lossy=options.is_lossy,
            history=options.history,
            limits=options.limits,
            symmetry=options.symmetry,
            workers=options.workers,
            code=_code(scenario, options),
        )
    elif options.workers > 1:
        raise NoNumpy("several workers need the numpy engine; install counterpoint[fast]")
    return Explorer(
        scenario,
        no_op=options.no_op,
        is_lossy=options.is_lossy,
        history=options.history,
        limits=options.limits,
        symmetry=options.symmetry,
    )


def endings_of(scenario: Scenario, options: ExploreOptions) -> Endings:
    """Return what becomes of open calls when the faults stop, on the fastest engine at hand."""
    if options.engine == "plain" or importlib.util.find_spec("numpy") is None:
        return explore_endings(scenario, options.limits)
    from counterpoint.model.search.columnar import endings

    return endings.explore_endings(
        scenario, options.limits, symmetry=options.symmetry, workers=options.workers
    )


def _code(scenario: Scenario, options: ExploreOptions) -> str | None:
    """Return the fingerprint of all that is explored, if states are kept for another process."""
    is_kept = options.disk is not None or options.checkpoint is not None
    return code_fingerprint(scenario) if is_kept else None


def _spot_check(scenario: Scenario, options: ExploreOptions) -> None:
    """Compare some runs with what they are by other names."""
    spot_check(scenario, no_op=options.no_op, is_lossy=options.is_lossy, history=options.history)


def _require_symmetry(scenario: Scenario) -> None:
    """Refuse symmetry where no nodes are alike."""
    if not scenario.symmetric:
        raise NotSymmetric(
            f"scenario {scenario.name!r} names no interchangeable nodes; say in Scenario.symmetric "
            "which are, or leave --symmetry out"
        )


def for_exploration(scenario: Scenario) -> Scenario:
    """Return the scenario without the faults that add states and no runs.

    On an unordered network any message may wait, and overtake. A kind of one's own may tell what is
    held back from what waits, so beside one that may happen all faults stay.
    """
    useless = {kind for kind in scenario.actions if getattr(kind, "is_for_queues", False)}
    others = [kind for kind in scenario.actions if kind not in useless]
    if scenario.network != "unordered" or any(may_interfere(kind, scenario) for kind in others):
        return scenario
    names = {kind.kind for kind in useless}
    return scenario.replace(limits={k: b for k, b in scenario.limits.items() if k not in names})


class Keeper:
    """Keeps the checkpoint of one round: resumes from it, writes it now and then, removes it.

    The file of round k is the given one with ".k" at its end; a finished round needs none.
    """

    def __init__(
        self, current: Explorer | VectorExplorer, options: ExploreOptions, faults: int
    ) -> None:
        self._seconds = options.checkpoint_seconds
        self._saved_at = monotonic()
        self.problem = ""
        self._explorer: VectorExplorer | None = None
        self._path: Path | None = None
        if options.checkpoint is None:
            return
        if isinstance(current, Explorer):
            raise NoNumpy("checkpoints need the numpy engine; install counterpoint[fast]")
        self._explorer = current
        self._path = options.checkpoint.with_name(f"{options.checkpoint.name}.{faults}")
        if self._path.exists():
            current.resume(self._path)

    def keep(self, *, now: bool = False) -> None:
        """Write a checkpoint if it is time to."""
        if self._explorer is None or self._path is None:
            return
        if now or monotonic() - self._saved_at >= self._seconds:
            try:
                self._explorer.save(self._path)
                self.problem = ""
            except OSError as error:  # the exploration itself is not in danger
                self.problem = f"the checkpoint {self._path} cannot be written: {error.strerror}"
            self._saved_at = monotonic()

    def finish(self, explored: Explored) -> None:
        """Keep a checkpoint of a round that a limit ended, none of one that is over."""
        if self._path is None:
            return
        if explored.stop in ("complete", "broken"):
            self._path.unlink(missing_ok=True)
            remove_drafts(self._path)
        else:
            self.keep(now=True)


def judged_by(memories: Memories, explored: Explored) -> Judgements:
    """Return what an exploration has judged: in so many states, or histories, each property held."""
    scenario = memories.scenario
    invariants = (invariant.name for invariant in scenario.invariants)
    everywhere = dict.fromkeys(
        (*invariants, *memories.watched), Judged(explored.states, of="states")
    )
    found = {k: replace(v, of="histories") for k, v in counted(memories.rulings).items()}
    judged = {name: {**everywhere, **found}.get(name) for name in asked_of(scenario)}
    return with_broken({k: each for k, each in judged.items() if each is not None}, explored)


def with_broken(judged: Judgements, explored: Explored) -> Judgements:
    """Return the counts with the state that an exploration was stopped by: its property broke there."""
    if explored.violation is None:
        return judged
    name = explored.violation.property
    before = judged.get(name, Judged(of="states"))
    held = before.held - 1 if before.held else 0
    return {**judged, name: replace(before, held=held, broken=1)}


ONE_RUN, NO_REST = "one run to each end was judged, others may differ", "some runs never rest"
"""Why what was judged at all ends may be decided at none."""


def _at_the_end(prop: Property, endings: Endings, explored: Explored) -> Judged:
    """Return what is known of a property of ends that none has broken, unless it is this one.

    Whether an answer is owed is part of the states; what looks at the last world alone holds if every
    run has one; of anything else one run to each end was looked at.
    """
    if prop.is_about_answers:
        return Judged(explored.states if endings.stop == "complete" else 0, of="states")
    if endings.stop != "complete":
        return Judged(of="ends")
    if not prop.is_about_last_world:
        return Judged(undecided={ONE_RUN: endings.rests}, of="ends")
    if endings.restless:
        return Judged(undecided={NO_REST: endings.restless}, of="ends")
    return Judged(endings.rests, of="ends")


def most_faults(scenario: Scenario, asked: int) -> int:
    """Return how many faults a run has at most: as many as were asked for, within the scenario's own."""
    if not scenario.limits:
        return 0
    return asked if scenario.faults_max is None else min(asked, scenario.faults_max)


def more_faults_asked(scenario: Scenario, asked: int) -> tuple[str, ...]:
    """Return a warning if more faults were asked for than the scenario allows in a run."""
    most = scenario.faults_max
    if most is None or asked <= most or not scenario.limits:
        return ()
    return (f"--faults {asked}: explored up to faults_max={most} of the scenario",)


class FaultRounds:
    """The outermost loop. `rounds` holds what each budget of faults established so far.

    `reached` tells of the goals of the scenario, in the last round that was not interrupted,
    `problems` of checkpoints that could not be written.
    """

    def __init__(self, scenario: Scenario, options: ExploreOptions, *, faults_max: int) -> None:
        self._scenario = for_exploration(scenario)
        self._options = options
        self._faults_asked = faults_max
        self._faults_max = most_faults(self._scenario, faults_max)
        self.rounds: list[Round] = []
        self.reached: tuple[GoalReached, ...] = ()
        self.problems: list[str] = []
        self.judged: Judgements = {}
        self._has_endings = False

    @property
    def timers_max(self) -> int | None:
        """How often timers may go off in the runs that are explored; None: as often as they like.

        Walks have that budget only until the faults stop, so that they may break what holds within it.
        """
        budget = self._scenario.limits.get("fire")
        return None if budget is None else budget.per_run

    @property
    def goes_on_from(self) -> Path | None:
        """The folder on disk from which the same command goes on, if it ended before all was told."""
        disk = self._options.disk
        is_over = self.last.explored.stop in ("complete", "broken")
        return None if disk is None or is_over else disk.path

    @property
    def last(self) -> Round:
        """The round that ended last, or is under way."""
        return self.rounds[-1]

    def explore(self, *, every_seconds: float = 0.5) -> Generator[Round, None, None]:
        """Explore round after round, and report now and then; ends at the first violation."""
        disk = self._options.disk
        with nullcontext() if disk is None else disk.taken():
            yield from self._explore(every_seconds)
            if disk is not None and self.last.explored.stop in ("complete", "broken"):
                disk.remove()

    def _explore(self, every_seconds: float) -> Generator[Round, None, None]:
        for faults in range(self._faults_max + 1):
            scenario = self._scenario.replace(faults_max=faults)
            current = explorer(scenario, self._options)
            if self._options.disk is not None:
                self._options.disk.give(current, faults)
            keeper = Keeper(current, self._options, faults)
            self.rounds.append(Round(faults, current.progress))
            every = every_seconds
            if self._options.checkpoint is not None:
                every = min(every, self._options.checkpoint_seconds)
            try:
                if self._options.symmetry:
                    _spot_check(scenario, self._options)
                if not self._options.history:
                    compare_observers(scenario)
                for explored in current.explore(every_seconds=every):
                    self.rounds[-1] = Round(faults, explored)
                    keeper.keep()
                    yield self.rounds[-1]
            except (KeyboardInterrupt, GeneratorExit):
                current.interrupt()
                self.rounds[-1] = Round(faults, current.progress)
                keeper.keep(now=True)
                self._note(keeper)
                raise
            keeper.finish(self.last.explored)
            self._note(keeper)
            self.problems += [current.problem] if current.problem else []
            self.judged = judged_by(current.memories, self.last.explored)
            self.reached = reached(current)
            if self.last.explored.stop not in ("complete", "depth"):
                return  # a depth bounds each round alike: more faults may break what is as short

    def _note(self, keeper: Keeper) -> None:
        if keeper.problem:
            self.problems.append(keeper.problem)

    @property
    def are_endings_due(self) -> bool:
        """Tell whether liveness was asked for, and every state is there that the faults may stop in."""
        return self._options.liveness and self.last.explored.stop == "complete"

    def judge_endings(self) -> None:
        """Let the faults stop in every state of the last round, and judge what becomes of open calls.

        If it is interrupted, the round says so.
        """
        faults, explored = self.last.faults, self.last.explored
        try:
            scenario = self._scenario.replace(faults_max=faults)
            endings = endings_of(scenario, self._options)
        except KeyboardInterrupt:
            self.rounds[-1] = Round(faults, replace(explored, stop="interrupted"))
            raise
        after = replace(explored, stop=endings.stop, violation=endings.violation)
        self.rounds[-1] = Round(faults, after)
        self._has_endings = True
        of_ends = (p for p in self._scenario.properties if p.reads == "end")
        judged = {prop.name: _at_the_end(prop, endings, after) for prop in of_ends}
        self.judged = with_broken({**self.judged, **judged}, after)

    @property
    def undecided(self) -> str | None:
        """Say why rounds that came to their end prove nothing, None if they prove something."""
        if not self.judged and self.reached:
            return None
        if not self.judged and self.not_judged:
            return f"nothing was judged; not explored: {', '.join(self.not_judged)}"
        return why_undecided(self.judged, what="histories")

    @property
    def unreached(self) -> list[str]:
        """The goals that no state meets."""
        return [goal.goal for goal in self.reached if not goal.is_met]

    @property
    def judged_otherwise(self) -> dict[str, str]:
        """How each property can be judged that no round has judged."""
        ways = {}
        of_ends = "fuzz or --liveness"
        if self._options.liveness:
            of_ends = "fuzz, or explore all states: --liveness begins after them"
        for prop in unexplored(self._scenario, with_endings=self._has_endings):
            if prop.reads == "trace":
                is_reduced = not prop.is_of_ends or judges_ends(self._scenario)
                ways[prop.name] = "fuzz or --reduction dpor" if is_reduced else "fuzz"
            else:
                ways[prop.name] = of_ends
        return ways

    @property
    def left_out(self) -> str:
        """The faults that the scenario allows, if all rounds were without any; else empty."""
        faults = {kind.kind for kind in kinds_of(self._scenario) if kind.is_fault}
        left_out = (name for name in self._scenario.limits if name in faults)
        return "" if self._faults_max else ", ".join(left_out)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which faults have a budget and can never happen, where faults were explored."""
        found = impossible_faults(self._scenario, {}) if self._faults_max else ()
        return (*more_faults_asked(self._scenario, self._faults_asked), *found)

    @property
    def not_judged(self) -> list[str]:
        """The names of the properties that no round has judged."""
        return [p.name for p in unexplored(self._scenario, with_endings=self._has_endings)]
