"""The pytest plugin as installed from the wheel, in a repository of the user's own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Installed

PROTOCOL = Path(__file__).resolve().parents[1] / "support" / "abd.py"

TESTS = """
import counterpoint
from abd import abd, hasty

test_right = counterpoint.verify(abd(), runs=200)
test_wrong = counterpoint.verify(hasty(), seed=7)
TestWrong = counterpoint.machine(hasty())
"""


@pytest.mark.slow
def test_a_repository_of_its_own_finds_reports_and_replays(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "abd.py").write_text(PROTOCOL.read_text())
    (tmp_path / "test_mine.py").write_text(TESTS)
    (tmp_path / "model.py").write_text("mine = True\n")
    strict = ("python", "-W", "error", "-m", "pytest", "-p", "no:cacheprovider")
    done = installed.run(*strict, "-n", "2", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 1 passed" in done.stdout
    assert "no early read: c2 read 1 before it was written. (7 steps)" not in done.stdout
    command = re.search(r"^ replay +pytest (.*test_wrong.*)$", done.stdout, re.MULTILINE)
    assert command, done.stdout
    again = installed.run(*strict, *shlex.split(command[1]), cwd=tmp_path)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "no early read: c2 read 1 before it was written. (7 steps)" in again.stdout


@pytest.mark.slow
def test_the_profiles_are_registered_wherever_hypothesis_is_imported(
    installed: Installed, tmp_path: Path
) -> None:
    code = (
        "from hypothesis import settings\n"
        "print(settings.get_profile('nightly').max_examples, settings().max_examples)"
    )
    assert installed.python(code, cwd=tmp_path) == "5000 100"
