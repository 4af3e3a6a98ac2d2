"""The page on additions: each is made in a copy of the package, counted, and tried there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, agrees, blocks, commands

PAGE = ROOT / "docs" / "how-to" / "extend.md"
START = "from counterpoint.harness.start import main; main()"


@cache
def sections() -> dict[str, tuple[Block, ...]]:
    """Return the blocks below each heading: "A property" and the others."""
    _, *parts = re.split(r"^## (.*)\n", PAGE.read_text(), flags=re.MULTILINE)
    return {
        heading: tuple(blocks(text, heading))
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def promised(heading: str) -> int:
    """Return how many files the page says that an addition touches; the more, where it says two."""
    what = heading.lower().split(maxsplit=1)[1]
    [row] = re.findall(rf"^\| an? {what}\b[^|]*\| (\d) \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    more = re.search(r"or (\d) with", row[1])
    return int(more[1] if more else row[0])


@dataclass(frozen=True)
class Copy:
    """A copy of the package, and a folder to work in."""

    package: Path
    folder: Path

    def make(self, block: Block) -> str | None:
        """Do what a block says to the copy, and return the file of the package that it touched."""
        if "in the copy" in block.marks:
            (self.folder / block.marks["in the copy"]).write_text(block.text)
        elif "new file" in block.marks:
            name = block.marks["new file"]
            assert not (self.package / name).exists(), f"{name} is new"
            (self.package / name).write_text(block.text)
            return name
        elif "added to" in block.marks:
            name, line = block.marks["added to"], block.marks["behind"]
            before, found, after = (self.package / name).read_text().partition(f"{line}\n")
            assert found, f"{name} has the line {line!r}"
            (self.package / name).write_text(f"{before}{found}{block.text}{after}")
            return name
        return None

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a command line with the package of the copy."""
        program, *words = shlex.split(line)
        assert program == "counterpoint"
        environment = {
            **os.environ, "PYTHONPATH": str(self.package.parent), "NO_COLOR": "1",
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-c", START, *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package for all additions: they do not get in each other's way."""
    package = tmp_path_factory.mktemp("extended") / "src" / "counterpoint"
    ignored = shutil.ignore_patterns("__pycache__", "upstream")
    shutil.copytree(ROOT / "src" / "counterpoint", package, ignore=ignored)
    return package


@pytest.mark.slow
@pytest.mark.parametrize("heading", sections())
def test_an_addition_works_in_as_many_files_as_the_page_says(
    heading: str, package: Path, tmp_path: Path
) -> None:
    copy = Copy(package, tmp_path)
    for block in sections()["A fault"]:  # others look at what it finds
        copy.make(block)
    touched = {name for block in sections()[heading] if (name := copy.make(block))}
    own = {b.marks["in the copy"] for b in sections()[heading] if b.language == "python"
           and "in the copy" in b.marks}  # fmt: skip
    assert len(touched | own) == promised(heading)
    tried = [block for block in sections()[heading] if block.language == "console"]
    assert tried, "an addition is tried"
    for block in tried:
        for command in commands(block.text):
            done = copy.run(command.line)
            said = done.stdout + done.stderr
            assert done.returncode == int(block.marks.get("exit code", "0")), said
            assert agrees(command.output, said), said


@pytest.mark.slow
def test_what_is_tried_is_not_there_without_the_addition(tmp_path: Path) -> None:
    """The commands of the page are about the additions, so a copy without them knows none of it."""
    copy = Copy(ROOT / "src" / "counterpoint", tmp_path)
    (tmp_path / "history.csv").write_text("client,f,value,called,returned\na,write,1,0,3\n")
    for line in (
        "counterpoint check history.csv --property answered",
        "counterpoint nodes register",
        "counterpoint fuzz echo --runs 20",
        "counterpoint export history.csv --to kinds --stdout",
    ):
        assert copy.run(line).returncode == 2, line


def test_every_kind_of_addition_has_a_section() -> None:
    assert list(sections()) == [
        "A property", "A format", "A fault", "A command", "A system", "An export",
    ]  # fmt: skip
