"""What a search saw, and what it never did although it could have."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import counterpoint as cp
from counterpoint.harness.cli import main
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.search.walks.case_coverage import CaseCoverage, HandlerCase, case_lines


@cp.value
class Ask:
    number: int


@cp.value
class Done:
    pass


def server(state: int, given: cp.Input) -> cp.Step[int] | None:
    match given:
        case cp.Receive(source, Ask(number)):
            return cp.Step(max(state, number), cp.Send(source, Done()), cp.SetTimer("idle"))
        case cp.Timeout("idle"):
            return cp.Step(0)
    return None


def client(state: str, given: cp.Input) -> cp.Step[str] | None:
    match given:
        case cp.Invoke(("ask", int(number))):
            return cp.Step("waits", cp.Send("server", Ask(number)), cp.SetTimer("again"))
        case cp.Receive(_, Done()) if state == "waits":
            return cp.Step("idle", cp.Return("done"), cp.CancelTimer("again"))
        case cp.Timeout("again"):
            return cp.Step(state, cp.Send("server", Ask(0)), cp.Send("server", "again"))
    return None


def asking(**changes: Any) -> cp.Scenario:
    scenario = cp.Scenario(
        "asking",
        cp.system(server=(server, 0), c1=(client, "idle"), c2=(client, "idle")),
        calls={"c1": [("ask", 1)], "c2": [("ask", 2)]},
        properties=[cp.answers()],
    )
    return scenario.replace(**changes)


def seen_in(scenario: cp.Scenario, *choices: object) -> CaseCoverage:
    """Return what one run covers."""
    run = Simulation(Compiled(scenario))
    for choice in choices:
        assert run.attempt(choice), choice  # type: ignore[arg-type]
    coverage = CaseCoverage()
    coverage.add(run)
    return coverage


def searched(scenario: cp.Scenario, runs: int = 200) -> Campaign:
    campaign = Campaign(scenario, seed=1)
    for _ in campaign.search(Budgets(runs)):
        pass
    return campaign


def test_what_was_sent_armed_or_asked_for_is_possible_and_what_came_of_it_was_taken() -> None:
    calls = [cp.Call("c1", ("ask", 1)), cp.Deliver("c1", "server", Ask(1))]
    coverage = seen_in(asking(), *calls)
    assert set(map(str, coverage.taken)) == {"client call ask", "server ← ask"}
    assert coverage.never == ("client ← done", "client timer again", "server timer idle")
    assert coverage.actions == {"call": 1, "deliver": 1}
    assert coverage.actions_never(asking()) == ("fire",)


def test_nodes_with_one_function_are_one_part() -> None:
    one = seen_in(asking(), cp.Call("c1", ("ask", 1)))
    other = seen_in(asking(), cp.Call("c2", ("ask", 2)))
    assert one.taken == other.taken == {HandlerCase("client", "call", "ask")}


def test_a_crash_makes_recovery_possible() -> None:
    scenario = asking(limits=cp.faults(crash=1), tolerates=cp.minority_of("server", "c1", "c2"))
    crashed = seen_in(scenario, cp.Crash("c1"))
    assert "client recover" in crashed.never
    assert crashed.actions_never(scenario) == ("call", "drop", "restart")
    both = seen_in(scenario, cp.Crash("c1"), cp.Restart("c1"))
    assert HandlerCase("client", "recover", "") in both.taken


def test_suspicions_are_cases_too() -> None:
    scenario = asking(limits=cp.faults(suspect=1), detector=cp.FailureDetector())
    coverage = seen_in(scenario, cp.Accuse("c1", "c2"))
    assert HandlerCase("client", "suspects", "") in coverage.taken
    assert "client trusts" in coverage.never


@pytest.mark.slow
def test_a_search_covers_what_the_sum_of_its_runs_covers() -> None:
    whole, parts = searched(asking(), 60).cases, CaseCoverage()
    for part in range(3):
        campaign = Campaign(asking(), seed=1, shard=(part, 3))
        for _ in campaign.search(Budgets(20)):
            pass
        parts.include(pickle.loads(pickle.dumps(campaign.cases)))
    assert (parts.taken, parts.possible) == (whole.taken, whole.possible)
    assert parts.actions == whole.actions


def test_what_is_never_taken_is_named_if_it_fits_into_a_line() -> None:
    deaf = seen_in(asking(), cp.Call("c1", ("ask", 1)))
    assert list(case_lines(deaf, asking())) == [
        "never taken: client timer again, server ← ask, deliver, fire"
    ]
    assert list(case_lines(deaf, asking(), most=40)) == [
        "never taken: 2 handler cases and 2 kinds of action (fuzz --json names them)"
    ]
    assert list(case_lines(CaseCoverage(), asking())) == []
    everything = searched(asking()).cases
    assert everything.never == ()
    assert list(case_lines(everything, asking())) == []


def test_where_nothing_could_happen_nothing_is_missed() -> None:
    quiet = searched(cp.Scenario("quiet", cp.system(a=(server, 0)), {}, [cp.answers()]), 5)
    assert quiet.cases.actions_never(quiet.scenario) == ()


@pytest.mark.slow
def test_fuzz_tells_what_it_saw_and_when_it_found_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["fuzz", "register", "--mutant", "B4", "--runs", "60", "--seed", "1", "--json"]
    told = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert told["coverage"]["actions"]["deliver"] > 1000
    assert "server recover" in told["coverage"]["cases"]
    assert told["coverage"]["cases_never"] == []
    assert 0 < told["failing_runs"] <= told["runs"]
    assert told["first_failing_run"] <= told["run"]
    assert 0 <= told["first_failing_seconds"] <= told["seconds"]
    text = CliRunner().invoke(main, arguments[:-1]).stdout
    summary = next(line for line in text.splitlines() if line.startswith("broken: "))
    assert (
        f"{told['failing_runs']} of them failing, run {told['first_failing_run']} first" in summary
    )
    assert "9 of 9 handler cases" in summary
