"""Analyses by re-running: every claim is checked once more on the reference machine."""

from __future__ import annotations

from random import Random

import pytest

from counterpoint.harness.analysis.analyses import Analyses, analyse
from counterpoint.harness.analysis.rerun import Runner, fork, property_behind
from counterpoint.harness.analysis.variants import is_default, overtaken, variants
from counterpoint.harness.explanation.explanation import TraceExplanation
from counterpoint.harness.explanation.trail import holds_value, trail_of
from counterpoint.harness.report.causal_slice import culprit_events, past_steps, rests_on, support
from counterpoint.harness.report.terminal import LINES_MAX, report
from counterpoint.model.search.replay import judge, run
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, broken
from tests.report.test_report import GOLDEN, abd_verdict
from tests.support.golden import assert_golden
from tests.support.runs import abd_as_found, abd_failure, abd_without_faults, gossip_failure

UNHURRIED = 1_000.0
"""A budget that is never spent, so that results do not depend on the machine."""


def failures() -> list[Trace]:
    """Failing runs with and without faults, minimised and as found."""
    return [abd_failure(), abd_as_found(), abd_without_faults(), gossip_failure()]


def verdict_of(trace: Trace) -> Verdict:
    """Return the verdict that the scenario itself gives."""
    return next(v for v in judge(trace) if v.is_broken)


def analysed(trace: Trace, samples: int = 20) -> Analyses:
    """Return all analyses, whatever time they take."""
    return analyse(trace, verdict_of(trace), seconds=UNHURRIED, samples_max=samples)


@pytest.mark.parametrize("trace", failures())
def test_every_changed_run_is_judged_as_the_reference_judges_it(trace: Trace) -> None:
    """For all variants of all choices: the fast run is legal, and breaks what the reference says."""
    verdict = verdict_of(trace)
    runner = Runner(trace, verdict)
    outcomes = set()
    for step in range(len(trace.choices)):
        for variant in variants(trace, step):
            rerun = runner.again(variant.of(trace.choices))
            again = judge(run(trace.scenario, rerun.choices))
            names = {v.property for v in again if v.is_broken}
            assert rerun.is_broken == (verdict.property in names)
            outcomes.add(rerun.is_broken)
    assert outcomes == {True, False}


@pytest.mark.parametrize("trace", failures())
def test_needs_count_the_passing_variants_of_choices_that_are_not_default(trace: Trace) -> None:
    found = analysed(trace)
    runner = Runner(trace, verdict_of(trace))
    steps = [step for step in range(len(trace.choices)) if not is_default(trace, step)]
    assert [need.step for need in found.needs] == steps
    for need in found.needs:
        runs = [runner.again(v.of(trace.choices)) for v in variants(trace, need.step)]
        assert need.tried == len(runs)
        assert need.passed == sum(not r.is_broken for r in runs)
        assert (need.mark == "◆") == all(not r.is_broken for r in runs)
    assert any(need.mark == "◆" for need in found.needs)


@pytest.mark.parametrize("trace", failures())
def test_the_nearest_passing_run_passes_and_differs_where_it_says(trace: Trace) -> None:
    nearest = analysed(trace).nearest
    assert nearest is not None
    assert not any(
        v.property == verdict_of(trace).property and v.is_broken for v in judge(nearest.trace)
    )
    k = nearest.first_difference
    assert nearest.trace.choices[:k] == trace.choices[:k]
    assert nearest.trace.choices[k : k + 1] != trace.choices[k : k + 1]


@pytest.mark.slow
@pytest.mark.parametrize("trace", failures())
def test_chances_end_in_certainty_and_one_sample_is_one_run(trace: Trace) -> None:
    found = analysed(trace)
    assert len(found.chances) == len(trace.choices) + 1
    assert found.samples == 20
    assert found.chances[-1] == 1.0
    assert found.chances[0] < 1.0
    assert all((20 * chance).is_integer() for chance in found.chances)


