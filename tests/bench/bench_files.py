"""How long whole processes take over files in the formats of other checkers, and in how much memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_causal import store_history
from tests.bench.measure import COMMAND, Figure, process_used
from tests.bench.peers import awdit_text, plume_text

AWDIT_SECONDS = {100_000: 0.35, 1_000_000: 6.0}
"""AWDIT, in Rust, as a whole process; ours took 5.05 and 64.5 s and 2.4 GB in that session."""


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    check = ["-c", COMMAND, "check"]
    with TemporaryDirectory() as folder:
        for count, awdit in AWDIT_SECONDS.items():
            history = store_history(count, by_stamp=True)
            for name, text in (("AWDIT", awdit_text(history)), ("Plume", plume_text(history))):
                path = Path(folder) / f"{name}-{count}.txt"
                path.write_text(text, encoding="utf-8")
                took, bytes_most = min(process_used([*check, str(path)]) for _ in range(3))
                what = f"{count:,} operations in {name}'s format"
                yield Figure(what, took, "s", f"<= {2 * awdit:g}", "whole process", awdit)
                yield Figure("  memory", bytes_most / 2**20, "MB", "<= 1,500")
