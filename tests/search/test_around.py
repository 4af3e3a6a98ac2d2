"""A bounded exploration around a run finds what a plain search through all smaller runs finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from time import monotonic

import pytest

import counterpoint as cp
from counterpoint.model.actions import Settle
from counterpoint.model.search.around import ExploreAround, explored, step_word
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Minimised, Minimiser
from counterpoint.model.search.options import parts
from counterpoint.model.search.replay import enabled, judge, record
from counterpoint.model.search.settling import finish
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.world import Action
from tests.search.little import little

NAME = "few are told"

Found = tuple[Compiled, Examiner, tuple[Action, ...]]


@cp.value
class Round:
    number: int


@cp.value
class Leader:
    number: int = 0


@cp.value
class Follower:
    told: int = 0
    newest: int = 0


def leader(state: Leader, given: object) -> cp.Step[Leader]:
    match given:
        case cp.Invoke("begin"):
            number = state.number + 1
            messages = [cp.Send(name, Round(number)) for name in ("b", "c")]
            return cp.Step(Leader(number), [*messages, cp.Return("begun")])
    return cp.Step(state)


def follower(state: Follower, given: object) -> cp.Step[Follower]:
    match given:
        case cp.Receive(_, Round(number)) if number > state.newest:
            return cp.Step(Follower(state.told + 1, number))
    return cp.Step(state)


def rounds(told_max: int = 2) -> cp.Scenario:
    """Rounds count up, and a follower is told of a newer one too often."""
    return cp.Scenario(
        "rounds",
        cp.system(a=(leader, Leader()), b=(follower, Follower()), c=(follower, Follower())),
        calls={"a": ["begin"] * 4},
        properties=[],
        invariants=[
            cp.always(NAME, lambda states: max(states["b"].told, states["c"].told) < told_max)
        ],
        limits=cp.faults(duplicate=1),
        walk_steps=(10, 30),
    )


def found(scenario: cp.Scenario, seed: int) -> tuple[Compiled, Examiner, tuple[Action, ...]]:
    """Return a run that breaks the invariant, with all that it does besides."""
    compiled = Compiled(scenario)
    examiner = Examiner(compiled)
    for number in range(1_000):
        run = walk(compiled, Random(1_000 * seed + number), "uniform").run
        if run.violated == NAME:
            again = Simulation(compiled)
            for choice in run.choices:
                again.attempt(choice)
                if again.violated:
                    return compiled, examiner, tuple(again.choices)
    raise AssertionError("no run breaks it")


def shortest_by_all_runs(scenario: cp.Scenario, choices: tuple[Action, ...]) -> int | None:
    """The stupid twin: every run of the reference world, level by level, that does no more."""
    budget = Counter(map(step_word, choices))
    level: list[tuple[Action, ...]] = [()]
    for length in range(1, len(choices)):
        following: dict[str, tuple[Action, ...]] = {}
        for run in level:
            for choice in enabled(made(scenario, run).final):
                longer = (*run, choice)
                if Counter(map(step_word, longer)) <= budget:
                    world = made(scenario, longer).final
                    told = [
                        n.state.told for n in world.node_states if isinstance(n.state, Follower)
                    ]
                    if max(told) >= 2:
                        return length
                    following.setdefault(repr(world), longer)
        level = list(following.values())
    return None


def made(scenario: cp.Scenario, choices: tuple[Action, ...]) -> Trace:
    recorder = record(scenario)
    for choice in choices:
        recorder.take(choice)
    return recorder.trace()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_shortest_run_around_another_is_that_of_all_runs_that_do_no_more(seed: int) -> None:
    compiled, examiner, choices = found(rounds(), seed)
    shorter = ExploreAround(compiled, examiner, choices, NAME).shortest(monotonic() + 60)
    assert (shorter and len(shorter)) == shortest_by_all_runs(rounds(), choices)
    if shorter is not None:
        run = Simulation(compiled)
        assert all(map(run.attempt, shorter))
        assert run.violated == NAME
        assert Counter(map(step_word, shorter)) <= Counter(map(step_word, choices))


def test_around_a_shortest_run_there_is_none_and_the_bound_on_states_is_kept_to() -> None:
    compiled, examiner, best = found(rounds(), 1)
    for _ in range(len(best)):
        shorter = explored(compiled, examiner, Minimised(best, 1, True), NAME)
        best = best if shorter is None else shorter.choices
    assert len(best) == 4  # two rounds begin, and one follower is told of both
    assert explored(compiled, examiner, Minimised(best, 1, True), NAME) is None
    choices = found(rounds(), 1)[2]
    assert ExploreAround(compiled, examiner, choices, NAME).shortest(monotonic() + 60, 2) is None


def test_who_has_no_time_gets_nothing_from_around() -> None:
    """Whoever waits for a session to end is not kept for longer than was said."""
    compiled, examiner, choices = found(rounds(), 1)
    longest = Minimised(choices, 1, True)
    assert explored(compiled, examiner, longest, NAME) is not None
    assert explored(compiled, examiner, longest, NAME, seconds=0.0) is None


# Histories and ends.


def broken_little(scenario: cp.Scenario, name: str) -> Found:
    """Return a run of a generated system that breaks a property, up to where it is broken."""
    compiled = Compiled(scenario)
    examiner, minimiser = Examiner(compiled), Minimiser(compiled, Examiner(compiled))
    runs = (walk(compiled, Random(number), "uniform").run for number in range(200))
    broken = (tuple(run.choices) for run in runs if examiner.is_broken(run, name))
    choices = next(filter(None, (minimiser.broken(some, name) for some in broken)))
    return compiled, examiner, choices


def with_answers(seed: int) -> cp.Scenario:
    return little(seed).replace(properties=[cp.answers()], depends_on=lambda *_: ())


def shortest_judged(compiled: Compiled, choices: tuple[Action, ...], name: str) -> int | None:
    """The stupid twin: every run that does no more, in full, judged by the reference."""
    beginning, rest = parts(choices)
    is_of_ends, budget = len(beginning) < len(choices), Counter(map(step_word, beginning))
    level: list[tuple[Action, ...]] = [()]
    lengths = {len(choices)}
    for length in range(len(beginning) + 1):
        following: dict[str, tuple[Action, ...]] = {}
        for run in level:
            trace = made(compiled.scenario, run)
            lengths.update(ends(compiled, run, rest, name) if is_of_ends else ())
            lengths.update([length] if not is_of_ends and breaks(trace, name) else [])
            for choice in enabled(trace.final):
                longer = (*run, choice)
                if Counter(map(step_word, longer)) <= budget:
                    following.setdefault(told(made(compiled.scenario, longer)), longer)
        level = list(following.values())
    return min(lengths) if min(lengths) < len(choices) else None


def told(trace: Trace) -> str:
    """Return all that a verdict may depend on: the last world, and what came before it in its order."""
    events = [(e.kind, e.node, e.value, e.src) for e in trace.events if e.kind in PAST]
    return repr((trace.final, events))


PAST = ("invoke", "return", "note", "crash", "lose")


def breaks(trace: Trace, name: str) -> bool:
    return any(verdict.is_broken and verdict.property == name for verdict in judge(trace))


def ends(
    compiled: Compiled, run: tuple[Action, ...], rest: tuple[Action, ...], name: str
) -> Iterator[int]:
    """Yield the lengths of the ways in which a run may end that break the property."""
    for settle in Settle.options(made(compiled.scenario, run).final, None):
        end = Simulation(compiled)
        assert all(map(end.attempt, (*run, settle)))
        finish(end, timers=rest)
        if breaks(made(compiled.scenario, tuple(end.choices)), name):
            yield len(end.choices)


CASES = [
    *((little, "never bad", seed) for seed in (0, 12, 15, 17, 28, 29, 31, 32, 39)),
    *((with_answers, "liveness", seed) for seed in (1, 2, 5, 8, 10, 13, 22, 24, 28, 29, 35)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("make", "name", "seed"), CASES)
def test_histories_and_ends_are_explored_around_as_all_runs_that_do_no_more(
    make: Callable[[int], cp.Scenario], name: str, seed: int
) -> None:
    compiled, examiner, choices = broken_little(make(seed), name)
    shorter = ExploreAround(compiled, examiner, choices, name).shortest(monotonic() + 60)
    assert (shorter and len(shorter)) == shortest_judged(compiled, choices, name)
    if shorter is not None:
        assert examiner.is_broken(again(compiled, shorter), name)


def again(compiled: Compiled, choices: tuple[Action, ...]) -> Simulation:
    run = Simulation(compiled)
    assert all(map(run.attempt, choices))
    return run
