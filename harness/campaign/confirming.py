"""A replay in a fresh process: what that does not reproduce is not reported as found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

PROGRAM = "from counterpoint.harness.start import main; main()"
SECONDS_MAX = 120


def confirmed(file: Path) -> str:
    """Return what `counterpoint replay` says of a trace file: "reproduced", or what else, and why."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "replay", str(file), "--json"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS_MAX,
            start_new_session=True,  # Ctrl-C is for the lead, and no verdict on the run
        )
        said = json.loads(done.stdout)
        return str(said["outcome"]) + (f": {said['error']}" if "error" in said else "")
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS_MAX} s"
    except (ValueError, KeyError):
        return "error"


class Confirming:
    """Replays one after another, by `confirm`, while the search goes on."""

    def __init__(self, confirm: Callable[[Path], str]) -> None:
        self._confirm = confirm
        self._thread = ThreadPoolExecutor(1)
        self._asked: dict[int, Future[str]] = {}

    def ask(self, failure: int, file: Path) -> None:
        """Have the file of a failure replayed; what was asked of it before is of another run."""
        before = self._asked.pop(failure, None)
        if before is not None:
            before.cancel()
        self._asked[failure] = self._thread.submit(self._confirm, file)

    def answers(self, *, is_over: bool = False) -> Iterator[tuple[int, str]]:
        """Yield what is known by now, each once; when it is over, what all have come to."""
        for failure, answer in list(self._asked.items()):
            if is_over or answer.done():
                del self._asked[failure]
                yield failure, answer.result()

    def close(self) -> None:
        """Wait for the replay that is under way, and ask for no more."""
        self._thread.shutdown(cancel_futures=True)
        self._asked = {k: answer for k, answer in self._asked.items() if not answer.cancelled()}
