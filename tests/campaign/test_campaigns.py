"""Campaigns: what is found is kept once, whatever ends them, and told as it is."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.harness.campaign import lead as leading
from counterpoint.harness.campaign.allocation import Allocation
from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.harness.campaign.estimates import coverage_growth, failing_share_max
from counterpoint.harness.campaign.for_people import to_html, to_markdown
from counterpoint.harness.campaign.for_tools import json_form, to_junit, to_sarif
from counterpoint.harness.campaign.kept_coverage import CURVE_POINTS
from counterpoint.harness.campaign.lead import MINIMISED_MAX, TRACES, CampaignLead
from counterpoint.harness.campaign.lead_lock import led_alone
from counterpoint.harness.campaign.merging import merge, runs_by_target
from counterpoint.harness.campaign.shape import contains, shape_of
from counterpoint.harness.campaign.store import (
    FILE,
    CampaignStore,
    KeptFinding,
    NoCampaign,
    NotKept,
)
from counterpoint.harness.campaign.summary import summary_of
from counterpoint.harness.campaign.swarm import Planned, nth, runs_of
from counterpoint.harness.campaign.targets import CampaignPlan, CampaignTarget, targets_of
from counterpoint.harness.campaign.team import Team
from counterpoint.harness.campaign.worker import Failed, Workbench
from counterpoint.harness.cli import main
from counterpoint.model.search.walks.block import RunBlock

ADDER = "counterpoint.harness.starting.adder:SUITE"
PROGRAM = "from counterpoint.harness.start import main; main()"
RIGHT, WRONG = CampaignTarget(ADDER), CampaignTarget(ADDER, mutant="hasty")


class Alone(Team):
    """A team of nobody: what is to be done is done here, up to so many answers."""

    def __init__(self, answers_max: int) -> None:
        self._bench = Workbench()
        self._left = answers_max

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        del seconds
        for index, one in enumerate(islice(given, self._left)):
            answer = self._bench.answer(one, lambda: False)
            assert not isinstance(answer, Failed), answer.text
            yield index, answer


@pytest.fixture(autouse=True)
def confirmed_here(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No process for each failure, but where a test is about that."""
    if "processes" not in request.keywords:
        monkeypatch.setattr(
            leading, "confirmed", lambda file: "reproduced" if file.exists() else ""
        )


def led(
    folder: Path,
    *targets: CampaignTarget,
    answers: int = 12,
    seed: int = 1,
    shard: tuple[int, int] = (0, 1),
) -> CampaignStore:
    store = CampaignStore(folder, is_new=True)
    lead = CampaignLead(store, CampaignPlan(targets, seed, shard))
    assert list(lead.run(Alone(answers), 1.0))
    return store


def findings(store: CampaignStore) -> list[KeptFinding]:
    return store.findings(store.meta("code") or "")


# ---- what is found ----


@pytest.mark.slow
def test_a_mistake_is_found_once_minimised_and_confirmed_and_nothing_in_what_is_right(
    tmp_path: Path,
) -> None:
    with led(tmp_path, RIGHT, WRONG, answers=45) as store:
        (failure,) = store.failures()
        assert (failure.target, failure.confirmed) == (WRONG.name, "reproduced")
        assert failure.steps < failure.steps_found
        found = findings(store)
        assert len(found) > failure.count > 1
        assert failure.count <= MINIMISED_MAX
        assert {finding.failure for finding in found} == {failure.id, None}
        summary = summary_of(store)
    assert (tmp_path / TRACES / failure.file).read_text() == failure.lines + "\n"
    assert [target.outcome for target in summary.targets] == ["holds", "broken"]
    assert summary.outcome == "broken"
    assert summary.targets[0].node_states > 0
    assert summary.targets[0].done.runs > 0


@pytest.mark.slow
def test_what_was_found_often_enough_gives_its_time_to_others(tmp_path: Path) -> None:
    with led(tmp_path, RIGHT, WRONG, answers=40) as store:
        right, wrong = store.targets()
    assert right.blocks > 4 * wrong.blocks


@pytest.mark.slow
def test_what_a_replay_does_not_reproduce_is_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "confirmed", lambda _: "different")
    with led(tmp_path, WRONG) as store:
        summary = summary_of(store)
    assert summary.outcome == "undecided"
    assert summary.failures == ()
    assert "not confirmed, traces/" in to_markdown(summary)


