"""Numbers in prose, and where each of them is shown: "step 8", "5000 runs", "324,503 states".

What an output shows is run by the tests of the pages; so prose is held to the outputs beside it, that
is, to the blocks of its section.

- A count, "5000 runs": a block of the section has it with its word, or as a setting, or the number is
  a literal in a test. A few are measured once, or say what a setting is: the tests list them.
- A step, "step 8": a block of the section names it so. Where only a picture has it, as one row among
  many, a mark above the paragraph says what the row must show: `<!-- step 8: granted(1) again -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

COUNTED = "runs|walks|steps|states|events|choices|schedules|operations|histories"
STEP = re.compile(r"\bsteps? (\d+)\b")
COUNT = re.compile(rf"(?<![\w,.])(\d[\d,]*) (?:random )?({COUNTED})\b")
MARK = re.compile(r"<!-- step (\d+): (.+) -->$")
CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True)
class Claim:
    """A number in prose: its line, its text, its value, what it counts, or "step".

    `beside` is the text of the blocks of its section; `row` is what a mark says of a step.
    """

    line: int
    text: str
    value: int
    what: str
    beside: str = ""
    row: str | None = None

    @property
    def is_shown(self) -> bool:
        """Tell whether a block beside it shows the number, and of a step what the mark says."""
        if self.what != "step":
            number = rf"(?:{self.value}|{self.value:,})"
            setting = rf"--{self.what} {self.value}\b|\b{self.what}={self.value}\b"
            return re.search(rf"\b{number} {self.what}\b|{setting}", self.beside) is not None
        if self.row is None:
            return re.search(rf"\bsteps? {self.value}\b", self.beside) is not None
        rows = re.findall(rf"^ *{self.value} .*$", self.beside, re.MULTILINE)
        return any(self.row in row for row in rows)


def claims(text: str) -> Iterator[Claim]:
    """Return the numbers in the prose of a page, each with the blocks of its section.

    >>> page = "# T\\n\\nAt step 2 of 30 runs.\\n\\n```text\\nstep 2\\n--runs 30\\n```\\n"
    >>> [(claim.text, claim.is_shown) for claim in claims(page)]
    [('step 2', True), ('30 runs', True)]
    """
    found: list[Claim] = []
    blocks: list[str] = []
    marks: dict[int, str] = {}
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        opening = re.match(r"`{3,}", line)
        if fence or opening:
            fence = "" if fence and line.startswith(fence) else fence or (opening or [""])[0]
            blocks.append(line)
            continue
        if line.startswith("#"):
            yield from _beside(found, blocks)
            found, blocks = [], []
        elif mark := MARK.match(line):
            marks[int(mark[1])] = mark[2]
        else:
            marks = marks if line.strip() else {}
            found += _in_line(number, line, marks)
    yield from _beside(found, blocks)


def _beside(found: list[Claim], blocks: list[str]) -> Iterator[Claim]:
    for claim in found:
        yield replace(claim, beside="\n".join([claim.beside, *blocks]))


def _in_line(number: int, line: str, marks: dict[int, str]) -> Iterator[Claim]:
    """Return the claims of a line; code in it is beside them, as it may be what they explain."""
    prose, code = CODE.sub("", line), " ".join(CODE.findall(line)).replace("@", " step ")
    for match in STEP.finditer(prose):
        step = int(match[1])
        yield Claim(number, match[0], step, "step", code, marks.get(step))
    for match in COUNT.finditer(prose):
        yield Claim(number, match[0], int(match[1].replace(",", "")), match[2], code)
