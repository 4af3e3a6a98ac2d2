"""A trace holds the files that its scenario is made of: it opens none, and needs none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from counterpoint.harness.catalog import build, rebuild
from counterpoint.harness.cli import main
from counterpoint.harness.unknown_name import UnknownName
from counterpoint.model.search.replay import judge
from counterpoint.model.tracefile import read_trace, write_trace
from tests.support.runs import failing_trace

CONFIGURATION = "- {token: 8, writer: 'h:1', readers: ['h:2', 'i:3', 'h:4']}\n"
COMMANDS = ("replay", "show", "view", "upgrade")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "access.yaml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def file(config: Path, tmp_path: Path) -> Path:
    """The trace of a scenario with a configuration of its own."""
    trace = failing_trace(build("register", mutant="B3", settings={"config": str(config)}))
    path = tmp_path / "b3.trace.jsonl"
    write_trace(path, trace, judge(trace))
    return path


def with_origin(file: Path, **changes: str | None) -> Path:
    """Write the same run again under another origin; None leaves a part out."""
    recorded = read_trace(file)
    trace = failing_trace(rebuild(recorded.origin))
    changed = {**recorded.origin, **{key.replace("__", "."): v for key, v in changes.items()}}
    kept = {key: value for key, value in changed.items() if value is not None}
    write_trace(file, replace(trace, scenario=trace.scenario.replace(origin=kept)), judge(trace))
    return file


def test_a_trace_runs_again_where_its_configuration_is_not(file: Path, config: Path) -> None:
    config.unlink()
    again = call("replay", file, "--json")
    assert again.exit_code == 0, again.output
    found = json.loads(again.output)
    assert found["set.config"] == str(config)
    assert len(found["digest.config"]) == 32
    assert "file.config" not in found
    assert call("export", file, "--to", "python", "--stdout").exit_code == 0
    assert call("upgrade", file).exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/etc/passwd", "/dev/zero", "fifo", "nowhere.yaml"])
def test_a_trace_that_names_a_file_opens_none(path: str, file: Path, tmp_path: Path) -> None:
    if path == "fifo":
        path = str(tmp_path / "fifo")
        os.mkfifo(path)  # reading it would wait for ever
    with_origin(file, set__config=path, file__config=None, digest__config=None)
    for command in COMMANDS:
        refused = call(command, file)
        assert refused.exit_code == 2
        assert "the trace names a file" in refused.stderr
        assert "does not hold what stands in it" in refused.stderr
        assert "root" not in refused.output.replace("pytest-of-root", "")


@pytest.mark.slow
def test_a_text_that_was_changed_is_refused(file: Path) -> None:
    with_origin(file, file__config=CONFIGURATION.replace("i:3", "i:4"))
    refused = call("replay", file)
    assert refused.exit_code == 2
    assert "one of them was changed" in refused.stderr


@pytest.mark.slow
def test_an_old_trace_is_given_its_configuration_by_hand(file: Path, config: Path) -> None:
    with_origin(file, file__config=None, digest__config=None)
    upgraded = call("upgrade", file, "--set", f"config={config}")
    assert upgraded.exit_code == 0, upgraded.output
    assert read_trace(file).origin["file.config"] == CONFIGURATION
    assert call("replay", file).exit_code == 0


@pytest.mark.parametrize("value", ["/etc/passwd", "..\\x", "pyproject.toml", "a\0b"])
def test_a_factory_of_ones_own_gets_no_path_from_a_trace(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    origin = {"system": "tests.support.gossip:gossip", "set.copies": value}
    with pytest.raises(UnknownName, match="a trace can name none"):
        rebuild(origin)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"\xff\xfe", "it is not text in UTF-8"), (b"#" * 1_000_001, "has more than 1000000 bytes")],
)
def test_a_typed_file_that_is_no_configuration_is_refused(
    content: bytes, complaint: str, config: Path
) -> None:
    config.write_bytes(content)
    refused = call("fuzz", "register", "--set", f"config={config}")
    assert refused.exit_code == 2
    assert complaint in refused.stderr


HOSTS = [r"\x9b31m", r"\u202eh", r"\x1b", r"\x07a", "a b", "a/b", r"\ud800"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_is_a_name_and_nothing_else(host: str, config: Path) -> None:
    """Names of hosts become names of nodes, which stand in every report."""
    config.write_text(CONFIGURATION.replace("'h:1'", f'"{host}:1"'))
    refused = call("fuzz", "register", "--set", f"config={config}")
    assert refused.exit_code == 2
    assert refused.stderr.isprintable() or refused.stderr[:-1].isprintable()
    assert "is no address" in refused.stderr or "is no valid YAML" in refused.stderr


def test_a_report_is_inert_whatever_nodes_are_called() -> None:
    from counterpoint.harness.report.terminal import report
    from counterpoint.model.search.replay import run
    from tests.support.echo import echo

    trace = run(echo(), ())
    renamed = replace(trace, failure="\x1b[2J\u202e")
    assert all(line.isprintable() for line in report(renamed, ()).split("\n"))