@pytest.mark.slow
def test_a_campaign_goes_on_and_makes_no_run_again(tmp_path: Path) -> None:
    led(tmp_path, RIGHT, answers=5).close()
    with led(tmp_path, RIGHT, answers=5) as store:
        (code,) = {row["code"] for row in store.rows("blocks")}
        assert store.numbers(code) == set(range(10))


@pytest.mark.slow
def test_what_nobody_has_minimised_is_minimised_by_the_next_and_known_failures_are_tried_again(
    tmp_path: Path,
) -> None:
    store = CampaignStore(tmp_path, is_new=True)
    first = CampaignLead(store, CampaignPlan((WRONG,), 1))
    steps = first.run(Alone(1), 1.0)
    next(steps)  # a block, and then it is killed
    assert findings(store)
    assert not store.failures()
    store.close()
    with led(tmp_path, WRONG, answers=3) as store:
        assert len(store.failures()) == 1
    with led(tmp_path, WRONG, answers=1) as store:
        (failure,) = store.failures()
        assert failure.now == "broken"


BUMPS = """
import counterpoint as cp

@cp.value
class Bump:
    pass

def server(state, given):
    match given:
        case cp.Receive(client, Bump()):
            return cp.Step(state + STEP, cp.Send(client, Bump()))

def client(state, given):
    match given:
        case cp.Invoke(_):
            return cp.Step(state, cp.Send("s", Bump()))
        case cp.Receive(_, Bump()):
            return cp.Step(state, cp.Return("done")) if state == 0 else cp.Step(state)

def below_seven(states):
    return f"{states['s']} is too much" if states["s"] >= 7 else None

SCENARIO = cp.Scenario(
    "bumps",
    cp.system(s=(server, 0), c=(client, 0)),
    calls={"c": ["bump"] * 3},
    invariants=[cp.Invariant("below seven", below_seven)],
)
"""


@pytest.mark.processes
@pytest.mark.slow
def test_what_is_fixed_is_no_failure_any_more_and_is_one_again_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[tuple[int, dict[str, Any]]] = []
    for step in (3, 1, 3):
        Path("bumps.py").write_text(f"STEP = {step}\n{BUMPS}")
        command = ("run", "bumps:SCENARIO") if not told else ("resume",)
        done = subprocess.run(
            [sys.executable, "-B", "-c", PROGRAM, "campaign", *command]
            + (["--out", "kept"] if not told else ["kept"])
            + ["--time", "0.1s", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        told.append((done.returncode, json.loads(done.stdout)))
    assert [code for code, _ in told] == [1, 0, 1]
    broken, fixed, back = (one for _, one in told)
    assert [len(one["failures"]) for one in (broken, fixed, back)] == [1, 0, 1]
    assert fixed["targets"][0]["fixed"] == [broken["failures"][0]["trace"].removeprefix("traces/")]
    assert back["failures"][0]["trace"] == broken["failures"][0]["trace"]


@pytest.mark.slow
def test_where_a_known_failure_is_still_there_turns_are_fewer(tmp_path: Path) -> None:
    with led(tmp_path, RIGHT, WRONG, answers=9) as store:
        assert store.failures()
        store._database.execute("UPDATE findings SET code = 'before'")
        before = {one.target: one.blocks for one in store.targets()}
        lead = CampaignLead(store, CampaignPlan((RIGHT, WRONG), 2))
        assert list(lead.run(Alone(9), 1.0))
        after = {one.target: one.blocks for one in store.targets()}
    assert after[RIGHT.name] - before[RIGHT.name] >= 7
    assert after[WRONG.name] - before[WRONG.name] == 1


def test_what_was_found_in_other_code_is_not_looked_for_in_this(tmp_path: Path) -> None:
    store = CampaignStore(tmp_path, is_new=True)
    lead = CampaignLead(store, CampaignPlan((WRONG,), 1))
    next(lead.run(Alone(1), 1.0))
    store._database.execute("UPDATE findings SET code = 'before'")
    store._database.execute("UPDATE blocks SET code = 'before'")
    store.close()
    with led(tmp_path, RIGHT, answers=2) as store:
        assert not store.failures()
        assert [target.unminimised for target in summary_of(store).targets] == [0, 0]


def test_more_of_a_shape_is_the_same_mistake_and_less_takes_its_place(tmp_path: Path) -> None:
    shapes = {"small": (("call add", 2),), "large": (("call add", 2), ("crash", 1))}
    runs = {
        name: MinimisedRun((name,), "x.jsonl", shape, name, 3, 9, 0)
        for name, shape in shapes.items()
    }
    other = replace(runs["small"], shape=(("deliver ask", 1),))
    with CampaignStore(tmp_path, is_new=True) as store:
        assert store.add_failure("t", "p", runs["large"], 0.0) == (1, True)
        assert store.add_failure("t", "p", runs["small"], 1.0) == (1, True)
        assert store.add_failure("t", "p", runs["large"], 2.0) == (1, False)
        assert store.add_failure("t", "p", other, 3.0) == (2, True)
        assert store.add_failure("t", "q", runs["small"], 4.0) == (3, True)
        assert store.failures()[0].lines == "small"


COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3))


