"""A bounded exploration around a run finds what a plain search through all smaller runs finds."""

from __future__ import annotations

from collections import Counter
from random import Random
from time import monotonic

import pytest

import counterpoint as cp
from counterpoint.model.search.around import ExploreAround, explored, step_word
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Minimised
from counterpoint.model.search.replay import enabled, record
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from counterpoint.model.world import Action

NAME = "few are told"


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
    compiled, examiner, choices = found(rounds(), 1)
    best = explored(compiled, examiner, Minimised(choices, 1, True), NAME)
    assert best is not None
    assert len(best.choices) == 4  # two rounds begin, and one follower is told of both
    assert explored(compiled, examiner, best, NAME) is None
    assert ExploreAround(compiled, examiner, choices, NAME).shortest(monotonic() + 60, 2) is None


def test_histories_are_not_explored_around() -> None:
    scenario = rounds().replace(invariants=(), properties=[cp.answers()])
    compiled = Compiled(scenario)
    minimised = Minimised((), 1, True)
    assert explored(compiled, Examiner(compiled), minimised, "liveness") is None
