"""Workloads: calls that are drawn for each run anew, recorded, and made simpler."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import seed, settings
from hypothesis import strategies as st

import counterpoint as cp
from counterpoint.harness.exports.python import to_python
from counterpoint.model.search.drawing import RUNS_A_POOL, Drawing, drawn
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay_file import Diverged, replay
from counterpoint.model.search.stateful.bridge import default_settings
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.tracefile import read_trace, write_trace
from tests.report.test_export import run_test
from tests.search.copies import OPERATIONS, READ, lagging, writes_and_reads

STRATEGY = lagging(cp.workload(OPERATIONS, clients=3, calls=(2, 6)))
FUNCTION = lagging(cp.workload(writes_and_reads, clients=("c1", "c3"), calls=3))
BOTH = pytest.mark.parametrize("scenario", [STRATEGY, FUNCTION], ids=["strategy", "function"])


@pytest.mark.slow
@BOTH
def test_a_seed_and_a_number_give_the_same_calls_and_others_give_others(
    scenario: cp.Scenario,
) -> None:
    def calls(seed: int, *numbers: int) -> list[object]:
        drawing = Drawing(scenario, seed)
        return [drawing.scenario(number).fixed_calls for number in numbers]

    assert calls(1, 0, 1, RUNS_A_POOL) == calls(1, 0, 1, RUNS_A_POOL)
    assert calls(1, RUNS_A_POOL, 0)[::-1] == calls(1, 0, RUNS_A_POOL)
    assert len({repr(found) for found in calls(1, *range(20))}) > 15
    assert calls(1, 0) != calls(2, 0)


@pytest.mark.slow
def test_each_client_calls_as_often_as_was_said() -> None:
    runs = [Drawing(STRATEGY, 1).scenario(number).fixed_calls for number in range(40)]
    assert {len(asked) for calls in runs for asked in calls.values()} == {2, 3, 4, 5, 6}
    fixed = drawn(FUNCTION, 5).fixed_calls
    assert {client: len(asked) for client, asked in fixed.items()} == {"c1": 3, "c3": 3}


def test_each_client_may_have_operations_of_its_own() -> None:
    writes = st.tuples(st.just("write"), st.integers(1, 9))
    calls = drawn(lagging(cp.workload({"c1": writes, "c2": st.just(READ)}))).fixed_calls
    assert {operation[0] for operation in calls["c1"]} == {"write"}  # type: ignore[index]
    assert set(calls["c2"]) == {READ}


def test_fixed_calls_stay_as_they_are() -> None:
    scenario = lagging({"c1": [READ]})
    assert drawn(scenario, 7) is scenario


@pytest.mark.slow
def test_walks_draw_the_calls_of_each_run_and_a_failing_run_has_its_own() -> None:
    campaign = Campaign(STRATEGY, seed=1)
    list(campaign.search(Budgets(runs=300)))
    assert len({repr(finding.scenario.fixed_calls) for finding in campaign.findings}) > 1
    example = campaign.counterexample()
    assert example is not None
    assert example.verdict.property == "linearizability"


@pytest.mark.slow
@BOTH
def test_a_trace_has_its_calls_and_is_replayed_without_drawing(
    scenario: cp.Scenario, tmp_path: Path
) -> None:
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(scenario, runs=500, seed=3, examples=0)()
    trace = found.value.trace
    write_trace(tmp_path / "t", trace, found.value.verdicts)
    again = replay(read_trace(tmp_path / "t"), scenario)
    assert again.choices == trace.choices
    assert again.scenario.fixed_calls == trace.scenario.fixed_calls
    with pytest.raises(Diverged, match="no client 'c1'"):
        replay(read_trace(tmp_path / "t"), lagging(cp.workload(st.just(READ), clients=["copy"])))


@pytest.mark.slow
@pytest.mark.slow
def test_what_was_counted_outlives_the_tables_of_a_pool() -> None:
    calls = cp.workload(lambda _: [READ], clients=2, calls=1)
    campaign = Campaign(lagging(calls), seed=1)
    list(campaign.search(Budgets(runs=RUNS_A_POOL + 20)))
    assert campaign.progress.calls == {"read": 2 * (RUNS_A_POOL + 20)}
    assert campaign.judgements["linearizability"].held == RUNS_A_POOL + 20


def test_goals_that_were_met_are_not_looked_for_in_other_tables() -> None:
    met, unmet = cp.sometimes("met", lambda _: True), cp.sometimes("unmet", lambda _: False)
    scenario = lagging({"c1": [READ]}).replace(properties=[met, unmet])
    compiled = Compiled(scenario)
    compiled.goals.look_at(compiled.start_node_states, ())
    assert compiled.goals.among(Compiled(scenario).node_states).names == ["unmet"]


@pytest.mark.slow
def test_an_exported_test_asks_what_the_run_asked() -> None:
    with pytest.raises(cp.PropertyBroken) as found:
        cp.verify(FUNCTION, runs=500, seed=3, examples=0)()
    setup = "from tests.search.test_workload import FUNCTION"
    trace, verdicts = found.value.trace, found.value.verdicts
    source = to_python(trace, verdicts, scenario=(setup, "FUNCTION"))
    assert f"FUNCTION.replace(calls={dict(trace.scenario.fixed_calls)!r})" in source
    with pytest.raises(AssertionError):
        run_test(source)
    calls = {"c1": (READ,)}
    run_test(source.replace(f"{dict(trace.scenario.fixed_calls)!r}", repr(calls)))


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uniform", "hypothesis"])
def test_every_strategy_of_walks_draws_calls(strategy: str) -> None:
    campaign = Campaign(STRATEGY, seed=2, strategy=strategy)  # type: ignore[arg-type]
    list(campaign.search(Budgets(runs=200)))
    assert campaign.findings


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cp.workload(7, clients=3), "c1 asks for 7; give it a Hypothesis strategy"),
        (lambda: cp.workload(OPERATIONS), "clients is None; give names of nodes, or a number"),
        (lambda: cp.workload(OPERATIONS, clients=0), "clients is 0; give names"),
        (lambda: cp.workload(OPERATIONS, clients="c1"), "clients is 'c1'; give names"),
        (lambda: cp.workload({"c1": OPERATIONS}, clients=1), "leave `clients` out"),
        (lambda: cp.workload(OPERATIONS, clients=1, calls=(3, 2)), r"calls is \(3, 2\); they are"),
        (lambda: cp.workload(OPERATIONS, clients=1, calls=0), "calls is 0; they are a number"),
        (lambda: lagging(cp.workload(OPERATIONS, clients=4)), "gives calls to 'c4', which is no"),
        (
            lambda: drawn(lagging(cp.workload(st.lists(st.none()), clients=1))),
            "'lagging' gives c1 a call in which",
        ),
        (lambda: drawn(lagging(cp.workload(st.nothing(), clients=1))), "no operation can be drawn"),
        (lambda: drawn(lagging(cp.workload(len, clients=1))), "workload of c1 raised TypeError"),
        (lambda: drawn(lagging(cp.workload(id, clients=1))), "c1 returned .* it yields the oper"),
    ],
)
def test_what_is_no_workload_is_refused(make: object, words: str) -> None:
    with pytest.raises(cp.BadScenario, match=words):
        make()  # type: ignore[operator]


@pytest.mark.slow
def test_where_fixed_calls_are_needed_the_error_says_how_to_have_them() -> None:
    with pytest.raises(cp.BadScenario, match=r"counterpoint\.drawn\(scenario, seed=1\)"):
        cp.run(STRATEGY, ())
    assert cp.run(drawn(STRATEGY), ()).choices == ()


def test_a_function_of_a_workload_yields_in_its_order() -> None:
    def counting(_: object) -> object:
        return (("write", number) for number in range(9))

    calls = drawn(lagging(cp.workload(counting, clients=2, calls=4))).fixed_calls
    assert calls["c1"] == calls["c2"] == tuple(islice(counting(None), 4))  # type: ignore[call-overload]


@pytest.mark.slow
def test_the_state_machine_draws_calls_and_writes_them_down() -> None:
    chosen = settings(default_settings(STRATEGY), max_examples=500, database=None)
    case = seed(1)(cp.machine(STRATEGY, settings=chosen))
    with pytest.raises(cp.PropertyBroken) as found:
        case("runTest").runTest()
    (program,) = found.value.__notes__
    asked = found.value.trace.scenario.fixed_calls
    assert f"state.workload(calls={asked!r})" in program
    assert ".call(" in program
