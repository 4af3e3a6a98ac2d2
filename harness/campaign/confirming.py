"""A replay in a fresh process: what that does not reproduce is not reported as found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = "from counterpoint.harness.start import main; main()"
SECONDS_MAX = 120


def confirmed(file: Path) -> str:
    """Return what `counterpoint replay` says of a trace file: "reproduced", or what else."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "replay", str(file), "--json"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS_MAX,
        )
        return str(json.loads(done.stdout)["outcome"])
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS_MAX} s"
    except (ValueError, KeyError):
        return "error"