def test_a_continuation_leaves_its_start_alone() -> None:
    trace = abd_failure()
    runner = Runner(trace, verdict_of(trace))
    for prefix in runner.prefixes(trace.choices):
        before = (fork(prefix).identity(), list(prefix.choices), list(prefix.seen))
        runner.fails_from(prefix, Random(1))
        assert (prefix.identity(), prefix.choices, prefix.seen) == before


def test_overtaken_messages_were_sent_earlier_and_could_have_arrived() -> None:
    trace = abd_failure()
    story = TraceExplanation(trace)
    passed = {step: [f.id for f in overtaken(trace, step)] for step in range(len(trace.choices))}
    assert {step: ids for step, ids in passed.items() if ids} == {
        2: [1],
        5: [8],
        8: [3, 6],
        10: [5],
    }
    for step, ids in passed.items():
        assert all(story.letters[m].sent_step < step for m in ids)


def test_without_time_the_analyses_say_what_is_missing() -> None:
    trace = abd_failure()
    found = analyse(trace, verdict_of(trace), seconds=0.0)
    assert found.needs == ()
    assert found.chances == ()
    assert "needed choices" in found.unfinished
    assert "out of time" in report(trace, judge(trace), analyses=found)


@pytest.mark.slow
def test_faults_are_needed_or_not() -> None:
    assert "without its faults passes" in analysed(gossip_failure()).fault_free
    assert "has no faults" in analysed(abd_failure()).fault_free


def test_the_answer_rests_on_the_steps_of_its_call() -> None:
    story = TraceExplanation(abd_failure())
    deciding = culprit_events(story, abd_verdict())[-1]
    assert deciding.operation == "o3"
    assert support(story, deciding) == {7, 8, 9, 10, 11}
    assert support(story, deciding) <= past_steps(story, deciding)


def test_the_trail_of_a_value_tells_who_held_it_and_who_never_did() -> None:
    story = TraceExplanation(abd_failure())
    trail = trail_of(story, abd_verdict(), ("value", 1))
    assert trail is not None
    assert trail.holders == (("c1", 1), ("r1", 2), ("c2", 6))
    assert trail.never == ("r2", "r3")
    for node, step in trail.holders:
        worlds = story.trace.worlds
        assert holds_value(worlds[step + 1].node_state(node).state, "value", 1)
        assert not any(
            holds_value(w.node_state(node).state, "value", 1) for w in worlds[: step + 1]
        )


def test_a_value_that_may_be_equal_by_chance_has_no_trail_of_its_own() -> None:
    story = TraceExplanation(abd_failure())
    assert trail_of(story, abd_verdict()) is None
    assert trail_of(story, abd_verdict(), ("value", 77)) is None


def test_a_verdict_of_another_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="no property of this scenario is 'conservation'"):
        property_behind(abd_failure(), broken("conservation", "gone", examined=1))


def test_the_report_with_analyses_is_the_approved_one() -> None:
    trace = abd_failure()
    verdict = verdict_of(trace)
    found = analyse(trace, verdict, seconds=UNHURRIED, trail=("value", 1))
    text = report(trace, (verdict,), analyses=found, replay_command="counterpoint replay abd.jsonl")
    assert len(text.splitlines()) <= LINES_MAX
    assert_golden(GOLDEN / "abd-analyses.txt", text)


def test_an_open_call_rests_on_what_it_set_off() -> None:
    story = TraceExplanation(abd_failure())
    call = next(e for e in story.trace.events if e.kind == "invoke" and e.operation == "o2")
    assert rests_on(story, call) == {1, 2, 3, 6, 7, 8, 9, 10, 11}
    answer = culprit_events(story, abd_verdict())[-1]
    assert rests_on(story, answer) == support(story, answer)


def test_a_failure_that_nothing_avoids_is_said_to_be_there_from_the_start() -> None:
    trace = abd_failure()
    found = Analyses(chances=(1.0,) * 13, samples=50)
    assert "from the start: every continuation fails" in report(trace, judge(trace), analyses=found)
