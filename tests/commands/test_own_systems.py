"""Systems of one's own by name: listed, searched, explored, and their traces opened again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

import counterpoint as cp
from counterpoint.harness.catalog import rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.starting.adder import SCENARIO as LOCK
from counterpoint.harness.unknown_name import UnknownName

PROTOCOL = '''
import counterpoint as cp
from counterpoint.harness.starting.adder import SCENARIO as LOCK


def right(state, given):
    match given:
        case cp.Invoke(amount):
            return cp.Step(state + amount, cp.Return(state + amount))


def hasty(state, given):
    match given:
        case cp.Invoke(amount):
            return cp.Step(state + amount, cp.Return(state))


def adding(calls: int = 2, twice: bool = False) -> cp.Scenario:
    """One client adds."""
    return cp.Scenario("adding", cp.system(a=(right, 0)), calls={"a": [1] * calls},
                       properties=[cp.Property("sum", no_zero)])


def no_zero(trace):
    answers = [e.value for e in trace.events if e.kind == "return"]
    if all(answers):
        return cp.holds("sum", examined=1)
    return cp.broken("sum", "it is 0", examined=1)


ADDER = cp.Suite(
    {"small": adding, "lock": LOCK},
    mutants={
        "hasty": cp.WrongVariant(cp.system(a=(hasty, 0)), breaks="sum", summary="answers too soon"),
        "locked": cp.WrongVariant(LOCK, breaks="linearizability", scenario="lock"),
    },
    summary="a node that adds",
)
'''
NAMES = '[tool.counterpoint.systems]\nadder = "{module}:ADDER"\n'


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A directory with a protocol and the name of its system; the module, which no other test has."""
    name = "adder_of_" + tmp_path.name.replace("-", "_")
    (tmp_path / f"{name}.py").write_text(PROTOCOL)
    (tmp_path / "pyproject.toml").write_text(NAMES.format(module=name))
    monkeypatch.chdir(tmp_path)
    return name


@pytest.mark.usefixtures("module")
def test_list_shows_scenarios_variants_and_settings() -> None:
    result = call("list", "adder")
    assert result.output.splitlines() == [
        "adder: a node that adds",
        "  checkers   sum",
        "  scenarios  small  One client adds.",
        "             lock   adder",
        "  mutants    hasty   answers too soon [breaks sum]",
        "             locked  adder [breaks linearizability]",
        "  settings   calls  a whole number [2]",
        "             twice  true|false [false]",
    ]
    assert "adder: a node that adds" in call("list").output
    assert json.loads(call("list", "adder", "--json").output)["mutants"]["hasty"]["breaks"] == [
        "sum"
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("module")
def test_a_variant_dies_and_its_trace_opens_again() -> None:
    assert call("fuzz", "adder", "--runs", "20").exit_code == 0
    assert call("explore", "adder", "--set", "calls=1").exit_code == 0
    result = call(
        "fuzz", "adder", "--mutant", "hasty", "--runs", "20", "--set", "calls=1", "--json"
    )
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)
    assert (told["system"], told["scenario"], told["mutant"]) == ("adder", "small", "hasty")
    assert call("replay", told["trace"]).output.startswith("reproduced")
    assert "adder --mutant hasty" in call("show", told["trace"]).output


