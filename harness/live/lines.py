"""TypedLines of standard input, read besides whatever else is going on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from counterpoint.harness.live.processes import tie_to_kernel


class TypedLines:
    """The lines that have come since this was last asked."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[str] = SimpleQueue()

    def read(self, end: Callable[[], None] | None) -> None:
        """Begin to read; `end` is called when the input ends, where this process ends with it."""
        if end is not None:
            tie_to_kernel()

        def follow() -> None:
            for line in sys.stdin:
                self._queue.put(line)
            if end is not None:
                end()

        threading.Thread(target=follow, daemon=True, name="lines").start()

    def new(self) -> Iterator[str]:
        """Return what has come, without waiting; lines that say nothing are left out."""
        while True:
            try:
                line = self._queue.get_nowait()
            except Empty:
                return
            if line.strip():
                yield line
