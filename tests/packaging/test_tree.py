"""The repository as a whole: it tells of the product, the same on every machine."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"build", "dist", "node_modules"}

# A letter in brackets matches itself, so that this file does not match its own patterns.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:[w]ork|[r]oot|[h]ome|[U]sers)(?:/\w|\b)"),
    "a word about who wrote it": re.compile(
        r"\b(?:[A]I|[L]LMs?|(?i:[a]ssistants?|[c]laude|(?:[c]hat ?)?[g]pt|[c]opilot|[a]nthropic"
        r"|[o]penai|language [m]odels?))\b"
    ),
}


def files_of_the_repository() -> list[Path]:
    """Return what git tracks or would add; without git, every file outside hidden folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return list(files_outside_hidden_folders())
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def files_outside_hidden_folders() -> Iterator[Path]:
    """Walk the checkout without following links."""
    for parent, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if not f.startswith((".", "__")) and f not in GENERATED]
        yield from (Path(parent) / name for name in names)


def texts() -> Iterator[tuple[str, str]]:
    """Return the path and the text of each file that is text."""
    for path in files_of_the_repository():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(ROOT).as_posix(), content.decode()


@pytest.mark.slow
@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_mentions(what: str) -> None:
    hits = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "see /" + "work/main/x.py"),
        ("a path of one machine", "cd '/" + "root'"),
        ("a word about who wrote it", "written by an " + "A" + "I"),
        ("a word about who wrote it", "our Assist" + "ants say"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)


@pytest.mark.parametrize(
    "line", ["https://example.org/" + "work/7", "framework/root_cause", "AIM", "the wait, again"]
)
def test_the_patterns_spare_what_they_are_not_for(line: str) -> None:
    assert not any(pattern.search(line) for pattern in FORBIDDEN.values())


def test_both_ways_of_listing_files_find_the_project() -> None:
    for listed in (files_of_the_repository(), list(files_outside_hidden_folders())):
        assert {ROOT / "pyproject.toml", ROOT / "model" / "world.py"} <= set(listed)


def test_the_package_links_to_the_top_level_folders() -> None:
    """One copy of each file, reached under a name that breaks nobody's own `model`."""
    package = ROOT / "src" / "counterpoint"
    for layer in ("model", "impl", "checkers", "harness"):
        assert (package / layer).is_symlink(), "the checkout needs symbolic links"
        assert (package / layer).readlink() == Path("..", "..", layer)


CHECKERS_MAX = 110
CHECKER_LINES_MAX = 400


def test_the_checkers_are_few_files_of_one_idea_each() -> None:
    """A new idea takes the place of another, or joins its neighbour; no file outgrows a reader."""
    lines = {
        path.relative_to(ROOT).as_posix(): path.read_text().count("\n")
        for path in (ROOT / "checkers").rglob("*.py")
    }
    assert 0 < len(lines) <= CHECKERS_MAX
    assert {name: count for name, count in lines.items() if count > CHECKER_LINES_MAX} == {}
