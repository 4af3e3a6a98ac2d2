"""Profiles and budgets: what failed comes first, what was searched is left out, time is kept to."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from time import monotonic

import hypothesis
import pytest
from hypothesis import strategies as st

from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.harness.plugin.budget import SessionBudget
from counterpoint.harness.plugin.searched_runs import FILE, LINES_MAX, SearchedRuns
from counterpoint.harness.starting.adder import HASTY, SCENARIO
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.stateful.bench import Bench
from counterpoint.model.search.stateful.bridge import check
from counterpoint.model.search.stateful.machine import state_machine_for
from tests.plugin.conftest import Pytest

pytest_plugins = ("pytester",)

CI = ("--counterpoint-profile", "ci", "--counterpoint-examples", "0")
RIGHT = """
    import counterpoint
    from abd import abd

    test_register = counterpoint.verify(abd(), runs=40)
"""


def searched(folder: Path) -> list[int]:
    lines = (folder / ".counterpoint" / FILE).read_text().splitlines()
    return [json.loads(line)["next"] for line in lines]


@pytest.mark.slow
def test_runs_that_the_same_code_has_passed_are_not_made_again(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=RIGHT)
    for _ in range(2):
        run(*CI).assert_outcomes(passed=1)
    assert searched(repository.path) == [40, 80]
    protocol = repository.path / "abd.py"
    protocol.write_text(protocol.read_text() + "\n# another protocol\n")
    result = run(*CI)
    assert searched(repository.path) == [40, 80, 40]
    result.stdout.fnmatch_lines(
        ["*::test_register: 40 runs in 1 part, * steps/s each, * node states, * transitions"]
    )


@pytest.mark.slow
def test_what_failed_in_an_earlier_session_fails_first_and_at_once(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd, hasty

        test_right = counterpoint.verify(abd(), runs=1)
        test_wrong = counterpoint.verify(hasty(), runs=2_000, seed=7)
        """
    )
    run(*CI, "-k", "wrong").assert_outcomes(failed=1)
    mine = repository.path / "test_mine.py"
    mine.write_text(mine.read_text().replace("runs=2_000, seed=7", "runs=1, seed=8"))
    again = run(*CI, "-v")
    again.assert_outcomes(passed=1, failed=1)
    again.stdout.fnmatch_lines(["*test_wrong FAILED*", "*test_right PASSED*"])
    mine.write_text(mine.read_text().replace("hasty()", "abd()"))
    run(*CI).assert_outcomes(passed=2)


