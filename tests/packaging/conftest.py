"""The built package, made once: a wheel from the source archive, in an empty environment."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IN_THE_ARCHIVE = ("pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE", "src")
VERSION = "7.8.9"
"""What the tag of the built tree says."""
LINKED = ("model", "impl", "checkers", "harness")


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and its dependencies, but neither this checkout nor pip."""

    sdist: Path
    wheel: Path
    bin: Path

    def check_types(self, file: Path) -> str:
        """Return what mypy says of a file that imports from the environment."""
        mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable")
        return run(*mypy, self.bin / "python", file, cwd=file.parent).stdout

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return run(self.bin / command[0], *command[1:], cwd=cwd)

    def python(self, code: str, cwd: Path) -> str:
        """Run Python code in the environment and return what it printed."""
        done = self.run("python", "-c", code, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without what this process was told by its environment, above all PYTHONPATH.

    With it, pip would find the package already installed, and Python would import the checkout.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "MYPY"))}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def checked(*command: str | Path, cwd: Path) -> None:
    """Run a command that must succeed."""
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"


def copy_of_the_checkout(target: Path) -> Path:
    """Copy what a build reads, links as links: a build writes into its tree, and reads what is left."""
    target.mkdir()
    generated = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in (*IN_THE_ARCHIVE, *LINKED):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, symlinks=True, ignore=generated)
        else:
            shutil.copy(source, target / name)
    return target


def git(tree: Path, *arguments: str) -> None:
    """Run git in a tree, as somebody, whatever is configured here."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    checked("git", *who, *arguments, cwd=tree)


def committed(tree: Path, *tags: str) -> Path:
    """Make a tree a repository of one commit, with these tags."""
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "all")
    for tag in tags:
        git(tree, "tag", tag)
    return tree


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the source archive, the wheel from the archive, and install the wheel. No network.

    The dependencies are lent by the environment of this interpreter: as a plain directory on the
    path, so that an editable install of this checkout in it is not seen. All workers of a session
    share what the first of them builds.
    """
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent
    with (session / "packaging.txt").open("a+") as told:
        fcntl.flock(told, fcntl.LOCK_EX)
        told.seek(0)
        here = told.read()
        if not here:
            here = str(tmp_path_factory.mktemp("packaging"))
            build(Path(here))
            told.write(here)
    return installed_in(Path(here))


def build(here: Path) -> None:
    """Build and install in an empty folder."""
    tree = copy_of_the_checkout(here / "tree")
    (tree / "tests").mkdir()
    (tree / "tests" / "test_nothing.py").touch()
    committed(tree, f"v{VERSION}")
    building = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    checked(*building, here / "dist", tree, cwd=here)
    venv = here / "venv"
    checked(sys.executable, "-m", "venv", "--without-pip", venv, cwd=here)
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python")
    wheel = installed_in(here).wheel
    checked(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=here)
    (site,) = (venv / "lib").glob("python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")


def installed_in(here: Path) -> Installed:
    """Return what was built in a folder."""
    (sdist,) = (here / "dist").glob("*.tar.gz")
    (wheel,) = (here / "dist").glob("*.whl")
    return Installed(sdist, wheel, here / "venv" / "bin")
