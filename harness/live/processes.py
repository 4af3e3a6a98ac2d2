"""Child processes that cannot outlive us.

A child runs in a session of its own, so that Ctrl-C reaches it through its parent alone, in order. It
ends when its standard input does, which no parent survives; and where the kernel offers it (Linux), it
is killed with its parent, also while it is stopped.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from counterpoint.harness.interruption import SIGNALS, stopping

PATIENCE_SECONDS = 5.0
"""Who has not stopped by then when asked, is killed."""

_PR_SET_PDEATHSIG = 1
COMMAND = (sys.executable, "-c", "from counterpoint.harness.start import main; main()")
"""How the command line is run by this interpreter, installed or not."""


def tie_to_parent(stop: Callable[[], object]) -> None:
    """Let this process end with its parent: `stop` is called when standard input ends."""
    tie_to_kernel()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=watch, daemon=True, name="lifeline").start()


def tie_to_kernel() -> None:
    """Let this process be killed with its parent, where the kernel can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def collect_rarely() -> None:
    """Let the garbage collector look seldom: what a node makes is free again without it.

    Its values are frozen and point to none that is younger, so no circle of them can come to be.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class Children:
    """Child processes by name. Use it as a context manager, in the main thread: at its end, all of
    them are gone, whether it is reached, or left by an error, Ctrl-C or SIGTERM.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._stopping = stopping()
        self._stopping.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # who is impatient must not leave orphans behind
        self.stop_all()
        self._stopping.__exit__(None, None, None)

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Run a program as a child; what it says goes to a file of its name."""
        assert name not in self.running, f"{name} runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.err").open("ab") as file:
            self._children[name] = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def tell(self, name: str, text: str) -> None:
        """Write a line to the standard input of a child."""
        pipe = self._children[name].stdin
        assert pipe is not None, name
        pipe.write(text.encode() + b"\n")
        pipe.flush()

    @property
    def running(self) -> tuple[str, ...]:
        """The children that have not ended."""
        return tuple(name for name, child in self._children.items() if child.poll() is None)

    def has(self, name: str) -> bool:
        """Tell whether a child of this name was ever started."""
        return name in self._children

    def pid(self, name: str) -> int:
        """Return the process of a child."""
        return self._children[name].pid

    def exit_code(self, name: str) -> int | None:
        """Return how a child ended, None while it runs."""
        return self._children[name].poll()

    def said(self, name: str) -> str:
        """Return what a child has said last."""
        file = self.folder / f"{name}.err"
        return file.read_text(errors="replace")[-2000:] if file.exists() else ""

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a child that runs."""
        if self._children[name].poll() is None:
            os.kill(self._children[name].pid, number)

    def kill(self, name: str) -> None:
        """Kill a child, and wait until it is gone."""
        self.signal(name, signal.SIGKILL)
        child = self._children[name]
        child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def wait(self, name: str, seconds: float) -> int | None:
        """Return how a child ended, None if it still runs after so long."""
        try:
            return self._children[name].wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop_all(self) -> None:
        """Ask all children to stop, and kill those that do not."""
        for name, child in self._children.items():
            self.signal(name, signal.SIGCONT)
            self.signal(name, signal.SIGTERM)
            if child.stdin is not None:
                child.stdin.close()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for name in self._children:
            if self.wait(name, max(deadline - time.monotonic(), 0.01)) is None:
                self.kill(name)
