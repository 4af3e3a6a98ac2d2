"""A limit on time that holds even where the code that runs never looks at a clock."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

GRACE = 1.1
GRACE_SECONDS = 0.25
"""How much later than asked a check is stopped by force: its own budget can say more."""


class TimeIsOver(BaseException):
    """The time allowed is over. No `except Exception` on the way can swallow it."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `TimeIsOver` in the block when so many seconds have passed.

    It takes the alarm signal of the main thread. In other threads, and on systems without that
    signal, nothing is raised: there the checkers' own budgets must do.
    """
    has_alarm = hasattr(signal, "setitimer")
    if (
        seconds is None
        or not has_alarm
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    previous = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _ring(_number: int, _frame: FrameType | None) -> NoReturn:
    raise TimeIsOver


def by_force(seconds: float | None) -> float | None:
    """Return when a check is stopped that was asked to be done in so many seconds, if at all."""
    return None if seconds is None else seconds * GRACE + GRACE_SECONDS
