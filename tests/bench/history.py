"""What was measured before: a line of JSON for each run of `make bench`, in tests/bench/history.jsonl.

The figures of two lines may come from two days or two machines, so that they tell a tendency over
many; what a change costs is measured by `make bench-compare`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure

FILE = Path(__file__).with_name("history.jsonl")


def entry(taken: Mapping[str, Sequence[Figure]]) -> dict[str, Any]:
    """Return the line of a run: when, of which commit, on what, and the figures by their names."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "figures": {f.name: [f.value, f.unit] for figures in taken.values() for f in figures},
    }


def commit() -> str:
    """Return the commit that is checked out, with a plus where files differ; nothing without git."""
    command = ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+"]
    try:
        done = subprocess.run(command, cwd=FILE.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def machine() -> str:
    """Return what decides how fast it is, as far as Python knows it: no name of a host."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {python}"


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def last(path: Path, of_machine: str) -> dict[str, tuple[float, str]]:
    """Return each figure's newest value on such a machine, and the commit that it is of."""
    found: dict[str, tuple[float, str]] = {}
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if line["machine"] == of_machine:
                found |= {n: (v, line["commit"]) for n, (v, _) in line["figures"].items()}
    return found
