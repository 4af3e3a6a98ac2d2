"""The fault-free re-run: equal for the right system whatever happened, different where it was wrong."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from counterpoint.harness.catalog import entry
from counterpoint.harness.cli import main
from counterpoint.harness.commands.fault_free import console_of
from counterpoint.harness.play.console import Console
from counterpoint.harness.play.fault_free import fault_free
from counterpoint.harness.starting.adder import SCENARIO as ADDER
from counterpoint.model.scenario import Budget, budgets
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import judge, run
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.tracefile import write_trace
from tests.support.nights import by_day
from tests.support.runs import random_trace

ROUGH = budgets(drop=8, duplicate=6, delay=6, omit=Budget(10), crash=10, transform=4, fire=30)


def console() -> Console:
    """Return the console of the token manager."""
    found = entry("token_manager").console
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("servers", ["3", pytest.param("5", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("count", by_day(10, 25))
def test_any_run_of_the_right_system_comes_to_what_its_calls_come_to(
    servers: str, count: int
) -> None:
    """Also when it is cut off in the middle, with calls and changes of role under way."""
    settings = {"servers": servers, "tokens": "4"}
    scenario = entry("token_manager").scenario(settings=settings).replace(limits=ROUGH)
    compiled, calls, crashes = Compiled(scenario), 0, 0
    for seed in range(count):
        choices = walk(compiled, Random(seed), "uniform").run.choices
        for length in (len(choices), len(choices) // 2):
            trace = run(scenario, choices[:length])
            found = fault_free(trace, console())
            assert found.is_equal, (seed, length, found.differences, found.refused)
            calls += len(found.calls)
            crashes += trace.final.conditions.count("crash")
    assert calls > 10 * count
    assert crashes > count // 5


def test_a_token_paid_twice_is_a_difference_that_can_be_read(tmp_path: Path) -> None:
    """With a quorum of one in three, c1 pays token 0 at s3 to c2, and again at s1 to c3."""
    script, out = tmp_path / "twice.script", tmp_path / "session.trace.jsonl"
    twice = ("pay 0 2", "s3"), ("pay 0 3", "s1")
    lines = ["delay hand"]
    for number, (call, server) in enumerate(twice):
        # eight messages in each payment: questions, one answer; orders, one confirmation
        first = 1 + 8 * number
        place = int(server[1]) - 1
        lines += [f"c1 {call}", f"deliver m{first + place}", f"deliver m{first + 3}"]
        lines += [f"deliver m{first + 4 + place}", f"deliver m{first + 7}", "= OK"]
    script.write_text("\n".join(lines))
    runner = CliRunner()
    options = ["--mutant", "A1", "--script", str(script), "--out", str(out)]
    played = runner.invoke(main, ["play", "token_manager", *options])
    assert played.exit_code == 1, played.output
    told = runner.invoke(main, ["replay", str(out), "--fault-free"])
    assert told.exit_code == 1, told.output
    assert "token 0: c2 and c3, version 2 in the run, c2, version 2 without" in told.output
    as_json = runner.invoke(main, ["replay", str(out), "--fault-free", "--json"])
    result = json.loads(as_json.stdout)
    assert as_json.exit_code == 1
    assert result["outcome"] == "different"
    assert len(result["differences"]) == 1


@pytest.mark.slow
def test_a_trace_of_a_search_can_be_run_without_faults(tmp_path: Path) -> None:
    runner = CliRunner()
    options = ["--mutant", "A5", "--json", "--out", str(tmp_path)]
    found = runner.invoke(main, ["fuzz", "token_manager", *options])
    told = runner.invoke(main, ["replay", json.loads(found.stdout)["trace"], "--fault-free"])
    assert told.output.startswith(("equal: ", "different: ")), told.output


OWN = ADDER.replace(origin={"system": f"{__name__}:OWN"})


def test_calls_of_a_system_of_ones_own_are_made_again(tmp_path: Path) -> None:
    trace, file = random_trace(OWN, 0), tmp_path / "own.trace.jsonl"
    write_trace(file, trace, judge(trace))
    told = CliRunner().invoke(main, ["replay", str(file), "--fault-free"])
    assert (told.exit_code, told.output) == (
        0, "equal: 3 calls again without faults, 3 parts of the outcome compared\n"
    )  # fmt: skip


def test_calls_that_programs_make_themselves_are_not_made_again() -> None:
    with pytest.raises(ValueError, match=r"OWN make their calls themselves.*--edit N=skip"):
        console_of(f"{__name__}:OWN", OWN.replace(calls={}))
