"""The version: it comes from the tags, and there is one where there are no tags and no git."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, VERSION, Installed, committed, git, run

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools_scm"]
NEXT = SETTINGS["fallback_version"]


def tree_of(folder: Path) -> Path:
    """Return a tree with nothing in it but what decides the version."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def version_of(tree: Path) -> str:
    """Return the version that a build of this tree would have."""
    done = run(sys.executable, "-m", "setuptools_scm", cwd=tree)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_tag_is_the_version_and_what_follows_it_is_a_later_one(tmp_path: Path) -> None:
    tree = committed(tree_of(tmp_path), "v1.2.3")
    assert version_of(tree) == "1.2.3"
    git(tree, "commit", "--quiet", "--allow-empty", "--message", "more")
    assert version_of(tree) == "1.2.3.post1.dev1"


@pytest.mark.slow
def test_a_clone_without_tags_counts_from_the_version_that_the_project_names(
    tmp_path: Path,
) -> None:
    assert version_of(committed(tree_of(tmp_path))) == f"{NEXT}.post1.dev1"


@pytest.mark.slow
def test_a_tree_without_git_is_the_version_that_the_project_names(tmp_path: Path) -> None:
    assert version_of(tree_of(tmp_path)) == NEXT


@pytest.mark.slow
def test_the_installed_command_tells_the_version_of_the_tag(
    installed: Installed, tmp_path: Path
) -> None:
    assert VERSION in installed.sdist.name
    assert VERSION in installed.wheel.name, "the archive without git keeps what it was built as"
    told = installed.run("counterpoint", "--version", cwd=tmp_path).stdout
    assert told == f"counterpoint, version {VERSION}\n"


def test_the_newest_version_in_the_changelog_is_the_one_that_the_project_names() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", text, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == NEXT
    assert headings[1][1], "a version has its day"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_the_version_that_the_project_names_is_not_behind_the_tags_of_this_clone() -> None:
    command = ["git", "tag", "--list", "v[0-9]*", "--merged", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    tags = [tuple(map(int, tag[1:].split("."))) for tag in done.stdout.split()]
    assert max(tags, default=(0,)) <= tuple(map(int, NEXT.split(".")))
