"""`counterpoint new`: what it writes passes, and it overwrites nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.cli import main
from counterpoint.harness.plugin.effort import SearchEffort
from counterpoint.harness.plugin.verification import verification_of
from counterpoint.harness.starting import tests_of_adder
from counterpoint.harness.starting.adder import HASTY, SCENARIO, SUITE
from counterpoint.harness.starting.writing import files_of


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    """Return what is in a folder."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_a_protocol_its_tests_and_its_name_are_written(here: Path) -> None:
    result = call("new", "fresh_adder")
    assert result.exit_code == 0, result.output
    assert contents(here) == files_of("fresh_adder")
    assert not any("starting" in text for text in contents(here).values())
    assert '"""fresh_adder: ' in contents(here)["fresh_adder.py"]
    assert 'cp.Scenario(\n    "fresh_adder",' in contents(here)["fresh_adder.py"]
    listed = call("list", "fresh_adder").output
    assert "fresh_adder: a server adds up what clients send it" in listed


def test_what_it_writes_holds_and_its_variant_dies() -> None:
    holds = verification_of(tests_of_adder.test_it_holds)
    dies = verification_of(tests_of_adder.test_hasty_dies)
    assert holds
    assert dies
    assert holds.check(SearchEffort(runs=50, examples=0)).expected == ""
    assert dies.check(SearchEffort(runs=200, examples=0)).expected == "linearizability"
    assert SUITE.mutants["hasty"].wrong is HASTY
    assert SUITE.named_scenarios == {"default": SCENARIO}


def test_a_pyproject_that_is_there_stays_as_it_is(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project]\n")
    result = call("new", "another_adder")
    assert "left  pyproject.toml" in result.output
    assert '[tool.counterpoint.systems]\nanother_adder = "another_adder:SUITE"' in result.output
    assert contents(here)["pyproject.toml"] == "[project]\n"
    assert set(contents(here)) == {"pyproject.toml", "another_adder.py", "test_another_adder.py"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "my-lock",
            "'my-lock' cannot be the name of a module; small letters, digits and _ can: my_lock",
        ),
        ("class", "can: class_protocol"),
        ("../x", "cannot be the name of a module"),
        ("", "'' cannot be the name of a module"),
        ("register", "register is a system of the catalog"),
        ("named", "pyproject.toml names a system named already"),
        ("json", "there is a module json already, which yours would hide"),
        ("mine", "mine.py exists, and nothing is overwritten"),
        ("tried", "test_tried.py exists, and nothing is overwritten"),
    ],
)
def test_a_name_that_is_none_or_is_taken_is_refused(name: str, error: str, here: Path) -> None:
    (here / "mine.py").write_text("mine = True\n")
    (here / "test_tried.py").write_text("mine = True\n")
    (here / "pyproject.toml").write_text('[tool.counterpoint.systems]\nnamed = "mine:X"\n')
    before = contents(here)
    result = call("new", name)
    assert error in result.stderr
    assert result.exit_code == 2
    assert contents(here) == before