@pytest.mark.slow
@given(COUNTS, COUNTS)
def test_shapes_contain_each_other_only_if_they_are_equal(
    one: dict[str, int], other: dict[str, int]
) -> None:
    """For all shapes: to contain is a partial order."""
    first, second = tuple(sorted(one.items())), tuple(sorted(other.items()))
    assert contains(first, first)
    assert (contains(first, second) and contains(second, first)) == (first == second)
    assert contains(first, second) == all(one.get(w, 0) >= n for w, n in other.items())


class Bounded(Team):
    """Workers that are given so many assignments, however long they take."""

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        del seconds
        return super().answers(islice(given, 12))


@pytest.mark.slow
def test_any_number_of_workers_keeps_the_same_of_the_same_assignments(tmp_path: Path) -> None:
    with led(tmp_path / "one", RIGHT, answers=12) as alone:
        expected = [without_time(row) for row in alone.rows("blocks")]
        seen = alone.coverage.of(RIGHT.name)
    with CampaignStore(tmp_path / "two", is_new=True) as store:
        lead = CampaignLead(store, CampaignPlan((RIGHT,), 1))
        with Bounded(2) as team:
            assert list(lead.run(team, 0.0))
        assert sorted(map(without_time, store.rows("blocks"))) == sorted(expected)
        assert store.coverage.of(RIGHT.name) == seen


def without_time(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in row.items() if name != "at"]


# ---- the plan ----


