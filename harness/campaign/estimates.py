"""What more time would find, as far as that can be said from what was found so far."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

CONFIDENCE = 0.95


class CoverageGrowth(NamedTuple):
    """How coverage grows: what came in the second half of the runs, and what as many more would bring.

    `more` goes by Heaps' law: things seen grow as a power of the runs, the one that half and whole fix.
    """

    now: int
    in_second_half: int
    more: int


def coverage_growth(curve: Sequence[tuple[int, int]]) -> CoverageGrowth | None:
    """Return how a curve of (runs, seen) grows; None if it has no point near the middle.

    >>> coverage_growth([(10, 50), (20, 100), (40, 200)])
    CoverageGrowth(now=200, in_second_half=100, more=200)
    >>> coverage_growth([(50, 80), (100, 80)])
    CoverageGrowth(now=80, in_second_half=0, more=0)
    """
    if len(curve) < 2 or not curve[-1][1]:
        return None
    runs, now = curve[-1]
    half_runs, half = min(curve[:-1], key=lambda point: abs(point[0] - runs / 2))
    if not half or not 0 < half_runs < runs:
        return None
    power = log(now / half) / log(runs / half_runs)
    return CoverageGrowth(now, now - half, round(now * (2**power - 1)))


def failing_share_max(runs: int) -> float:
    """Return the share of runs that may fail at most, of which so many were made and none failed.

    With a larger share so many runs would have shown one in 95 of 100 searches; it is some 3 / runs.
    That is said of runs like these: others, and other scenarios, are another matter.

    >>> round(failing_share_max(1_000) * 1_000, 1)
    3.0
    """
    return 1.0 if runs == 0 else 1 - (1 - CONFIDENCE) ** (1 / runs)