@pytest.mark.slow
def test_the_shards_of_a_test_go_to_several_workers_where_files_do_not(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(
        test_mine="""
        import counterpoint
        from abd import abd

        test_register = counterpoint.verify(abd(), runs=40)

        def test_where(worker_id): print("plain on", worker_id)
        def test_there(worker_id): print("plain on", worker_id)
        """
    )
    result = run("-n", "2", "--dist", "loadfile", "-rA", "-v", *CI, apart=True)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*test_register: 40 runs in 2 parts, *"])
    text = result.stdout.str()
    shards = {
        line.split()[0] for line in text.splitlines() if line.startswith("[gw") and "shard" in line
    }
    assert {"[gw0]", "[gw1]"} == shards
    assert len({line for line in text.splitlines() if line.startswith("plain on")}) == 1


@pytest.mark.slow
def test_a_budget_ends_searches_that_have_no_other_end(
    repository: pytest.Pytester, run: Pytest
) -> None:
    repository.makepyfile(test_mine=RIGHT.replace("runs=40", "seconds=100_000"))
    endless = run("--counterpoint-budget", "2s", "--counterpoint-examples", "100000000")
    endless.assert_outcomes(passed=1)
    spent = run("--counterpoint-budget", "0.001", "-rs")
    spent.assert_outcomes(skipped=1)
    spent.stdout.fnmatch_lines(["SKIPPED*the session's 0.001 s are over*"])


def test_a_profile_that_there_is_not_is_refused(run: Pytest) -> None:
    result = run("--counterpoint-profile", "weekly")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*is 'weekly'; it must be one of: ci, nightly"])


@hypothesis.given(
    st.integers(1, 9), st.integers(1, 4), st.lists(st.floats(0, 1.1), min_size=9, max_size=9)
)
def test_a_budget_is_kept_whatever_each_test_takes_of_its_share(
    tests: int, workers: int, taken: list[float]
) -> None:
    """For all tests that overrun their shares by less than the reserve: the session ends in time."""
    now = 0.0
    budget = SessionBudget(60.0, started=0.0, tests=tests, workers=workers, now=lambda: now)
    for part in taken[:tests]:
        now += budget.next_share() * part
    assert now <= 60.0


def test_a_file_of_searched_runs_survives_what_is_cut_off_and_does_not_grow_for_ever(
    tmp_path: Path,
) -> None:
    first = SearchedRuns(tmp_path)
    assert first.next_of("test", 1, "code") == 0
    first.add("test", 1, "code", 30)
    first.add("test", 1, "code", 20)
    with (tmp_path / FILE).open("a") as file:
        file.write('\n{"test": "te')
    again = SearchedRuns(tmp_path)
    assert again.next_of("test", 1, "code") == 30
    assert again.next_of("test", 1, "other code") == again.next_of("test", 2, "code") == 0
    with (tmp_path / FILE).open("a") as file:
        file.write("\n" * LINES_MAX)
    again.compact()
    assert len((tmp_path / FILE).read_text().splitlines()) == 1
    assert SearchedRuns(tmp_path).next_of("test", 1, "code") == 30


def test_a_folder_that_is_closed_loses_no_search(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    SearchedRuns(tmp_path / "file").add("test", 1, "code", 30)
    assert SearchedRuns(tmp_path / "file").next_of("test", 1, "code") == 0


def test_the_fingerprint_is_that_of_the_modules_and_of_what_they_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    names = ("fingerprint_rules", "fingerprint_limits")
    (tmp_path / f"{names[1]}.py").write_text("LIMIT = 3\n")
    (tmp_path / f"{names[0]}.py").write_text(f"from {names[1]} import LIMIT\n")
    importlib.import_module(names[0])
    before = code_fingerprint(SCENARIO, names[0])
    assert code_fingerprint(SCENARIO, names[0]) == before != code_fingerprint(SCENARIO)
    (tmp_path / f"{names[1]}.py").write_text("LIMIT = 4\n")
    assert code_fingerprint(SCENARIO, names[0]) != before
    for name in names:
        del sys.modules[name]


def test_a_machine_begins_no_run_when_time_is_up() -> None:
    machine = state_machine_for(SCENARIO)
    machine.bench.until = monotonic()
    assert check(machine, hypothesis.settings(max_examples=50, database=None)).runs == 0


MADE = (hypothesis.Phase.generate, hypothesis.Phase.shrink)


@pytest.mark.slow
def test_what_failed_in_time_is_minimised_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis makes a failing run again before it tells of it; that one may begin."""
    machine = state_machine_for(SCENARIO.replace(system=HASTY))
    machine.bench.until = monotonic() + 1_000
    usual = Bench.require_time

    def late(bench: Bench) -> None:
        if bench.has_failed:
            bench.until = 0.0
        usual(bench)

    monkeypatch.setattr(Bench, "require_time", late)
    with pytest.raises(PropertyBroken):
        check(
            machine,
            hypothesis.settings(max_examples=500, database=None, deadline=None, phases=MADE),
        )
    assert machine.bench.until == 0.0


def test_the_fingerprint_is_that_of_the_packages_around_a_module_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fingerprint_package"
    package.mkdir()
    (package / "__init__.py").write_text("LIMIT = 1\n")
    (package / "rules.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("fingerprint_package.rules")
    before = code_fingerprint(SCENARIO, "fingerprint_package.rules")
    (package / "__init__.py").write_text("LIMIT = 2\n")
    assert code_fingerprint(SCENARIO, "fingerprint_package.rules") != before
