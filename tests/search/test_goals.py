"""Goals: where something can first happen, by which run, and that it cannot happen at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.exploration.rounds import (
    EngineName,
    ExploreOptions,
    FaultRounds,
    explorer,
)
from counterpoint.model.scenario import Goal, Scenario, budgets
from counterpoint.model.search.exploration.goals import GoalReached, reached
from counterpoint.model.search.goals_asked import AskedGoal
from counterpoint.model.search.replay import enabled, run
from counterpoint.model.tracefile import read_trace
from counterpoint.model.world import World, begin
from tests.oracles import abd, cells, two_phase_commit
from tests.oracles.table import has_numpy
from tests.search.little import little

ENGINES: tuple[EngineName, ...] = ("plain", "numpy") if has_numpy() else ("plain",)


def found(scenario: Scenario, engine: EngineName, **how: object) -> tuple[GoalReached, ...]:
    exploration = explorer(scenario, ExploreOptions(engine=engine, **how))  # type: ignore[arg-type]
    for _ in exploration.explore():
        pass
    return reached(exploration)


def generated(seed: int) -> Scenario:
    """Return a little system in which nothing fails, with all goals."""
    return little(seed).replace(properties=(), invariants=(), goals=GOALS, faults_max=0)


def is_met(goal: Goal, world: World) -> bool:
    nodes = world.scenario.system.nodes
    states = {node: world.node_state(node).state for node in nodes}
    messages = [flight.content for flight in (*world.flights, *world.held)]
    return AskedGoal(goal).is_met(states, messages)


@cache  # both engines are asked
def stupid(seed: int) -> list[tuple[int | None, int | None]]:
    """Return (first, last) of each goal, from the reference world."""
    scenario = generated(seed)
    level, known = [begin(scenario).world], {begin(scenario).world.identity}
    met: list[list[int]] = [[] for _ in GOALS]
    steps = 0
    while level:
        for goal, at in zip(GOALS, met, strict=True):
            if any(is_met(goal, world) for world in level):
                at.append(steps)
        following = []
        for world in level:
            for action in enabled(world):
                after = action.apply(world).world
                if after.identity not in known:
                    known.add(after.identity)
                    following.append(after)
        level, steps = following, steps + 1
    return [(at[0], at[-1]) if at else (None, None) for at in met]


GOALS = (
    Goal("two under way", lambda _, messages: len(messages) >= 2),
    Goal("much is known", lambda states, _: len(set(map(str, states.values()))) >= 3),
    Goal("never", lambda *_: False),
    Goal("two know the same", lambda states: len(set(map(str, states.values()))) == 2),
)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(12))
def test_both_engines_find_what_the_reference_world_finds(seed: int, engine: EngineName) -> None:
    scenario = generated(seed)
    ours = found(scenario, engine, no_op="consume")
    assert [(r.first, r.last) for r in ours] == stupid(seed)
    for goal, result in zip(GOALS, ours, strict=True):
        if result.is_met:
            trace = run(scenario, result.choices)
            assert len(trace.choices) == result.first
            assert is_met(goal, trace.final)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_run_to_a_goal_ends_there_and_no_sooner(engine: EngineName) -> None:
    scenario = abd.system("3", "1", observer=True)
    [result] = found(scenario, engine, history=True)
    trace = run(scenario, result.choices)
    met = [is_met(scenario.goals[0], world) for world in trace.worlds]
    assert met == [False] * 11 + [True]


@pytest.mark.parametrize("engine", ENGINES)
def test_goals_are_found_up_to_names_under_symmetry(engine: EngineName) -> None:
    goal = Goal("all prepared", lambda states, _: len(states["tm"].prepared) == 3)
    scenario = two_phase_commit.system("3").replace(goals=(goal,))
    [with_it] = found(scenario, engine, symmetry=True)
    [without] = found(scenario, "plain")
    assert (with_it.first, with_it.last) == (without.first, without.last)
    assert is_met(goal, run(scenario, with_it.choices).final)


def test_a_goal_that_asks_for_no_messages_is_asked_once_of_all_states_that_nodes_share() -> None:
    asked: list[tuple[str, ...]] = []

    def note(states: Mapping[str, object]) -> bool:
        asked.append(tuple(map(str, states.values())))
        return False

    scenario = abd.system("3", "1", observer=True).replace(goals=(Goal("never", note),))
    [result] = found(scenario, "plain")
    assert not result.is_met
    assert len(asked) < 600 < 1_449


def test_a_goal_may_need_a_fault() -> None:
    nothing = Goal("nothing came", lambda states, rest: not rest and states["cell"] == 0)
    scenario = cells.senders("2").replace(goals=(nothing,), limits=budgets(drop=2))
    for faults, unreached in ((1, ["nothing came"]), (2, [])):
        rounds = FaultRounds(scenario, ExploreOptions(), faults_max=faults)
        for _ in rounds.explore():
            pass
        assert rounds.unreached == unreached
    assert rounds.reached[0].first == 2


def explored(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    target = "tests.oracles.abd:system"
    options = ["explore", target, "--out", str(tmp_path), "--history", *arguments]
    result = CliRunner().invoke(main, options)
    return result.exit_code, result.stdout


def test_the_command_tells_of_goals_and_keeps_the_run(tmp_path: Path) -> None:
    code, text = explored(tmp_path)
    assert code == 0
    assert "reached: value chosen · first after 11 steps, last after 23 steps" in text
    code, text = explored(tmp_path, "--json")
    [goal] = json.loads(text)["goals"]
    assert (goal["reached"], goal["first"], goal["last"]) == (True, 11, 23)
    assert len(read_trace(Path(goal["trace"])).steps) == 11


def test_what_was_not_reached_is_undecided_while_states_are_left(tmp_path: Path) -> None:
    code, text = explored(tmp_path, "--depth", "5")
    assert code == 3
    assert "not reached so far: value chosen" in text


UNREACHABLE = cells.senders("2").replace(
    goals=(Goal("ten", lambda states, _: 10 in states.values()),)
)


def test_a_goal_that_no_run_meets_is_a_broken_claim(tmp_path: Path) -> None:
    target = f"{__name__}:UNREACHABLE"
    result = CliRunner().invoke(main, ["explore", target, "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "never reached: ten" in result.stdout
    assert not list(tmp_path.iterdir())
