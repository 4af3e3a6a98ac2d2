"""A real cluster on this machine: calls a second, how long they take, and what each costs."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.bench.measure import COMMAND, Figure, usual

SECONDS = 10


def figures() -> Iterator[Figure]:
    """Yield the figures: three readers and a writer, 8 clients, one call at a time each."""
    before = _processor_seconds()
    found = _live("register", "--clients", "8", "--processes", "2", "--pace", "0", "--no-log")
    cost = (_processor_seconds() - before) / found["completed"] * 1e3
    yield Figure("register, reads and writes", found["per_second"], "/s", ">= 2,000", "no sync")
    for part in ("p50", "p99"):
        yield Figure(f"register, {part}", found["milliseconds"][part], "ms")
    yield Figure("register, processor time of all processes a call", cost, "ms", "<= 1", "all in")


def _live(*arguments: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["live", *arguments, "--no-sync", "--seconds", str(SECONDS), "--json"]
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *command, "--out", folder],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=usual(), text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
