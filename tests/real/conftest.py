"""Real processes for tests: commands of ours as children, and a count of those that are left over."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterpoint.harness.live.ports import free_ports
from counterpoint.harness.live.processes import COMMAND

SECONDS_MAX = 240.0
FOLDER = "COUNTERPOINT_TEST_FOLDER"


def processes() -> list[tuple[int, str]]:
    """Return all other processes that run in the folder of this test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            is_here = os.readlink(folder / "cwd") == os.environ[FOLDER]
        except OSError:
            continue
        if is_here and state != "Z" and int(folder.name) != os.getpid():
            found.append((int(folder.name), line))
    return found


def gone() -> bool:
    """Wait until no process of this test is left; tell whether that came about."""
    deadline = time.monotonic() + 10
    while processes() and time.monotonic() < deadline:
        time.sleep(0.05)  # a process that was killed needs a moment to be gone
    return not processes()


class World:
    """A folder, the commands that run in it, and what they print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of ours, which ends with the test at the latest."""
        child = subprocess.Popen(
            [*COMMAND, *arguments, *(["--tied"] if arguments[0] in ("up", "serve") else [])],
            cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._running.append(child)
        return child

    def run(self, *arguments: str, text: str = "") -> tuple[int, str]:
        """Run a command to its end, and return how it ended and what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder, input=text, capture_output=True, text=True, timeout=SECONDS_MAX,
            check=False,
        )  # fmt: skip
        return done.returncode, (done.stdout + done.stderr).strip()

    def up(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a cluster, and return when all its nodes answer."""
        child = self.start("up", *arguments)
        assert child.stdout is not None
        said = []
        for line in child.stdout:
            said.append(line)
            if line.startswith("up: "):
                return child
        raise AssertionError("".join(said))

    def end(self) -> None:
        """End what still runs."""
        for child in self._running:
            child.terminate()
            child.communicate(timeout=SECONDS_MAX)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A folder with an access configuration on free ports; at the end, no process is left over.

    Token 1 has its writer among three readers, token 2 another writer and two readers.
    """
    if sys.platform != "linux":
        pytest.skip("left-over processes are counted in /proc")
    one, two, three, four = (f"127.0.0.1:{port}" for port in free_ports(4))
    text = f"- {{token: 1, writer: '{one}', readers: ['{one}', '{two}', '{three}']}}\n"
    text += f"- {{token: 2, writer: '{four}', readers: ['{two}', '{three}']}}\n"
    (tmp_path / "register.yaml").write_text(text)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    here = World(tmp_path)
    yield here
    here.end()
    assert gone(), processes()


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something is the case, and fail if that never comes about."""

    def wait(is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS_MAX
        while not is_so():
            assert time.monotonic() < deadline, "it has not come about"
            time.sleep(0.05)

    return wait
