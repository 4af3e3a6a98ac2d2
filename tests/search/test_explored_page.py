"""The page of what was explored completely: its lines are true, and can be repeated by anyone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from counterpoint.harness.cli import main
from tests.oracles.table import has_numpy

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "explored.md"
ROW = re.compile(r"\| `([^`]+)` \| ([\d,]+) \| ([\d,]+) \| (\d+) \| ([\d,.]+) \| ([^|]+) \|")
SECONDS_MAX = 300
"""On the machine that the page was written on; others may need twice as long, or half."""


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    command: str
    states: int
    generated: int
    depth: int
    seconds: float
    how_far: str


def lines() -> list[Line]:
    found = []
    for match in ROW.finditer(PAGE.read_text()):
        command, states, generated, depth, seconds, how_far = match.groups()
        counted, made, deep = (int(text.replace(",", "")) for text in (states, generated, depth))
        took = float(seconds.replace(",", ""))
        found.append(Line(command, counted, made, deep, took, how_far.strip()))
    return found


def repeated() -> list[object]:
    """Return the lines that can be repeated: at once if they take half a second, else at night."""
    return [
        pytest.param(line, id=line.command, marks=() if line.seconds < 0.5 else pytest.mark.nightly)
        for line in lines()
        if line.how_far == "complete" and line.seconds <= SECONDS_MAX
    ]


@pytest.mark.skipif(not has_numpy(), reason="the page is about the numpy engine")
@pytest.mark.parametrize("line", repeated())
def test_a_line_of_the_page_is_true(line: Line, tmp_path: Path) -> None:
    arguments = ["explore", *line.command.split(), "--json", "--out", str(tmp_path)]
    ended = CliRunner().invoke(main, arguments)
    found = json.loads(ended.stdout)
    assert found["stopped"] == "complete"
    judged = found["judged"].values()
    assert judged, ended.output
    assert all(of["held"] and not of["broken"] and not of["undecided"] for of in judged)
    assert (ended.exit_code, found["not_explored"]) in ((0, []), (3, ["liveness"]))
    counts = (found["unique"], found["generated"], found["depth"])
    assert counts == (line.states, line.generated, line.depth)


def test_the_page_has_every_system() -> None:
    systems = {line.command.split()[0] for line in lines()}
    assert systems == {"register", "token_manager", "causal_deps", "causal_lamport"}
    assert len(repeated()) >= 12