def test_shards_make_the_assignments_of_the_whole_between_them() -> None:
    plan = CampaignPlan((RIGHT, WRONG), 7)
    scenarios = tuple(target.build() for target in plan.targets)
    whole = taken(plan, 48)
    assert whole == [nth(plan, scenarios, number) for number in range(48)]
    shares = [taken(replace(plan, shard=(part, 3)), 16) for part in range(3)]
    assert sorted(one for share in shares for one in share) == whole
    for share in shares:
        assert {(one.target, one.number // 2 % 2) for one in share} == set(product((0, 1), (0, 1)))


def taken(plan: CampaignPlan, count: int, known: Collection[int] = ()) -> list[Planned]:
    """Return the first assignments of a plan's part, where nothing is found."""
    allocation = Allocation(plan, tuple(target.build() for target in plan.targets), known)
    return [allocation.next(lambda _: False) for _ in range(count)]


def test_assignments_get_longer_and_leave_no_run_out() -> None:
    numbers = [number for turn in range(40) for number in runs_of(turn)]
    assert numbers == list(range(len(numbers)))
    assert [len(runs_of(turn)) for turn in (0, 7, 8, 15, 16, 99)] == [32, 32, 64, 64, 128, 128]


def test_no_target_starves_and_where_something_was_found_turns_are_fewer() -> None:
    plan = CampaignPlan((RIGHT, WRONG, replace(RIGHT, property_name="sum")), 7)
    allocation = Allocation(plan, (RIGHT.build(), WRONG.build(), RIGHT.build()))
    turns = Counter(allocation.next({1}.__contains__).target for _ in range(170))
    assert turns == {0: 80, 1: 10, 2: 80}


def test_a_campaign_that_goes_on_gives_back_what_some_had_less_of() -> None:
    plan = CampaignPlan((RIGHT, WRONG), 7)
    turns = [one.number for one in taken(plan, 6, known=(0, 2, 6))]
    assert turns == [1, 3, 5, 4, 7, 8]


def test_plans_are_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(
        '[[target]]\nsystem = "register"\nscenarios = ["default", "crashes"]\nset = {reads = 3}\n'
        '[[target]]\nsystem = "register"\nmutant = "B1"\nproperty = "regular"\n'
        '[[target]]\nsystem = "register"\nmutants = ["B2", "B3"]\n'
    )
    targets = targets_of([str(path), "register:B1", "register", ADDER, f"{ADDER}:hasty"])
    assert [target.name for target in targets] == [
        "register default reads=3",
        "register crashes reads=3",
        "register:B1 regular",
        "register:B2",
        "register:B3",
        "register:B1",
        "register",
        ADDER,
        f"{ADDER}:hasty",
    ]
    plan = CampaignPlan(targets, 3, (1, 4))
    assert CampaignPlan.of_form(json.loads(json.dumps(plan.form()))) == plan


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("x = 1", "it must hold tables"),
        ("[[target]]\nsystem = 'register'\nspeed = 3", "a [[target]] has speed; it takes:"),
        ("[[target]]\nmutant = 'B1'", "a [[target]] has no system"),
        ("[[target]", "campaign.toml: "),
        (
            "[[target]]\nsystem = 'register'\nmutants = ['B1', 'B99']",
            "campaign.toml: 'B99' is no mutant of register",
        ),
        (
            "[[target]]\nsystem = 'register'\nproperty = 'nothing'",
            "campaign.toml: 'nothing' is no property of 'default'; there are: authorisation",
        ),
        ("[[target]]\nsystem = 'registre'", "campaign.toml: 'registre' is no system"),
        (
            "[[target]]\nsystem = 'register'\nset = {clients = 'many'}",
            "campaign.toml: ",
        ),
        ("target = ['register']", "campaign.toml: target has 'register'; it must be a table"),
        ("[[target]]\nsystem = 1", "campaign.toml: system of a [[target]] is 1; it must be a name"),
        (
            "[[target]]\nsystem = 'register'\nscenario = 'default'\nscenarios = ['crashes']",
            "campaign.toml: a [[target]] has both scenario and scenarios; it must have one",
        ),
    ],
)
def test_a_plan_that_is_none_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(content)
    result = CliRunner().invoke(main, ["campaign", "run", str(path), "--out", str(tmp_path / "o")])
    assert result.exit_code == 2
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("set", "4", "a table of texts, numbers, true or false, such as set = {clients = 3}"),
        ("set", '"a=1"', "a table of texts"),
        ("set", '["a=1"]', "a table of texts"),
        ("set", "{clients = [3]}", "a table of texts"),
        ("scenario", '["x"]', 'a name, such as scenario = "default"'),
        ("scenario", "{a = 1}", "a name"),
        ("scenario", '""', "a name"),
        ("scenarios", "5", 'a list of names, such as scenarios = ["default"]'),
        ("scenarios", '"default"', "a list of names"),
        ("scenarios", '[["a"]]', "a list of names"),
        ("scenarios", '[""]', "a list of names"),
        ("scenarios", "[]", "a list of names"),
        ("mutant", '["B1"]', 'a name, such as mutant = "B1"'),
        ("mutants", '"B1"', 'a list of names, such as mutants = ["B1"]'),
        ("property", "true", 'a name, such as property = "linearizability"'),
        ("property", '""', "a name"),
    ],
)
def test_a_value_of_a_plan_that_is_no_good_is_named_with_what_would_be(
    key: str, value: str, wanted: str, tmp_path: Path
) -> None:
    path = tmp_path / "campaign.toml"
    path.write_text(f"[[target]]\nsystem = 'register'\n{key} = {value}\n")
    result = CliRunner().invoke(main, ["campaign", "run", str(path), "--out", str(tmp_path / "o")])
    assert result.exit_code == 2
    assert f"{path}: {key} of a [[target]] is " in result.stderr
    assert f"; it must be {wanted}" in result.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "register", "--time", f"{10**22}h"), "it must be at most 3650d, ten years"),
        (("run", "register", "--time", "9" * 400), "it must be at most 3650d, ten years"),
        (("resume", "nowhere", "--time", "3651d"), "it must be at most 3650d, ten years"),
        (("run", "register", "--workers", "257"), "257 is not in the range 1<=x<=256"),
        (("run", "register", "--time", "soon"), "a time is 'soon'; it must be like 90s"),
        (("run", "registers"), "'registers' is no system"),
        (("run", "register:B99"), "'B99' is no mutant of register"),
        (("run", "register", "--shard", "3/2"), "--shard is '3/2'"),
        (("status", "nowhere"), "nowhere holds no campaign: there is no campaign.sqlite in it"),
        (("report", "nowhere"), "nowhere holds no campaign"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["campaign", *arguments])
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert not (tmp_path / "nowhere").exists()


