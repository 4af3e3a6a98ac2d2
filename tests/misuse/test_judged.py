# ruff: noqa: ARG001, ARG005 - what is wrong on purpose takes what it is given
"""A search says what it has judged, and one that has judged nothing, or not all, is undecided."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from counterpoint.harness.plugin.effort import SearchEffort
from counterpoint.harness.plugin.verification import Verification
from counterpoint.harness.testing import machine, verify
from counterpoint.model.mistakes import BadScenario
from counterpoint.model.scenario import Goal, Invariant, Property, Scenario, budgets
from counterpoint.model.search.failure import ExaminedNothing
from counterpoint.model.search.judgements import Judged
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.verdict import holds, undecided
from tests.misuse.systems import ANSWERED, Echo, asking


def never_judged(trace: Any) -> Any:
    return undecided("never", "out of time: 3 s")


NEVER = Property("never", never_judged)
NOTHING = Property("nothing", lambda trace: holds("nothing", examined=0))


def nothing() -> Scenario:
    return asking(Echo(), properties=())


def never() -> Scenario:
    return asking(Echo(), properties=(ANSWERED, NEVER))


def emptily() -> Scenario:
    return asking(Echo(), properties=(NOTHING,))


def of_goals() -> Scenario:
    goal = Goal("an answer", lambda states, messages: states["s"] == 1)
    return asking(Echo(), properties=(), goals=(goal,))


def of_states() -> Scenario:
    return asking(Echo(), properties=(), invariants=(Invariant("few", lambda states: None),))


def right() -> Scenario:
    return asking(Echo())


def of_ends() -> Scenario:
    return asking(Echo(), properties=(Property("rest", lambda trace: True, reads="end"),))


def careful() -> Scenario:
    return asking(Echo(), limits=budgets(crash=3, cut=1, reorder=1))


HERE = __name__

UNDECIDED = [
    ("nothing", "nothing was asked: the scenario has no property and no invariant"),
    ("never", "never was decided in none of {} {}: out of time"),
    ("emptily", "nothing was decided in none of {} {}: nothing was examined"),
]


def command(*words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(main, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize(("name", "reason"), UNDECIDED)
def test_fuzz_is_undecided_and_says_why(name: str, reason: str) -> None:
    code, result = command("fuzz", f"{HERE}:{name}", "--runs", "20")
    assert (code, result["outcome"]) == (3, "undecided")
    assert result["reason"] == reason.format(20, "runs")


@pytest.mark.parametrize("engine", ["plain", "numpy"])
@pytest.mark.parametrize(("name", "reason"), UNDECIDED)
def test_explore_is_undecided_and_says_why(name: str, reason: str, engine: str) -> None:
    code, result = command("explore", f"{HERE}:{name}", "--engine", engine)
    assert (code, result["outcome"], result["stopped"]) == (3, "undecided", "complete")
    words = reason.split("{}")
    assert result["reason"].startswith(words[0])
    assert result["reason"].endswith(words[-1].removeprefix(" "))


@pytest.mark.parametrize("name", [name for name, _ in UNDECIDED])
def test_a_reduced_exploration_is_undecided(name: str) -> None:
    code, result = command("explore", f"{HERE}:{name}", "--reduction", "dpor")
    assert (code, result["outcome"]) == (3, "undecided")


@pytest.mark.parametrize(("name", "reason"), UNDECIDED)
def test_a_test_of_it_fails_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ExaminedNothing) as error:
        verify(globals()[name](), runs=20, examples=0)()
    assert reason.format(20, "runs") in str(error.value)


@pytest.mark.slow
def test_the_machine_fails_with_the_reason() -> None:
    with pytest.raises(ExaminedNothing, match="never was decided in none of"):
        machine(never())("runTest").runTest()


@pytest.mark.parametrize("name", ["of_states", "right"])
@pytest.mark.parametrize("how", [("fuzz", "--runs", "20"), ("explore",)])
def test_what_is_decided_holds(name: str, how: tuple[str, ...]) -> None:
    code, result = command(how[0], f"{HERE}:{name}", *how[1:])
    assert (code, result["outcome"]) == (0, "holds")
    assert all(judged["held"] for judged in result["judged"].values())


def test_a_goal_is_something_to_explore_for_and_that_walks_must_come_to() -> None:
    for how in (("explore",), ("fuzz", "--runs", "5")):
        code, result = command(how[0], f"{HERE}:of_goals", *how[1:])
        assert (code, result["outcome"]) == (0, "holds")


def of_a_misspelt_goal() -> Scenario:
    goal = Goal("an answer", lambda states, messages: states["server"] == 1)
    return asking(Echo(), properties=(), goals=(goal,))


@pytest.mark.parametrize("engine", ["plain", "numpy"])
def test_a_goal_that_raises_is_refused_by_its_name(engine: str) -> None:
    code, result = command("explore", f"{HERE}:of_a_misspelt_goal", "--engine", engine)
    assert code == 2
    assert "goal 'an answer' raised KeyError: 'server' (test_judged.py:" in result["error"]


def test_an_exploration_that_could_judge_nothing_says_what_it_left_out() -> None:
    code, result = command("explore", f"{HERE}:of_ends")
    assert code == 3
    assert result["reason"] == "nothing was judged; not explored: rest"


def test_verdicts_are_counted_by_property_in_the_text_and_in_json() -> None:
    done = CliRunner().invoke(main, ["fuzz", f"{HERE}:never", "--runs", "20"])
    assert "  answered: 20 held\n  never: 0 held, 20 undecided (out of time)\n" in done.stdout
    assert command("fuzz", f"{HERE}:never", "--runs", "20")[1]["judged"]["never"] == {
        "held": 0,
        "broken": 0,
        "undecided": 20,
        "reasons": {"out of time": 20},
    }


def test_a_broken_run_counts_for_what_it_breaks() -> None:
    broken = Property("p", lambda trace: False)
    campaign = Campaign(asking(Echo(), properties=(ANSWERED, broken)))
    for _ in campaign.search(Budgets(runs=7)):
        pass
    assert campaign.judgements == {"answered": Judged(held=7), "p": Judged(broken=7)}


def test_a_test_tells_what_it_judged_by_walks_and_machine() -> None:
    searched = Verification(right(), SearchEffort(runs=30, examples=5)).check()
    assert searched.judged["answered"].held + searched.judged["answered"].undecided_count >= 35


# ---- faults that are not possible ----------------------------------------------------------------


def test_a_budget_that_can_never_be_used_is_warned_of() -> None:
    _, result = command("fuzz", f"{HERE}:careful", "--runs", "50")
    assert result["warnings"] == [
        "no crash was possible in any run: Scenario.tolerates lets no node fail, as it does unless it "
        "is told otherwise",
        "no cut was possible in any run: Scenario.partitions names no nodes to cut off",
        "no reorder was possible in any run: on an unordered network a message overtakes others for "
        "free",
    ]
    shown = CliRunner().invoke(main, ["fuzz", f"{HERE}:careful", "--runs", "50"]).stdout
    assert "warning: no crash was possible in any run" in shown


# ---- what is asked for nothing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: verify(right(), runs=0), "was asked for 0 runs, which judge nothing"),
        (lambda: verify(right(), seconds=0), "was asked for 0 seconds of runs"),
        (lambda: verify(right(), examples=-1), "was asked for -1 examples"),
        (
            lambda: verify(right),  # type: ignore[arg-type]
            "it is no decorator, and takes a scenario: test_right = ",
        ),
        (lambda: verify(Echo()), "verify was given Echo("),  # type: ignore[arg-type]
        (lambda: machine(right), "machine was given the function right"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_test_is_refused(ask: Any, words: str) -> None:
    with pytest.raises(BadScenario) as refused:
        ask()
    assert words in str(refused.value)


def test_bad_input_deep_in_a_search_ends_a_command_in_one_line() -> None:
    for how in (["fuzz", "--runs", "5"], ["explore"], ["explore", "--reduction", "dpor"]):
        done = CliRunner().invoke(main, [how[0], f"{HERE}:misjudging", *how[1:]])
        assert done.exit_code == 2
        assert "counterpoint: property 'p' returned 1 (test_judged.py:" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        code, result = command(how[0], f"{HERE}:misjudging", *how[1:])
        assert (code, result["outcome"]) == (2, "error")


def misjudging() -> Scenario:
    return asking(Echo(), properties=(Property("p", lambda trace: 1),))  # type: ignore[arg-type,return-value]
