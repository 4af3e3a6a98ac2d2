"""The Makefile and the script of continuous integration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAS_MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def run(*command: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout."""
    env = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
@HAS_MAKE
def test_help_lists_every_target_with_a_line_of_its_own() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    listed = re.findall(r"^  make (\S+) +\w", run("make", "help").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


@HAS_MAKE
def test_an_interpreter_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    old = tmp_path / "python2"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run("make", "install", f"PYTHON={old}", f"VENV={tmp_path / 'env'}")
    assert done.returncode == 2
    assert f"PYTHON must be Python 3.11 or later, not '{old}'" in done.stderr
    assert not (tmp_path / "env").exists()


@pytest.mark.slow
def test_check_leaves_the_fast_tests_to_a_test_that_runs_beside_it() -> None:
    alone = run("make", "--dry-run", "check", "VERSION=none", "ARGS=").stdout
    both = run("make", "--dry-run", "check", "test", "VERSION=none", "ARGS=").stdout
    for told in (alone, both):
        assert re.findall(r"bin/(ruff \w+|mypy|lint-imports)", told) == [
            *("ruff format", "ruff check", "mypy", "lint-imports")
        ]
    assert re.findall(r"-m pytest .*", alone) == re.findall(r'-m pytest .*-m "not slow.*', alone)
    (suite,) = re.findall(r"-m pytest .*", both)
    assert "not slow" not in suite


@pytest.mark.slow
@HAS_MAKE
@pytest.mark.parametrize("fails", ["nightly", "hypothesis", "neither"])
def test_a_night_is_spent_on_both_halves_and_is_red_where_one_is(
    fails: str, tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$*"\ncase "$*" in *" -m {fails} "*) exit 1; esac\n')
    python.chmod(0o755)
    done = run("make", "--silent", "nightly", f"VENV={tmp_path}", "STAMP=", "VERSION=none", "ARGS=")
    asked = [line.partition(" -m ")[2].split()[0] for line in done.stdout.splitlines()]
    assert asked == ["nightly", "hypothesis"]
    assert (done.returncode != 0) is (fails != "neither")


def ci_script(tmp_path: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """Run the script of continuous integration with a `make` that does nothing but this."""
    fake = tmp_path / "make"
    fake.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    fake.chmod(0o755)
    return run(str(ROOT / ".ci" / "run"), path=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_the_ci_script_checks_and_tests_and_a_failed_check_keeps_no_test_from_running(
    tmp_path: Path,
) -> None:
    done = ci_script(tmp_path, 'echo "asked for: $*"')
    assert done.stdout.splitlines()[0] == "asked for: --keep-going check test"


@pytest.mark.parametrize(
    ("closing", "code"),
    [
        pytest.param("======= 12 passed, 1 skipped in 3.21s =======", 0, id="passed"),
        pytest.param("======= 1 failed, 11 passed in 63.00s (0:01:03) =======", 1, id="failed"),
        pytest.param("2 errors in 0.10s", 2, id="quiet, errors"),
    ],
)
def test_the_ci_script_ends_with_pytests_closing_line_and_its_exit_code(
    closing: str, code: int, tmp_path: Path
) -> None:
    done = ci_script(tmp_path, "echo working", f"echo '{closing}'", "echo trailing", f"exit {code}")
    assert done.returncode == code
    assert done.stdout.splitlines()[0] == "working"
    assert done.stdout.splitlines()[-1] == closing


def test_the_ci_script_tells_a_failed_check_again_before_the_line_of_a_suite_that_passed(
    tmp_path: Path,
) -> None:
    failure = "make: *** [Makefile:50: lint] Error 1"
    done = ci_script(tmp_path, f"echo '{failure}' >&2", "echo '9 passed in 1.00s'", "exit 2")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-2:] == [failure, "9 passed in 1.00s"]


def test_the_ci_script_says_so_when_pytest_never_ran(tmp_path: Path) -> None:
    done = ci_script(tmp_path, "echo 'no network'", "exit 2")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == (
        "pytest did not finish: make check test ended with exit code 2"
    )