# ---- what is said of it ----


@given(st.integers(1, 400))
def test_the_share_that_may_fail_is_that_which_would_have_shown(runs: int) -> None:
    """For all numbers of runs: with that share, so many runs all pass in five searches of a hundred."""
    assert abs((1 - failing_share_max(runs)) ** runs - 0.05) < 1e-9
    assert failing_share_max(0) == 1.0


@given(st.floats(0.1, 1.0), st.integers(50, 500))
def test_growth_by_a_power_is_foreseen(power: float, runs: int) -> None:
    """For all curves that grow by a power of the runs: what twice as many see is what was foretold."""
    curve = [(n, round(1e6 * n**power)) for n in (runs, 2 * runs)]
    growth = coverage_growth(curve)
    assert growth is not None
    expected = 1e6 * (4 * runs) ** power - curve[-1][1]
    assert abs(growth.more - expected) <= 1 + expected * 1e-3
    assert coverage_growth(curve[:1]) is None


@pytest.mark.slow
def test_reports_tell_of_what_was_found_and_nothing_in_them_acts(tmp_path: Path) -> None:
    with led(tmp_path, RIGHT, WRONG) as store:
        with store.transaction():
            store._database.execute("UPDATE failures SET summary = '<script>*x*</script> \x1b[31m'")
        summary = summary_of(store)
    (failure,) = summary.failures
    for text in (to_markdown(summary), to_html(summary)):
        assert "<script>" not in text
        assert "\x1b" not in text
        assert failure.file in text
    suite = ElementTree.fromstring(to_junit(summary).partition("?>")[2])
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (result,) = json.loads(to_sarif(summary))["runs"][0]["results"]
    assert result["ruleId"] == failure.property_name
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (tmp_path / uri).exists()
    told = json_form(summary)
    assert told["outcome"] == "broken"
    assert [one["trace"] for one in told["failures"]] == [uri]


def test_a_campaign_that_has_done_nothing_has_reports_that_say_so(tmp_path: Path) -> None:
    store = CampaignStore(tmp_path, is_new=True)
    assert not list(CampaignLead(store, CampaignPlan((RIGHT, WRONG), 1)).run(Alone(0), 1.0))
    summary = summary_of(store)
    store.close()
    assert summary.outcome == "undecided"
    assert "too little was done to say" in to_markdown(summary)
    assert to_html(summary).count("nothing yet") == 2
    suite = ElementTree.fromstring(to_junit(summary).partition("?>")[2])
    assert (suite.get("tests"), suite.get("skipped"), suite.get("failures")) == ("2", "2", "0")
    (run,) = json.loads(to_sarif(summary))["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert [one["runs"] for one in json_form(summary)["targets"]] == [0, 0]


# ---- several of them ----


@pytest.mark.slow
def test_merged_shards_are_the_whole_and_what_two_have_counts_once(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "whole", "all")]
    led(folders[0], RIGHT, answers=4, shard=(0, 2)).close()
    led(folders[1], RIGHT, answers=4, shard=(1, 2)).close()
    with led(folders[2], RIGHT, answers=8) as store:
        whole = summary_of(store)
    merge([folders[0], folders[1], folders[0]], folders[3])
    with CampaignStore(folders[3]) as store:
        merged = summary_of(store)
    assert merged.targets[0].done == whole.targets[0].done
    assert merged.targets[0].node_states == whole.targets[0].node_states
    assert merged.targets[0].transitions == whole.targets[0].transitions


@pytest.mark.slow
def test_the_curve_of_one_campaign_is_its_own_where_it_is_merged_alone(tmp_path: Path) -> None:
    with led(tmp_path / "one", RIGHT, answers=24) as store:
        curve = store.coverage.curve(RIGHT.name)
    merge([tmp_path / "one"], tmp_path / "all")
    merge([tmp_path / "all", tmp_path / "one"], tmp_path / "again")
    for name in ("all", "again"):
        with CampaignStore(tmp_path / name) as store:
            merged = store.coverage.curve(RIGHT.name)
        assert len(merged) == CURVE_POINTS
        assert merged[-1] == curve[-1]
        for runs, *seen in merged:
            assert seen == max([list(point[1:]) for point in curve if point[0] <= runs] or [[0, 0]])


