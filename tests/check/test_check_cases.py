"""Small files of the kinds that people have: the commands of EXPECTED.tsv, and what comes of them."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from counterpoint.harness.commands.check import check

HISTORIES = Path(__file__).parent / "histories"
SECONDS = 5
"""No case is undecided for want of time, however slow the machine."""

WORDS = {
    "03": ("b read 1 although write(True) by a had completed",),
    "11": ("p1 read 1 although write(2) by p0 had completed", "event 4 to 5"),
    "14": ("G2",),
    "15": ("shows 0 twice",),
    "24": ("o3 read 32=9 of o2, which wrote 32=9 31=14", "o3 read 31=4 of o1, which wrote 31=4"),
    "25": ('the number 83 was written and the string "83" read',),
    "35": ("o1: enqueue(1) by c1 completed", "o2: enqueue(1) by c2 completed"),
    "30": ("although x=2 had replaced it",),
}


class Line(NamedTuple):
    """One line of the table."""

    number: str
    command: str
    words: str

    @property
    def outcome(self) -> str:
        """What it must come to: the first word, or "broken" where an explanation is told.

        Case 05 has a twin without keys, whose read of nil is unknown.
        """
        first = self.words.split()[0].strip(":,")
        if self.number == "05":
            return "holds"
        return first if first in ("holds", "undecided") else "broken"


def _lines() -> list[Line]:
    with (HISTORIES / "EXPECTED.tsv").open(encoding="utf-8", newline="") as rows:
        return [Line(*row) for row in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)]


LINES = _lines()


@pytest.mark.parametrize("line", LINES, ids=[line.number for line in LINES])
def test_a_command_comes_to_what_is_expected(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HISTORIES)
    program, name, *options = shlex.split(line.command)
    assert (program, name) == ("counterpoint", "check")
    limit = [] if "--timeout" in options else ["--timeout", str(SECONDS)]
    result = CliRunner().invoke(check, [*options, *limit, "--json"])
    (told,) = map(json.loads, result.stdout.splitlines())
    assert told["outcome"] == line.outcome, told
    result = CliRunner().invoke(check, [*options, *limit, "--explain"])
    for words in WORDS.get(line.number, ()):
        assert words in result.stdout


def test_every_history_beside_the_table_is_in_it() -> None:
    named = {line.command.split()[2] for line in LINES}
    assert named == {path.name for path in HISTORIES.iterdir()} - {"EXPECTED.tsv"}
