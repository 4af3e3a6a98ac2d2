"""When a check has used up the time it was given; checkers have no clock of their own."""

from __future__ import annotations

from collections.abc import Callable


def deadline(seconds: float | None, clock: Callable[[], float] | None) -> Callable[[], bool]:
    """Return a function that tells whether so many seconds have passed; None of them never do.

    Raises:
        ValueError: seconds without a clock.

    >>> deadline(None, None)()
    False
    """
    if seconds is None:
        return lambda: False
    if clock is None:
        raise ValueError("timeout_seconds needs a clock, for example clock=time.monotonic")
    now, end = clock, clock() + seconds
    return lambda: now() >= end
