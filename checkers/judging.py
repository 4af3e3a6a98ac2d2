"""What checkers share on the way to a verdict: the time that they have, and how a core is shrunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def shrink(
    whole: T,
    size: Callable[[T], int],
    without: Callable[[T, range], T | None],
    fails: Callable[[T], bool],
    *,
    is_monotone: bool = False,
) -> T:
    """Leave out chunks of something that fails while the rest fails: halves first, at last singles.

    `without` leaves out a chunk by its places, and what depends on it; None where nothing would be
    left. No single part of the result can be spared. Where whatever contains a failure fails
    (`is_monotone`), a chunk that could not be spared is not tried again at the same size. The
    reduction to complements of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
    input", TSE 28(2), 2002.

    >>> def without(text, gone): return text[: gone.start] + text[gone.stop :]
    >>> shrink("all broken", len, without, lambda text: "k" in text and "b" in text)
    'bk'
    """
    chunk, start = max(1, size(whole) // 2), 0
    while True:
        while start < size(whole):
            smaller = without(whole, range(start, min(start + chunk, size(whole))))
            if smaller is None or not fails(smaller):
                start += chunk
                continue
            whole = smaller
            if not is_monotone:
                chunk, start = min(chunk, max(1, size(whole) // 2)), 0
        if chunk <= 1:
            return whole
        chunk, start = min((chunk + 1) // 2, max(1, size(whole) // 2)), 0


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
