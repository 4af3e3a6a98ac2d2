"""How long it takes until something happens: processor time of whole processes, imports included."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

from tests.bench.measure import COMMAND, Figure, process_seconds, usual

PLUGIN = (
    "import time, random, hashlib, importlib.metadata, pytest, _pytest.config\n"
    "start = time.process_time()\n"
    "import counterpoint.harness.pytest_plugin\n"
    "print(time.process_time() - start)"
)
"""The plugin beside what pytest itself has imported before it loads any plugin."""


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    nothing = process_seconds(["-c", "pass"])
    yield Figure("python, doing nothing", nothing, "s")
    for arguments, aim, before in (
        (("list",), "<= 0.2", 0.5),
        (("fuzz", "register", "--runs", "1"), "< 0.45", 0.45),
        (("--help",), "", 0.0),
    ):
        took = process_seconds(["-c", COMMAND, *arguments])
        note = f"{before:g} s before" if before else ""
        yield Figure(f"counterpoint {' '.join(arguments)}", took, "s", aim, note)
    loads = [_output(["-c", PLUGIN]) for _ in range(5)]
    yield Figure("the pytest plugin, loaded and not used", min(loads) * 1e3, "ms", "<= 10")


def _output(arguments: Sequence[str]) -> float:
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.PIPE, check=True, env=usual()
    )
    return float(done.stdout)
