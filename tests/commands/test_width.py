"""How wide a report is, and whether it has colours: as COLUMNS, TERM and NO_COLOR say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness import output
from counterpoint.harness.cli import main
from counterpoint.harness.explanation.plain import width_of
from counterpoint.harness.starting.adder import SCENARIO as ADDER
from counterpoint.model.search.replay import judge
from counterpoint.model.tracefile import write_trace
from tests.support.runs import random_trace

SCENARIO = ADDER.replace(origin={"system": f"{__name__}:SCENARIO"})


@pytest.mark.parametrize(("said", "width"), [("", 100), ("60", 60), ("85", 85), ("300", 100)])
def test_a_report_in_a_pipe_is_as_wide_as_columns_says(
    said: str, width: int, tmp_path: Path
) -> None:
    trace, file = random_trace(SCENARIO, 0), tmp_path / "run.trace.jsonl"
    write_trace(file, trace, judge(trace))
    shown = CliRunner().invoke(main, ["show", str(file)], env={"COLUMNS": said}).output
    lines = [line for line in shown.splitlines() if not line.startswith(" replay ")]
    assert max(map(width_of, lines)) == width


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, False),
    ],
    ids=["usual", "dumb", "not wanted"],
)
def test_a_terminal_that_knows_no_colours_is_sent_none(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert output.is_coloured() is coloured


def test_a_terminal_tells_how_wide_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda _: os.terminal_size((72, 24)))
    assert (output.columns(100), output.columns(50)) == (72, 50)
