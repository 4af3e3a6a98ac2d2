"""Reading and running the examples of a page.

A page is run from top to bottom in one empty folder, those of the gallery in one with its protocols,
with the commands of this environment first in the path:

- a `console` block: every line that starts with "$ " is a command; what follows it is its output.
- a `python` block: run in one namespace per page.

A comment directly above a block changes what is done with it:

    <!-- not run: reason -->    nothing
    <!-- file: lock.py -->      it is the content of a file, for the blocks that follow
    <!-- exit code: 1 -->       the last command of the block ends with this code, not with 0
    <!-- output -->             a `text` block: what the python block above has printed
    <!-- new file: a.py -->     with `not run`: `test_extending` writes it into a copy of the package
    <!-- added to: a.py -->     with `not run`: `test_extending` adds it to a file of the copy ...
    <!-- behind: import b -->   ... behind this line
    <!-- in the copy: a.txt --> with `not run`: `test_extending` writes it beside the copy

In an output, a line "..." stands for any lines and "..." in a line for any characters; a command
without output may print what it likes.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
RUN = ("console", "python")
READ_ONLY = ("text", "pycon", "toml", "yaml", "json")
"""Languages of blocks that nobody could run. Any other language is a mistake, `bash` above all."""

MARKS = (
    *("not run", "file", "exit code", "output"),
    *("new file", "added to", "behind", "in the copy"),
)
COMMAND_SECONDS_MAX = 120


class WrongPage(AssertionError):
    """A page that promises what does not happen. The text names page and line."""


class WrongOutput(WrongPage):
    """A page that shows another output than the one that came."""

    def __init__(self, block: Block, what: str, expected: str, actual: str) -> None:
        super().__init__(
            f"{block.where}: {what} printed\n{actual}\nwhere the page shows\n{expected}\n"
            f"If the new output is right: make pages PAGES={block.page}"
        )
        self.line, self.expected, self.actual = block.line, expected, actual


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, its first line in the page, the marks above it."""

    page: str
    line: int
    language: str
    text: str
    marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The page and the line, as an editor opens it."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A line of a console block, and the output that the page shows for it."""

    line: str
    output: str


def all_pages() -> list[Path]:
    """Return every page: those of the top level, and all of docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(text: str, page: str) -> Iterator[Block]:
    """Return the fenced blocks of a page.

    >>> [b] = blocks("<!-- exit code: 1 -->\\n```console\\n$ false\\n```\\n", "p.md")
    >>> b.where, b.language, b.text, b.marks
    ('p.md:3', 'console', '$ false\\n', {'exit code': '1'})
    """
    marks: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        fence = re.match(r"(`{3,})(\w*)", line)
        mark = re.match(r"<!-- ([\w ]+?)(?:: (.*))? -->$", line)
        if fence:
            inside = []
            for _, content in lines:
                if content.startswith(fence[1]):
                    break
                inside.append(content + "\n")
            yield Block(page, number + 1, fence[2], "".join(inside), marks)
            marks = {}
        elif mark:
            marks = {**marks, mark[1]: mark[2] or ""}
        elif line.strip():
            marks = {}


def file_of(page: str, name: str) -> str:
    """Return the content of a file that a page of the repository has its reader write."""
    text = (ROOT / page).read_text()
    return next(block.text for block in blocks(text, page) if block.marks.get("file") == name)


def commands(text: str) -> list[Command]:
    """Split a console block into its commands, each with the output below it.

    >>> commands("$ echo a\\na\\n$ true\\n")
    [Command(line='echo a', output='a\\n'), Command(line='true', output='')]
    """
    parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", text, flags=re.MULTILINE)
    if parts[0].strip():
        raise ValueError(f"a console block starts with a command, not with {parts[0]!r}")
    return [Command(parts[k], parts[k + 1]) for k in range(1, len(parts), 2)]


def agrees(expected: str, actual: str) -> bool:
    """Tell whether an output is as the page shows it, `...` being anything.

    >>> agrees("seed 7\\n...\\n3 runs in ... s\\n", "seed 7\\na\\nb\\n3 runs in 0.4 s\\n")
    True
    >>> agrees("holds\\n", "holds, mostly\\n"), agrees("a\\n...\\n", "a\\n")
    (False, True)
    """
    pattern = "".join(
        r"(?:.*\n)*"
        if line.strip() == "..."
        else r".*".join(map(re.escape, line.rstrip().split("..."))) + r"\s*?\n"
        for line in expected.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, actual.strip("\n") + "\n") is not None


class Runner:
    """Runs the blocks of one page in a folder of their own, commands with these variables."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._module = ModuleType("page")
        self._printed = ""
        self._environment = environment(folder) if variables is None else variables

    def run(self, block: Block) -> None:
        """Do what a block says.

        Raises:
            WrongPage: something else happens than the page says.
        """
        if "not run" in block.marks:
            return
        if block.page.startswith("docs/gallery/"):
            for protocol in (ROOT / "docs" / "gallery").glob("*.py"):
                shutil.copy(protocol, self._folder)
        if "file" in block.marks:
            path = self._folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif "output" in block.marks:
            self._compare(block, "the python block above", block.text, self._printed)
        elif block.language == "console":
            self._console(block)
        elif block.language == "python":
            self._python(block)

    def _console(self, block: Block) -> None:
        steps = commands(block.text)
        for number, command in enumerate(steps, start=1):
            done = subprocess.run(
                ["sh", "-c", command.line],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=COMMAND_SECONDS_MAX,
            )
            expected = int(block.marks.get("exit code", 0)) if number == len(steps) else 0
            if done.returncode != expected:
                raise WrongPage(
                    f"{block.where}: `{command.line}` ended with exit code {done.returncode}, not "
                    f"{expected}\n{done.stdout}"
                )
            if command.output.strip():
                self._compare(block, f"`{command.line}`", command.output, done.stdout)

    def _python(self, block: Block) -> None:
        # Empty lines in front make the line numbers of a traceback those of the page.
        source = "\n" * (block.line - 1) + block.text
        printed = io.StringIO()
        sys.modules[self._module.__name__] = self._module  # where dataclasses look for their names
        try:
            with contextlib.chdir(self._folder), contextlib.redirect_stdout(printed):
                exec(compile(source, block.page, "exec"), vars(self._module))
        except Exception as error:
            raise WrongPage(f"{block.where}: {type(error).__name__}: {error}") from error
        finally:
            del sys.modules[self._module.__name__]
        self._printed = printed.getvalue()

    @staticmethod
    def _compare(block: Block, what: str, expected: str, actual: str) -> None:
        if not agrees(expected, actual):
            raise WrongOutput(block, what, expected, actual)


def environment(folder: Path) -> dict[str, str]:
    """Return the variables for a command: this environment first in the path, no trace of pytest.

    Where the package is not installed but on PYTHONPATH, a script stands in for the command.
    """
    here = Path(sys.executable).parent
    path = [str(here), os.environ.get("PATH", "")]
    if not (here / "counterpoint").exists():
        stand_in = folder / ".bin" / "counterpoint"
        stand_in.parent.mkdir()
        start = "from counterpoint.harness.start import main; main()"
        call = f"import sys; sys.argv[0] = 'counterpoint'; {start}"
        stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{call}" "$@"\n')
        stand_in.chmod(0o755)
        path.insert(0, str(stand_in.parent))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return {**kept, "PATH": os.pathsep.join(path), "COLUMNS": "100", "NO_COLOR": "1"}
