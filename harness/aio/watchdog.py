"""The watchdog: ends a step in which a program computes on and on without waiting, and says where.

A step that a signal waits for is ended sooner.

It is a thread of its own, and the only thing here that a real clock decides: it turns a run that would
never end into one that says why. A step that a debugger or a tracer follows may take its time.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from types import FrameType
from typing import Any, Protocol

from counterpoint.harness.interruption import is_one_waiting
from counterpoint.model.mistakes import is_around, short_file

STEP_SECONDS = 5.0
"""So long one step may take; most take a twentieth of a millisecond."""


LOOK_SECONDS = 0.25
"""So often it looks."""


class TookTooLong(BaseException):
    """Raised in the program that does not wait, wherever it is."""


class WatchedSteps(Protocol):
    """Which step is under way."""

    node: Any
    thread: int
    count: int


class Watchdog:
    """Looks now and then which step is under way; a daemon, so that it keeps nobody from ending."""

    def __init__(self, steps: WatchedSteps) -> None:
        self._steps = steps
        self._bell = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, name="counterpoint watchdog", daemon=True
        )

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def _watch(self) -> None:
        seen, looks = -1, 0
        while not self._bell.wait(LOOK_SECONDS):
            is_same = self._steps.node is not None and self._steps.count == seen
            looks = looks + 1 if is_same else 0
            if is_same and is_one_waiting():
                self._interrupt()
            if looks * LOOK_SECONDS >= STEP_SECONDS:
                self._end_step()
                looks = 0  # what was built up may take long to be given back
            seen = self._steps.count

    def _end_step(self) -> None:
        frame = sys._current_frames().get(self._steps.thread)
        node = self._steps.node
        if frame is None or node is None or _is_followed(frame):
            return
        node.endless_at = place_in(frame)
        self._interrupt()

    def _interrupt(self) -> None:
        thread = ctypes.c_ulong(self._steps.thread)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TookTooLong))


def _is_followed(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_trace is not None:
            return True
        frame = frame.f_back
    return False


def place_in(frame: FrameType | None) -> str:
    """Return the author's innermost line of a running step, "store.py:12, in read"."""
    while frame is not None and is_around(frame.f_globals):
        frame = frame.f_back
    if frame is None:
        return "nobody knows where"
    return f"{short_file(frame.f_code.co_filename)}:{frame.f_lineno}, in {frame.f_code.co_name}"
