"""A real cluster on this machine: calls a second, how long they take, and what each costs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.measure import COMMAND, Figure, usual

SHORT_SECONDS, LONG_SECONDS = 3, 15


def figures() -> Iterator[Figure]:
    """Yield the figures: three readers and a writer, 8 clients, one call at a time each.

    The cost of a call is what the longer of two runs has used more, by the calls that it has more: so
    what processes need to start is no part of it.
    """
    short, long = (_register(seconds) for seconds in (SHORT_SECONDS, LONG_SECONDS))
    found = long.found
    yield Figure("register, reads and writes", found["per_second"], "/s", ">= 2,000", "no sync")
    for part in ("p50", "p99"):
        yield Figure(f"register, {part}", found["milliseconds"][part], "ms")
    calls = found["completed"] - short.found["completed"]
    cost = (long.processor_seconds - short.processor_seconds) / calls * 1e3
    yield Figure("register, processor time of all processes a call", cost, "ms", "<= 1")


@dataclass(frozen=True)
class LiveRun:
    """What a run has found, and the processor time of all its processes."""

    found: dict[str, Any]
    processor_seconds: float


def _register(seconds: int) -> LiveRun:
    before = _processor_seconds()
    arguments = ("--clients", "8", "--processes", "1", "--pace", "0", "--no-log")
    found = _live("register", *arguments, "--seconds", str(seconds))
    return LiveRun(found, _processor_seconds() - before)


def _live(*arguments: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["live", *arguments, "--no-sync", "--json"]
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *command, "--out", folder],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=usual(), text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
