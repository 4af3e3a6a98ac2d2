"""Stepping: states at a step, conditions, edits, differences, each against the run itself."""

from __future__ import annotations

import pytest

from counterpoint.harness.analysis.stepping import (
    BadCondition,
    Edit,
    difference,
    edited,
    first_step,
    parse_edit,
    states_before,
)
from counterpoint.model.search.replay import judge, run_leniently
from counterpoint.model.values import show
from tests.support.abd import abd
from tests.support.gossip import gossip
from tests.support.runs import abd_failure, random_trace


def test_the_states_before_a_step_are_those_of_its_world() -> None:
    trace = abd_failure()
    for step, world in enumerate(trace.worlds):
        lines = list(states_before(trace, step))
        nodes = trace.scenario.system.nodes
        assert [line for line in lines if line[:2] in nodes and line[2] == " "] == [
            f"{n}  {show(world.node_state(n).state)}" for n in nodes
        ]
        kept = [core.durable for core in world.node_states if core.durable is not None]
        assert [line.split()[1] for line in lines if " durable " in line] == list(map(show, kept))
        assert len(lines) == len(nodes) + len(kept) + len(world.flights)


@pytest.mark.parametrize(
    ("condition", "step"),
    [
        ("r1.value == 1", 2),
        ("r1.value==0", -1),
        ("r2.value == 1", None),
        ("c2.phase == idle and r1.value > 0", 6),
        ("c2.request >= 2", 7),
        ("c2.heard == '{r1, r2}'", 6),
        ("c1.phase != idle", 1),
        ("c2.phase < 3", None),
    ],
)
def test_a_condition_is_true_first_at_its_step(condition: str, step: int | None) -> None:
    assert first_step(abd_failure(), condition) == step


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("", "is no condition"),
        ("r9.value == 1", "'r9' is no node of this system; nodes: c1, c2"),
        ("r1.colour == 1", "r1 never has a part 'colour'; parts: durable, value"),
        ("r1.value = 1", "is no condition"),
        ("__import__('os').system('x')", "is no condition"),
        ("r1.value == 1 and", "is no condition"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(condition: str, reason: str) -> None:
    with pytest.raises(BadCondition, match=reason.replace("(", r"\(")):
        first_step(abd_failure(), condition)


@pytest.mark.parametrize("step", range(12))
def test_skipping_a_choice_is_the_lenient_run_without_it(step: int) -> None:
    trace = abd_failure()
    rest = (*trace.choices[:step], *trace.choices[step + 1 :])
    expected = run_leniently(trace.scenario, rest)
    assert edited(trace, Edit(step, None)).choices == expected.choices


def test_a_choice_can_be_replaced_by_name() -> None:
    trace = abd_failure()
    changed = edited(trace, parse_edit("10=crash(r2)"))
    assert changed.choices[10].kind == "crash"
    assert not any(v.is_broken for v in judge(changed))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("11", "is no edit"),
        ("x=skip", "is no edit"),
        ("99=skip", "there is no step 99; the last is 11"),
        ("3=crash(c9)", "is not possible here"),
        ("3=deliver", "means several choices"),
    ],
)
def test_an_edit_that_means_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadCondition, match=reason):
        edited(abd_failure(), parse_edit(text))


def test_a_step_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadCondition, match="steps go from 0 to 12"):
        list(states_before(abd_failure(), 13))


@pytest.mark.parametrize("seed", range(6))
def test_equal_runs_have_no_difference_and_others_one_where_the_choices_part(seed: int) -> None:
    one, other = random_trace(abd(), seed), random_trace(abd(), seed + 100)
    assert difference(one, one).step is None
    pairs = zip(one.choices, other.choices, strict=False)
    parting = next(k for k, (a, b) in enumerate(pairs) if a != b)
    found = difference(one, other)
    assert found.step == parting
    assert found.one != found.other


def test_a_run_that_is_longer_differs_where_the_other_ends() -> None:
    trace = abd_failure()
    shorter = run_leniently(trace.scenario, trace.choices[:5])
    found = difference(trace, shorter)
    assert (found.step, found.other) == (5, "")
    assert [change.path for change in found.states] == ["heard"]


def test_runs_of_different_systems_are_refused() -> None:
    with pytest.raises(BadCondition, match="different nodes"):
        difference(abd_failure(), random_trace(gossip(), 1))
