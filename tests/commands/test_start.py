"""`list` and `fuzz` import what they need at once, and the rest where there is something to show."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import counterpoint
from counterpoint.harness import cli, start
from counterpoint.model.mistakes import OwnDefect

RUN = """
import json, sys
from counterpoint.harness.cli import main
sys.argv = ["counterpoint", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
CATALOG, REPORT = "counterpoint.harness.catalog", "counterpoint.harness.report.terminal"
OWN = '[tool.counterpoint.systems]\nadder = "counterpoint.harness.starting.adder:SUITE"\n'


def test_the_package_is_the_command_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(start, "main", lambda: begun.append(True))
    begin = Path(counterpoint.__file__).with_name("__main__.py")
    runpy.run_path(str(begin), run_name="__main__")
    assert begun == [True]


def imported(here: Path, *arguments: str) -> tuple[int, set[str]]:
    """Return the exit code of a command and what it has imported."""
    run = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=here)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.slow
def test_the_catalog_is_not_imported_to_be_listed(tmp_path: Path) -> None:
    code, modules = imported(tmp_path, "list")
    assert code == 0
    assert not modules & {CATALOG, REPORT, "counterpoint.model.scenario", "rich.console", "yaml"}


@pytest.mark.slow
def test_it_is_imported_to_describe_a_system_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(OWN)
    code, modules = imported(tmp_path, "list")
    assert code == 0
    assert CATALOG in modules


@pytest.mark.slow
@pytest.mark.parametrize(("mutant", "code"), [((), 0), (("--mutant", "B10"), 1)])
def test_the_report_is_imported_where_there_is_something_to_show(
    mutant: tuple[str, ...], code: int, tmp_path: Path
) -> None:
    ended, modules = imported(tmp_path, "fuzz", "register", "--runs", "40", "--seed", "1", *mutant)
    assert ended == code
    assert (REPORT in modules) == bool(mutant)


def test_a_mistake_of_our_own_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(**_: object) -> None:
        raise OwnDefect("two engines disagree")

    monkeypatch.setattr(cli.main, "main", wrong)
    with pytest.raises(SystemExit) as end:
        start.main()
    told = capsys.readouterr().err
    assert end.value.code == 70
    assert "OwnDefect: two engines disagree" in told
    assert told.endswith(
        "this is a mistake of Counterpoint itself, and no verdict on what was searched\n"
    )
