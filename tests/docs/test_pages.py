"""Every command and every example of every page runs, and does what the page says."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import (
    MARKS,
    READ_ONLY,
    ROOT,
    RUN,
    Block,
    Runner,
    WrongPage,
    all_pages,
    blocks,
    environment,
)
from tests.docs.refresh import refreshed
from tests.support.forked_commands import forked_commands


def name_of(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page of the repository."""
    return list(blocks(page.read_text(), name_of(page)))


EVERY_BLOCK = [block for page in all_pages() for block in blocks_of(page)]
RUNNABLE = sorted({ROOT / b.page for b in EVERY_BLOCK if b.language in RUN})


AS_A_READER_DOES = ("README.md", "docs/tutorial/your-first-protocol.md")
"""Pages each of whose commands is a process of its own; those of the others are forks of one server."""


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables with which the commands of a page need not start anew."""
    with forked_commands(environment(tmp_path_factory.mktemp("commands"))) as variables:
        yield variables


def run(text: str, folder: Path, variables: Mapping[str, str] | None = None) -> None:
    """Run a page given as text."""
    runner = Runner(folder, variables)
    for block in blocks(text, "page.md"):
        runner.run(block)


# ---- the pages of this repository ----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, forks: dict[str, str]) -> None:
    runner = Runner(tmp_path, None if name_of(page) in AS_A_READER_DOES else forks)
    for block in blocks_of(page):
        runner.run(block)


def test_there_are_examples_to_run() -> None:
    run_for_real = [b for b in EVERY_BLOCK if b.language in RUN and "not run" not in b.marks]
    assert {b.language for b in run_for_real} == set(RUN)
    assert set(AS_A_READER_DOES) <= {b.page for b in run_for_real}


def test_every_block_names_a_language_that_is_run_or_cannot_be() -> None:
    wrong = [f"{b.where}: {b.language!r}" for b in EVERY_BLOCK if b.language not in RUN + READ_ONLY]
    assert wrong == []


def test_every_mark_is_known_and_every_exception_has_its_reason() -> None:
    unknown = [f"{b.where}: {mark}" for b in EVERY_BLOCK for mark in b.marks if mark not in MARKS]
    no_reason = [b.where for b in EVERY_BLOCK if not b.marks.get("not run", "a reason")]
    assert unknown == []
    assert no_reason == []


# ---- the runner itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("```console\n$ echo yes\nno\n```\n", r"page\.md:2: `echo yes`", id="output"),
        pytest.param("```console\n$ exit 3\n```\n", "exit code 3, not 0", id="exit code"),
        pytest.param(
            "<!-- exit code: 1 -->\n```console\n$ false\n$ true\n```\n",
            "`false` ended with exit code 1, not 0",
            id="only the last command may fail",
        ),
        pytest.param("```python\n\nassert 1 == 2\n```\n", "AssertionError", id="python"),
        pytest.param(
            "```python\nprint(1)\n```\n\n<!-- output -->\n```text\n2\n```\n",
            "the python block above printed\n1",
            id="printed",
        ),
    ],
)
def test_a_page_that_promises_what_does_not_happen_fails(
    text: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(WrongPage, match=complaint):
        run(text, tmp_path)


WRONG = "```console\n$ counterpoint fuzz register --runs 3 --seed 1\nholds: 4 runs...\n```\n"
FAILS = "```console\n$ counterpoint fuzz register --mutant B3 --runs 2000 --seed 1\n```\n"


@pytest.mark.slow
@pytest.mark.parametrize("is_forked", [True, False])
def test_a_command_that_prints_or_ends_otherwise_fails_its_page(
    is_forked: bool, tmp_path: Path, forks: dict[str, str]
) -> None:
    variables = forks if is_forked else None
    with pytest.raises(WrongPage, match=r"printed\nholds: 3 runs"):
        run(WRONG, tmp_path, variables)
    with pytest.raises(WrongPage, match=r"ended with exit code 1, not 0\n(.*\n)* ✗ regular: "):
        run(FAILS, tmp_path, variables)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param("counterpoint list | head -n 3", id="a pipe that is closed"),
        pytest.param("printf 'status\\n' | counterpoint play token_manager", id="input"),
        pytest.param("counterpoint nonsense", id="exit code 2"),
        pytest.param("counterpoint nonsense 2>&1 >/dev/null | wc -l", id="error alone"),
        pytest.param("cd empty && counterpoint show nothing.jsonl", id="a folder"),
        pytest.param("COLUMNS=40 counterpoint fuzz --help", id="a variable"),
        pytest.param(
            "counterpoint list >1 & counterpoint settings register >2; wait; cat 1 2", id="two"
        ),
    ],
)
def test_a_fork_does_what_a_process_of_its_own_does(
    command: str, tmp_path: Path, forks: dict[str, str]
) -> None:
    told = []
    for name, variables in (("forked", forks), ("started", None)):
        folder = tmp_path / name
        (folder / "empty").mkdir(parents=True)
        shell = ["sh", "-c", command]
        done = subprocess.run(
            shell,
            cwd=folder,
            env=variables or environment(folder),
            capture_output=True,
            check=False,
        )
        told.append((done.returncode, done.stdout, done.stderr))
    assert told[0] == told[1]
    assert told[0][1] or told[0][2]


UP = """
mkfifo told
counterpoint up causal_deps --seconds 120 > told 2>&1 &
exec 3< told
read first <&3
kill $!
cat <&3  # which ends when nobody is left who could write
"""


@pytest.mark.slow
def test_a_cluster_ends_with_the_command_that_a_page_kills(
    tmp_path: Path, forks: dict[str, str]
) -> None:
    subprocess.run(["sh", "-c", UP], cwd=tmp_path, env=forks, timeout=60, check=True)


KILLED = """
import os, signal
from tests.support.forked_commands import forked_commands
with forked_commands(os.environ):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_the_server_of_commands_ends_with_who_started_it() -> None:
    """Its errors go where those of its starter do, and nobody reads their end before it has gone."""
    starter = [sys.executable, "-c", KILLED]
    done = subprocess.run(starter, cwd=ROOT, stderr=subprocess.PIPE, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```console\n$ echo 7 runs in 3 s\n7 runs in ... s\n```\n", id="in a line"),
        pytest.param(
            "```console\n$ printf '1\\n2\\n3\\n'\n1\n...\n3\n$ echo '4  '\n4\n```\n", id="lines"
        ),
        pytest.param("<!-- not run: it fails -->\n```console\n$ false\n```\n", id="not run"),
        pytest.param("<!-- exit code: 1 -->\n```console\n$ false\n```\n", id="meant to fail"),
        pytest.param(
            "<!-- file: a/b.txt -->\n```text\nhello\n```\n\n```console\n$ cat a/b.txt\nhello\n```\n",
            id="a file",
        ),
        pytest.param(
            "```python\nx = 1\n```\n\n```python\nprint(x)\n```\n\n<!-- output -->\n```text\n1\n```\n",
            id="one namespace",
        ),
        pytest.param(
            "```console\n$ python -c 'import sys; print(sys.version_info[:1])'\n(3,)\n```\n",
            id="this environment comes first",
        ),
    ],
)
def test_a_page_that_keeps_its_promises_passes(text: str, tmp_path: Path) -> None:
    run(text, tmp_path)


def test_a_refreshed_page_shows_what_came_and_keeps_the_rest() -> None:
    before = "# T\n\n```console\n$ echo a\n...\n$ printf '1\\n2\\n'\nold\n```\n\nold\n"
    after = "# T\n\n```console\n$ echo a\n...\n$ printf '1\\n2\\n'\n1\n2\n```\n\nold\n"
    assert refreshed(before, "page.md") == after


def test_a_mark_is_for_the_block_below_it_alone() -> None:
    text = "<!-- exit code: 1 -->\nWords between.\n```console\n$ true\n```\n```text\n```\n"
    assert [block.marks for block in blocks(text, "page.md")] == [{}, {}]
