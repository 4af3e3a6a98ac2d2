"""Exhaustive searches against the twin: verdicts, states level by level, ends, goals, orbits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from counterpoint.harness.exploration.rounds import ExploreOptions, FaultRounds, explorer
from counterpoint.model.exact import made_of
from counterpoint.model.search.columnar import endings as columnar
from counterpoint.model.search.columnar.explorer import VectorExplorer
from counterpoint.model.search.engine.dead_messages import TooManyNodeStates
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.dpor import Reducer
from counterpoint.model.search.exploration.explore import Limits
from counterpoint.model.search.exploration.goals import reached
from counterpoint.model.search.exploration.lasso import explore_endings
from counterpoint.model.values import Value
from tests.judge import reference
from tests.judge.knowledge import Case, Says
from tests.judge.reference import Found
from tests.judge.replaying import replays


def verdict_of(case: Case, options: ExploreOptions, no_op: NoOp) -> Says:
    """The first violation is as near as the nearest, and of a property that breaks there."""
    found = case.found(no_op)
    limits = Limits(depth=None if found.is_whole else max(len(found.levels), 1))
    last = _finished(explorer(case.scenario, _with(options, limits, no_op)))
    steps = found.steps
    if steps is not None and not found.is_whole and steps >= len(found.levels):
        steps = None
    if last.violation is None:
        if steps is not None:
            yield f"holds, stopped by {last.stop}: the twin breaks {found.broken}"
        return
    name, length = last.violation.property, len(last.violation.choices)
    if steps is None:
        yield f"breaks what holds: {name!r} in {length} steps"
    elif length != steps or found.broken.get(name) != steps:
        yield f"not a shortest violation: {name!r} in {length} steps; the twin: {found.broken}"
    yield from replays(case, last.violation.choices, name)


def _finished(exploration: Any) -> Any:
    """Run an exploration to its end, and return what it established."""
    for _ in exploration.explore():
        pass
    return exploration.progress


def _with(options: ExploreOptions, limits: Limits, no_op: NoOp) -> ExploreOptions:
    return ExploreOptions(limits, no_op, engine=options.engine, symmetry=options.symmetry)


def states_of(case: Case, options: ExploreOptions, no_op: NoOp) -> Says:
    """Level by level the states are those of the twin, and so are the successors and the ends."""
    found = case.found(no_op)
    failing = found.broken.get(reference.HANDLERS)
    is_whole = found.is_whole and failing is None
    depth = len(found.levels) if failing is None else min(failing, len(found.levels))
    limits = Limits(depth=None if is_whole else max(depth, 1))
    exploration = explorer(case.silent, _with(options, limits, no_op))
    last = _finished(exploration)
    told = _Told(exploration)
    for steps in range(depth):
        states = (
            set(map(told, exploration.level(steps))) if steps < exploration.level_count else set()
        )
        if states != found.levels[steps]:
            yield f"other states after {steps} steps: {_difference(states, found.levels[steps])}"
            return
    if is_whole:
        if exploration.level_count > depth:
            yield f"states after {depth} steps: the twin has none there"
        elif last.generated != found.generated:
            yield f"other successors: {last.generated}, not {found.generated}"
        elif last.terminal != found.ends:
            yield f"other ends: {last.terminal}, not {found.ends}"
        yield from _goals(found, exploration)


def _goals(found: Found, exploration: Any) -> Says:
    for goal in reached(exploration):
        if goal.first != found.met.get(goal.goal):
            yield f"goal: {goal.goal!r} first met by {goal.first}, not {found.met.get(goal.goal)}"


def _difference(ours: set[Value], theirs: set[Value]) -> str:
    here, there = list(ours - theirs)[:1], list(theirs - ours)[:1]
    return f"{len(ours)}, not {len(theirs)}; only here {here}, only there {there}"


def _exactly(value: Value) -> Value:
    return value, made_of(value)


class _Told:
    """Tells a state of an exploration as the twin does."""

    def __init__(self, exploration: Any) -> None:
        self._slots: Slots = exploration.slots
        self._memories = exploration.memories

    def __call__(self, fields: tuple[int, ...]) -> Value:
        *places, environment, memory = fields
        compiled = self._slots.compiled
        slots = [self._slots.slots[node][slot] for node, slot in enumerate(places)]
        contents = [compiled.contents[m] for slot in slots for m in slot.inbox]
        held = Counter(_exactly(compiled.contents[m]) for s in slots for m in s.held)
        cores = tuple(compiled.node_states[slot.node_state] for slot in slots)
        conditions = self._slots.environments[environment]
        told = (_exactly(cores), self._cargo(contents), frozenset(held.items()), conditions)
        return (told, self._memories.parts(memory))

    def _cargo(self, contents: list[tuple[str, str, Value]]) -> Value:
        if self._slots.scenario.network == "unordered":
            return frozenset(Counter(map(_exactly, contents)).items())
        links: dict[tuple[str, str], tuple[Value, ...]] = {}
        for src, dst, body in contents:
            links[src, dst] = (*links.get((src, dst), ()), _exactly(body))
        return frozenset(links.items())


@dataclass(frozen=True)
class Chunks:
    """The numpy engine in small portions: two threads, and from a checkpoint half-way."""

    case: Case

    def say(self) -> Says:
        """It counts what it counts in one go."""
        found = self.case.consumed
        if not found.is_whole or reference.HANDLERS in found.broken or len(found.levels) < 3:
            return
        depth = len(found.levels) // 2
        with TemporaryDirectory() as folder:
            first = self._explorer(Limits(depth=depth))
            _finished(first)
            first.save(Path(folder) / "half")
            second = self._explorer(Limits())
            second.resume(Path(folder) / "half")
            last = _finished(second)
        levels = tuple(map(len, found.levels))
        if (last.levels, last.generated, last.terminal) != (levels, found.generated, found.ends):
            yield f"other counts: {last}; the twin has {levels}"

    def _explorer(self, limits: Limits) -> VectorExplorer:
        return VectorExplorer(
            self.case.silent, no_op="consume", limits=limits, workers=2, chunk_states=3
        )


def lossy(case: Case) -> Says:
    """Where any message that can arrive can be lost, as many states are reached, and as far."""
    found = case.lost
    if not found.is_whole or reference.HANDLERS in found.broken:
        return
    for engine in ("plain", "numpy"):
        options = ExploreOptions(engine=engine, is_lossy=True, no_op="consume")
        last = _finished(explorer(case.silent, options))
        levels = tuple(map(len, found.levels))
        if (last.levels, last.generated) != (levels, found.generated):
            yield f"other counts with {engine}: {last.levels}; the twin has {levels}"


def forget(case: Case, options: ExploreOptions) -> Says:
    """Forgetting changes no verdict, nor how near it is; it may refuse."""
    if case.scenario.network == "ordered":
        return
    try:
        yield from verdict_of(case, options, "forget")
    except (TooManyNodeStates, NotImplementedError):
        return
    except ValueError as error:
        if "forget" not in str(error):
            raise


def symmetry(case: Case) -> Says:
    """One state for each orbit, and the same verdict; both engines count the same."""
    if not case.scenario.symmetric:
        return
    found = case.consumed
    is_whole = found.is_whole and reference.HANDLERS not in found.broken
    orbits = {frozenset(reference.images(world)) for world in found.worlds.values()}
    counted = []
    for engine in ("plain", "numpy"):
        options = ExploreOptions(engine=engine, symmetry=True, no_op="consume")
        yield from verdict_of(case, options, "consume")
        if not is_whole:
            continue
        last = _finished(explorer(case.silent, options))
        counted.append((last.levels, last.generated, last.terminal, last.terminal_pending))
        if not case.scenario.properties and last.states != len(orbits):
            yield f"other orbits with {engine}: {last.states}, not {len(orbits)}"
    if len(set(counted)) > 1:
        yield f"other counts by orbits: {counted}"


def with_histories(case: Case) -> Says:
    """With whole histories the checkers of traces judge, without them the automata: alike."""
    found = case.kept
    if not found.is_whole or len(found.successors) > case.states_max // 3:
        return
    options = ExploreOptions(
        Limits(states=10 * case.states_max), "keep", history=True, engine="plain"
    )
    last = _finished(explorer(case.scenario, options))
    length = None if last.violation is None else len(last.violation.choices)
    if last.stop in ("complete", "broken") and length != found.steps:
        yield f"another verdict: {last.violation}; the twin breaks {found.broken}"


def rounds(case: Case) -> Says:
    """`explore --faults K`, as the command line makes it."""
    found = case.kept if case.scenario.network == "unordered" else case.consumed
    if not found.is_whole:
        return
    most = case.scenario.faults_max
    if most is None:
        most = sum(b.per_run for kind, b in case.scenario.limits.items() if kind != "fire")
    all_rounds = FaultRounds(case.scenario, ExploreOptions(engine="plain"), faults_max=most)
    for _ in all_rounds.explore():
        pass
    last = all_rounds.last.explored
    if (last.violation is None) != (found.steps is None):
        yield f"rounds of faults: {last.violation}, the twin breaks {found.broken}"
    if last.violation is not None:
        yield from replays(case, last.violation.choices, last.violation.property)
    elif {g.goal for g in all_rounds.reached if g.is_met} != set(found.met):
        yield f"goals: other ones are met than {sorted(found.met)}"


def dpor(case: Case) -> Says:
    """One run of every class breaks what all runs break, and of ends nothing but what some end does."""
    found, ends = case.consumed, case.broken_ends
    reducer = Reducer(case.scenario, limits=Limits(states=case.states_max))
    last = _finished(reducer)
    if last.violation is not None:
        name = last.violation.property
        is_known = found.is_whole if name not in case.ends else ends is not None
        if is_known and name not in {*found.broken, *(ends or ())}:
            yield f"breaks what holds: {last.violation}"
        yield from replays(case, last.violation.choices, last.violation.property)
    elif last.stop == "complete" and not last.cut:
        missed = sorted(found.broken)
        if missed:
            yield f"holds: the twin breaks {missed}"


def endings(case: Case) -> Says:
    """What some end breaks is found, and nothing else."""
    expected = case.broken_ends
    if not case.ends or expected is None or reference.HANDLERS in case.consumed.broken:
        return
    limits = Limits(states=20 * case.states_max)
    searches = [explore_endings(case.scenario, limits)]
    for symmetry in {False, bool(case.scenario.symmetric)}:
        searches.append(columnar.explore_endings(case.scenario, limits, symmetry=symmetry))
    for found in searches:
        if found.violation is not None:
            if found.violation.property not in expected:
                yield f"breaks what holds: {found.violation}"
            yield from replays(case, found.violation.choices, found.violation.property)
        elif expected and found.stop == "complete":
            yield f"holds: the twin breaks {sorted(expected)}"