def test_a_suite_can_be_named_by_its_place(module: str) -> None:
    place = f"{module}:ADDER"
    result = call("fuzz", place, "--mutant", "hasty", "--runs", "20", "--json")
    assert result.exit_code == 1, result.output
    assert call("replay", json.loads(result.stdout)["trace"]).exit_code == 0
    assert call("list", place).output.startswith(f"{place}: a node that adds")


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--mutant", "x"], "'x' is no mutant of adder; there are: hasty, locked"),
        (["--scenario", "x"], "'x' is no scenario of adder; there are: small, lock"),
        (["--set", "x=1"], "'x' is no setting of adder; there are: calls, twice"),
        (["--set", "calls=x"], "setting calls is 'x'; it must be a whole number"),
        (
            ["--scenario", "lock", "--set", "calls=1"],
            "adder --scenario lock is a Scenario, made alr",
        ),
        (["--mutant", "locked", "--scenario", "small"], "has a scenario of its own; leave out"),
    ],
)
def test_a_wrong_name_is_told_with_the_right_ones(arguments: list[str], error: str) -> None:
    result = call("fuzz", "adder", *arguments)
    assert error in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[tool.counterpoint]\nsystems = 3", "must be a table of names"),
        ("[tool]\ncounterpoint = 3", "must be a table of names"),
        ("[tool.counterpoint.systems]\nx = 3", "x is '3'; it must be where the system is"),
        ("[tool.counterpoint.systems]\nx = 'm'", "x is 'm'; it must be where the system is"),
        ("[tool.counterpoint.systems]\n'm:x' = 'm:x'", "'m:x' is no name"),
        ("[tool.counterpoint.systems]\nx = 'json:__name__'", "json:__name__ is str; a system of"),
        ("[tool.counterpoint.systems]\nx = 'no_such:X'", "there is no module 'no_such' from here"),
        ("[tool.counterpoint.systems]\nregister = 'm:x'", "register is a system of the catalog"),
        ("[tool.counterpoint.systems\n", "pyproject.toml: "),
    ],
)
def test_what_cannot_be_read_in_pyproject_is_told(
    text: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    result = call("list")
    assert error in result.stderr
    assert result.exit_code == 2


def installed(folder: Path, value: str) -> None:
    """Have a distribution in a folder that names a system."""
    info = folder / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[counterpoint.systems]\nother = {value}\n")


def test_an_entry_point_names_a_system(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, f"{module}:ADDER")
    monkeypatch.syspath_prepend(tmp_path)
    assert "other: a node that adds" in call("list").output
    result = call("fuzz", "other", "--mutant", "hasty", "--runs", "20", "--json")
    assert json.loads(result.stdout)["system"] == "other"
    assert call("replay", json.loads(result.stdout)["trace"]).exit_code == 0


def test_a_trace_starts_no_installed_module_through_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, here = tmp_path / "library", tmp_path / "here"
    library.mkdir()
    here.mkdir()
    ran = tmp_path / "ran"
    (library / "elsewhere_of_other.py").write_text(f"open({str(ran)!r}, 'w')\n")
    installed(library, "elsewhere_of_other:X")
    monkeypatch.syspath_prepend(library)
    monkeypatch.chdir(here)
    with pytest.raises(UnknownName, match="is not under the current directory"):
        rebuild({"system": "other"})
    assert not ran.exists()


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (lambda: cp.Suite({}), "it has no scenario"),
        (lambda: cp.Suite(cast(Any, 3)), "scenario 'default' is 3; it must be a Scenario"),
        (
            lambda: cp.Suite(LOCK, {"a": cast(Any, LOCK)}),
            "it must be a WrongVariant, which says what it breaks",
        ),
        (
            lambda: cp.Suite(LOCK, {"a": cp.WrongVariant(cast(Any, 3), breaks="x")}),
            "mutant 'a' is of 3; it must",
        ),
        (
            lambda: cp.Suite(LOCK, {"a": cp.WrongVariant(LOCK, breaks=["linearizability", "x"])}),
            "breaks 'x', which is no property of 'adder'; there are: handlers finish, linearizab",
        ),
        (
            lambda: cp.Suite(LOCK, {"a": cp.WrongVariant(LOCK, breaks="x", scenario="y")}),
            "shows in 'y', which is no scenario; there are: default",
        ),
    ],
)
def test_a_suite_of_something_else_is_refused(made: object, error: str) -> None:
    with pytest.raises(cp.BadScenario, match=error):
        made()  # type: ignore[operator]
