"""Bad input to the command line: a clear error that says what, where and what would be right; exit 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.cli import main
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.harness.user_scenarios import require_own
from counterpoint.model.tracefile import VERSION


def call(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The trace of a counterexample."""
    result = call("fuzz", "register", "--mutant", "B10", "--json", "--out", str(tmp_path))
    assert result.exit_code == 1, result.output
    return Path(json.loads(result.stdout)["trace"])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["fuzz", "registre"], "'registre' is no system; there are: token_manager, register"),
        (
            ["fuzz", "register", "--mutant", "B99"],
            "'B99' is no mutant of register; there are: B1, ",
        ),
        (["fuzz", "register", "--scenario", "x"], "'x' is no scenario of register; there are: "),
        (["fuzz", "register", "--set", "colour=red"], "'colour' is no setting of register; "),
        (
            ["fuzz", "register", "--set", "token=9"],
            "the configuration has no token 9; it has: 1, 2",
        ),
        (["fuzz", "register", "--set", "reads=many"], "must be a whole number from 0 to 9"),
        (["fuzz", "register", "--set", "write=a,25,5,9"], "it must be low <= mid <= high"),
        (["fuzz", "register", "--set", "write=a,5,5,9"], "the range from low 5 to mid 5 is empty"),
        (["fuzz", "register", "--shard", "3/2"], "it must be I/N with I from 1 to N"),
        (["fuzz", "no.such:module"], "there is no module 'no' from here"),
        (["fuzz", "no/such.py:module"], "from here; did you mean no.such:module?"),
        (["fuz"], "No such command 'fuz'. Did you mean 'fuzz'?"),
        (["fuzz", "json:dumps"], "json:dumps must be annotated as returning a Scenario"),
        (["explore", "register", "--mutant", "B99"], "'B99' is no mutant of register"),
        (["replay", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file"),
        (["show", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file"),
        (["list", "registre"], "'registre' is no system"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(arguments: list[str], error: str) -> None:
    result = call(*arguments)
    assert error in result.stderr
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_function_of_an_author_that_raises_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "raising_scenario.py").write_text(
        "import counterpoint as cp\n\ndef told() -> cp.Scenario:\n    return {}['name']\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    result = call("explore", "raising_scenario:told")
    what = "raising_scenario:told raised KeyError: 'name' (raising_scenario.py:4, in told)"
    assert what in result.stderr
    assert result.exit_code == 2


def test_a_source_that_a_module_of_python_hides_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "select.py").write_text("scenario = 1\n")
    result = call("fuzz", "select:scenario")
    assert (
        "module 'select' has no 'scenario'; it is Python's own, and select.py is" in result.stderr
    )
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("- token: 1\n  writer: [\n", "is no valid YAML"),
        ("- token: 1\n  writer: a:1\n  readers: [b:1, b:1]\n", "b:1"),
        ("- token: 1\n  readers: [b:1]\n", "writer"),
        ("- token: 1\n  writer: a:1\n", "readers"),
        ("- token: 1\n  writer: nonsense\n  readers: [b:1]\n", "nonsense"),
    ],
)
def test_a_bad_configuration_names_file_and_line(text: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "access.yaml"
    path.write_text(text, encoding="utf-8")
    result = call("fuzz", "register", "--set", f"config={path}")
    assert f"{path}:" in result.stderr
    assert error in result.stderr
    assert result.exit_code == 2


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def corrupted(content: bytes) -> bytes:
    return content.replace(b'"c3"', b'"c1"', 1)


def from_the_future(content: bytes) -> bytes:
    return content.replace(f'"version":"{VERSION}"'.encode(), b'"version":"2.0"', 1)


@pytest.mark.parametrize("command", ["replay", "show"])
@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (truncated, "the file is truncated"),
        (corrupted, "corrupted"),
        (from_the_future, "written in format 2.0"),
    ],
)
def test_a_damaged_trace_is_refused_and_kept(
    command: str, damage: Callable[[bytes], bytes], error: str, trace: Path
) -> None:
    content = damage(trace.read_bytes())
    trace.write_bytes(content)
    result = call(command, str(trace))
    assert error in result.stderr
    assert result.exit_code == 2
    assert trace.read_bytes() == content


def test_errors_are_json_where_json_was_asked_for() -> None:
    result = call("fuzz", "registre", "--json")
    assert json.loads(result.stdout)["outcome"] == "error"
    assert result.exit_code == 2


@pytest.mark.parametrize("command", ["fuzz", "explore"])
def test_a_folder_that_cannot_be_is_refused_before_the_search(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    asked = [command, "register", "--mutant", "B3", "--out", str(tmp_path / "file" / "below")]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert f"{tmp_path / 'file'} is no folder" in result.stderr


def test_a_trace_away_from_its_project_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownName, match="no module 'far' from here; change to the directory of"):
        require_own("far:scenario")
