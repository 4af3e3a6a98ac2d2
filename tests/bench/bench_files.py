"""How long whole processes take over files in the formats of other checkers, and in how much memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_causal import store_history
from tests.bench.measure import Figure
from tests.bench.peers import awdit_text, plume_text

CHECK = (
    "import sys; from counterpoint.harness.cli import main; sys.argv[0] = 'counterpoint'; main()"
)
AWDIT_SECONDS = {100_000: 0.35, 1_000_000: 6.0}
"""AWDIT, in Rust, as a whole process; ours took 5.05 and 64.5 s and 2.4 GB in that session."""


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    with TemporaryDirectory() as folder:
        for count, awdit in AWDIT_SECONDS.items():
            history = store_history(count, by_stamp=True)
            for name, text in (("AWDIT", awdit_text(history)), ("Plume", plume_text(history))):
                path = Path(folder) / f"{name}-{count}.txt"
                path.write_text(text, encoding="utf-8")
                took, bytes_most = _checked(path)
                what = f"{count:,} operations in {name}'s format"
                yield Figure(what, took, "s", f"<= {2 * awdit:g}", "whole process", awdit)
                yield Figure("  memory", bytes_most / 2**20, "MB", "<= 1,500")


def _checked(path: Path) -> tuple[float, int]:
    """Check a file; return processor seconds, and the most memory of any child so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", CHECK, "check", str(path)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return took, after.ru_maxrss * 1024
