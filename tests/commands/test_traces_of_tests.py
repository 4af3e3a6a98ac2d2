"""Traces that pytest wrote: shown, viewed, stepped, exported and replayed from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.catalog import rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.starting.adder import HASTY, SCENARIO
from counterpoint.harness.testing import verify
from counterpoint.harness.traced_tests import scenario_of_test
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.tracefile import write_trace

WRONG = SCENARIO.replace(system=HASTY)
TESTS = """
import counterpoint as cp
from counterpoint.harness.starting.adder import HASTY, SCENARIO

test_wrong = cp.verify(SCENARIO.replace(system=HASTY), runs=200)
TestMachine = cp.machine(SCENARIO)


class TestGroup:
    test_inside = cp.verify(SCENARIO)


def test_by_hand():
    cp.verify(SCENARIO)()


made = dict
test_other = made()
"""


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with tests, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_traced.py").write_text(TESTS)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if "test_traced" in name:
            del sys.modules[name]


@pytest.fixture
def trace(here: Path) -> Path:
    """What pytest writes of the wrong test."""
    with pytest.raises(PropertyBroken) as found:
        verify(WRONG, runs=200)()
    path = here / "wrong.trace.jsonl"
    about = {"test": "checks/test_traced.py::test_wrong"}
    write_trace(path, found.value.trace, found.value.verdicts, about=about)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("below", [".", "checks"])
def test_it_is_shown_stepped_exported_and_replayed(
    trace: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(below)
    assert " ✗ linearizability: add(" in call("show", str(trace)).output
    replayed = call("replay", str(trace), "--json")
    assert json.loads(replayed.stdout)["outcome"] == "reproduced"
    assert json.loads(replayed.stdout)["test"] == "checks/test_traced.py::test_wrong"
    assert "next: server ← addition(1, " in call("replay", str(trace), "--step", "3").output
    assert call("view", str(trace), "--out", "page.html", "--seconds", "0").exit_code == 0
    exported = call("export", str(trace), "--to", "python", "--stdout")
    assert "rebuild({'test': 'checks/test_traced.py::test_wrong'})" in exported.output


def test_it_is_played_on_and_that_session_is_a_trace_too(trace: Path) -> None:
    asked = ["play", "--from", str(trace), "--step", "1", "--out", "session.jsonl"]
    played = CliRunner().invoke(main, asked, input="delay 0\nwait\nstatus\n")
    assert "server: adder(" in played.output
    assert json.loads(call("replay", "session.jsonl", "--json").stdout)["outcome"] == "reproduced"


@pytest.mark.usefixtures("here")
def test_every_way_to_bind_a_test_is_known() -> None:
    for name in ("test_wrong", "test_wrong[shard-1-of-2]", "TestMachine::runTest"):
        assert scenario_of_test(f"checks/test_traced.py::{name}").name == "adder"
    assert scenario_of_test("checks/test_traced.py::TestGroup::test_inside") is not None


@pytest.mark.parametrize(
    ("test", "error"),
    [
        ("checks/test_traced.py::test_by_hand", "binds no test of that name to verify"),
        ("checks/test_traced.py::test_other", "binds no test of that name to verify"),
        ("checks/test_traced.py::test_gone", "binds no test of that name to verify"),
        ("checks/test_traced.py", "binds no test of that name to verify"),
        ("checks/test_gone.py::test_wrong", "is not under the current directory"),
        ("../outside.py::test_wrong", "is not under the current directory"),
        ("{here}/checks/test_traced.py::test_by_hand", "binds no test of that name"),
        ("site-packages/test_installed.py::test_wrong", "is not under the current directory"),
        ("", "names no test; replay it in the test that made it"),
    ],
)
def test_no_other_code_is_started(test: str, error: str, here: Path) -> None:
    telltale = "open('ran', 'w')\ntest_wrong = verify(3)\n"
    (here.parent / "outside.py").write_text(telltale)
    (here / "site-packages").mkdir()
    (here / "site-packages" / "test_installed.py").write_text(telltale)
    with pytest.raises(UnknownName, match=error):
        rebuild({"test": test.format(here=here)})
    assert not (here / "ran").exists()
    assert "test_traced" not in sys.modules


def test_a_test_that_cannot_be_imported_says_why(here: Path) -> None:
    (here / "test_lacking_traced.py").write_text("import no_such_module\ntest_x = verify(3)\n")
    with pytest.raises(UnknownName, match="there is no module 'no_such_module' from here"):
        rebuild({"test": "test_lacking_traced.py::test_x"})


def test_a_test_in_a_package_is_imported_from_above_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "checks" / "__init__.py").touch()
    assert scenario_of_test("checks/test_traced.py::test_wrong").name == "adder"
    assert "checks.test_traced" in sys.modules
    monkeypatch.chdir("checks")
    with pytest.raises(UnknownName, match="is in a package that is not under the current"):
        scenario_of_test("checks/test_traced.py::test_wrong")