@pytest.mark.slow
def test_the_curve_of_two_shards_is_that_of_both_side_by_side(tmp_path: Path) -> None:
    """What each of two shards had seen by its half, put together by hand, is the twin."""
    halves: set[tuple[str, int]] = set()
    for part in range(2):
        with led(tmp_path / str(part), RIGHT, answers=20, shard=(part, 2)) as store:
            shares = store.coverage.first_shares(runs_by_target(store))
            halves |= {(seen.what, seen.hash) for seen, share in shares.items() if share <= 0.5}
    merge([tmp_path / "0", tmp_path / "1"], tmp_path / "all")
    with CampaignStore(tmp_path / "all") as store:
        curve = store.coverage.curve(RIGHT.name)
        (summary,) = summary_of(store).targets
    assert [point[0] for point in curve] == sorted({point[0] for point in curve})
    runs, node_states, transitions = curve[CURVE_POINTS // 2 - 1]
    assert runs * 2 == curve[-1][0]
    assert node_states == sum(what == "node_states" for what, _ in halves) > 0
    assert transitions == sum(what == "transitions" for what, _ in halves)
    assert (summary.node_states, summary.transitions) == curve[-1][1:]
    assert summary.growth is not None


@pytest.mark.slow
def test_of_two_equal_failures_the_one_that_was_reproduced_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, outcome in (("one", "different"), ("two", "reproduced"), ("three", "different")):
        monkeypatch.setattr(leading, "confirmed", lambda _, told=outcome: told)
        led(tmp_path / name, WRONG, answers=3).close()
    merge([tmp_path / name for name in ("one", "two", "three")], tmp_path / "all")
    with CampaignStore(tmp_path / "all") as store:
        assert [failure.confirmed for failure in store.failures()] == ["reproduced"]


@pytest.mark.slow
def test_one_mistake_of_two_shards_is_one_failure(tmp_path: Path) -> None:
    for part in (1, 0):  # the second is merged into the first, which was found later
        led(tmp_path / str(part), WRONG, answers=9, shard=(part, 2)).close()
    merge([tmp_path / "0", tmp_path / "1"], tmp_path / "all")
    with CampaignStore(tmp_path / "all") as store:
        (failure,) = store.failures()
    counts, firsts = [], []
    for part in range(2):
        with CampaignStore(tmp_path / str(part)) as store:
            counts += [one.count for one in store.failures()]
            firsts += [one.first_seen for one in store.failures()]
    assert failure.count == sum(counts) > 1
    assert failure.first_seen == min(firsts)
    assert (tmp_path / "all" / TRACES / failure.file).exists()


# ---- what ends them ----


def test_a_transaction_is_whole_or_not_there(tmp_path: Path) -> None:
    def half_done(store: CampaignStore) -> None:
        with store.transaction():
            store.note("key", "value")
            raise ZeroDivisionError

    with CampaignStore(tmp_path, is_new=True) as store:
        with pytest.raises(ZeroDivisionError):
            half_done(store)
        assert store.meta("key") is None


def test_a_file_that_is_no_campaign_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("something else, and rather long at that " * 99)
    with pytest.raises(NoCampaign, match="is no campaign that could be used"):
        CampaignStore(tmp_path)


def begun(folder: Path, *more: str) -> subprocess.Popen[str]:
    what = ("campaign", "run", f"{ADDER}:hasty", ADDER, "--out", str(folder), "--time", "60s")
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *what, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def known(folder: Path) -> set[tuple[str, int]]:
    """Return the findings that are in the file of a campaign, as any other process sees them."""
    if not (folder / FILE).exists():
        return set()
    database = sqlite3.connect(folder / FILE, timeout=30)
    try:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return set(database.execute("SELECT search, run FROM findings"))
    except sqlite3.OperationalError as error:  # killed before there was a table
        if "no such table" not in str(error):
            raise
        return set()
    finally:
        database.close()


@pytest.mark.processes
@pytest.mark.parametrize(
    "kills",
    [pytest.param(1, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.nightly)],
)
def test_a_campaign_that_is_killed_again_and_again_loses_nothing(
    kills: int, tmp_path: Path
) -> None:
    chance = random.Random(kills)
    before: set[tuple[str, int]] = set()
    for _ in range(kills):
        with begun(tmp_path) as one:
            wanted = len(before) + chance.randrange(4)
            while len(seen := known(tmp_path)) <= wanted and one.poll() is None:
                time.sleep(chance.random() * 0.05)  # not for the result: to be gentle to the file
            one.kill()
        assert one.returncode == -signal.SIGKILL
        after = known(tmp_path)
        assert before <= seen <= after
        before = after
    result = CliRunner().invoke(
        main, ["campaign", "resume", str(tmp_path), "--time", "3s", "--json"]
    )
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [failure["target"] for failure in told["failures"]] == [f"{ADDER}:hasty"]
    assert before <= known(tmp_path)


@pytest.mark.processes
@pytest.mark.slow
def test_ctrl_c_ends_a_campaign_with_what_it_has_and_its_workers_with_it(tmp_path: Path) -> None:
    with begun(tmp_path, "--workers", "2", "--json") as one:
        while not known(tmp_path):
            assert one.poll() is None
            time.sleep(0.05)
        os.kill(one.pid, signal.SIGINT)
        told, errors = one.communicate(timeout=300)
    assert one.returncode == 130, errors
    assert json.loads(told)["interrupted"] is True
    assert "Traceback" not in errors


def test_a_campaign_of_another_version_is_refused_with_what_would_do(tmp_path: Path) -> None:
    with CampaignStore(tmp_path, is_new=True) as store:
        store._database.execute("PRAGMA user_version = 1")
    with pytest.raises(NoCampaign, match=r"is of version 1, and this one knows \d; take another"):
        CampaignStore(tmp_path)


def test_two_campaigns_are_not_led_in_one_folder_at_a_time(tmp_path: Path) -> None:
    asked = ["campaign", "run", ADDER, "--time", "0s", "--out", str(tmp_path)]
    led(tmp_path, RIGHT, answers=2).close()
    with led_alone(tmp_path):
        refused = CliRunner().invoke(main, asked)
        merging = CliRunner().invoke(
            main, ["campaign", "merge", str(tmp_path), "--out", str(tmp_path)]
        )
        told = CliRunner().invoke(main, ["campaign", "status", str(tmp_path)])
    for one in (refused, merging):
        assert one.exit_code == 2
        assert f"a campaign is being led in {tmp_path} already" in one.stderr
    assert told.exit_code == 0
    with led_alone(tmp_path):  # it ends with whoever had it
        pass


@pytest.mark.slow
def test_a_folder_tells_of_all_targets_that_were_searched_in_it(tmp_path: Path) -> None:
    led(tmp_path, RIGHT, answers=2).close()
    with led(tmp_path, WRONG, answers=2) as store:
        names = [target.done.target for target in summary_of(store).targets]
    assert names == [RIGHT.name, WRONG.name]


@pytest.mark.slow
def test_a_full_disk_ends_a_campaign_that_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with led(tmp_path, WRONG, answers=3) as store:
        before = store.targets()
        pages = store._one("PRAGMA page_count")[0]
        store._database.execute(f"PRAGMA max_page_count = {pages}")
        lead = CampaignLead(store, CampaignPlan((WRONG,), 1))
        with pytest.raises(NotKept, match="database or disk is full"):
            list(lead.run(Alone(400), 1.0))
        assert store.targets()[0].blocks >= before[0].blocks
        store._database.execute("PRAGMA max_page_count = 99999")

    def full(*_: object, **__: object) -> None:
        raise NotKept("campaign.sqlite: database or disk is full")

    monkeypatch.setattr(CampaignStore, "add_block", full)
    asked = ["campaign", "resume", str(tmp_path), "--time", "0s", "--json"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 4
    assert "what came before is kept, and campaign resume goes on" in result.stderr
    assert json.loads(result.stdout)["not_kept"].startswith("campaign.sqlite: database or disk")


@pytest.mark.slow
def test_why_a_failure_is_not_confirmed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "confirmed", lambda _: "error: it lies <elsewhere>")
    with led(tmp_path, WRONG) as store:
        summary = summary_of(store)
    result = CliRunner().invoke(main, ["campaign", "status", str(tmp_path)])
    assert result.exit_code == 3
    assert "not confirmed, traces/1-" in result.stdout
    assert "error: it lies <elsewhere>" in result.stdout
    assert "it lies &lt;elsewhere&gt;</li>" in to_html(summary)


@pytest.mark.slow
def test_shapes_are_of_kinds_and_words(tmp_path: Path) -> None:
    with led(tmp_path, WRONG) as store:
        (failure,) = store.failures()
    words = [word for word, _ in failure.shape]
    assert words == sorted(words)
    assert "call add" in words
    assert shape_of(()) == ()
