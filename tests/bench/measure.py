"""How a figure is taken: processor time of this process, the best of some rounds.

Machines are shared and noisy, so wall time says little and the best round says most. Where two
things are compared, both are measured in one run and the ratio is the figure.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time

COMMAND = (
    "import sys; from counterpoint.harness.cli import main; sys.argv[0] = 'counterpoint'; main()"
)
"""Runs a command of ours in a process of its own, by `python -c`."""


SPAWN = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
"""
"""Runs a command and tells what it used: started from here it would count our memory as its own."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number: what was measured, how much, of what unit, and what was aimed at.

    `peer` is an earlier figure of another tool in the same unit, 0.0 where there is none; it may
    come from another machine, so that `ratio`, ours to the peer's, is a hint and no measurement.
    """

    name: str
    value: float
    unit: str
    aim: str = ""
    note: str = ""
    peer: float = 0.0

    @property
    def ratio(self) -> float:
        """Ours to the peer's earlier figure, 0.0 where there is none."""
        return self.value / self.peer if self.peer else 0.0


def seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least processor time that a piece of work took, in seconds."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best


def usual() -> dict[str, str]:
    """Return the environment of a process that keeps its bytecode, as those of users do."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def process_seconds(arguments: Sequence[str], rounds: int = 5, *, exit_code: int = 0) -> float:
    """Return the least processor time that a process of Python took, imports included."""
    process_used(arguments, exit_code=exit_code)  # which leaves its bytecode behind
    return min(process_used(arguments, exit_code=exit_code)[0] for _ in range(rounds))


def process_used(arguments: Sequence[str], *, exit_code: int = 0) -> tuple[float, int]:
    """Run a process of Python; return its processor seconds and the most memory it used, in bytes."""
    command = [sys.executable, *arguments]
    run = [sys.executable, "-S", "-c", SPAWN, *command]
    told = subprocess.run(run, stdout=subprocess.PIPE, env=usual(), check=True, text=True)
    code, used, most = told.stdout.split()
    assert int(code) == exit_code, f"{command} ended with {code}"
    return float(used), int(most)
