"""A limit of time for a whole session: each test gets its share of what is left when it begins."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from time import time

RESERVE = 0.9
"""So much of a share is for the search itself; the rest is for what comes before it and after."""


class SessionBudget:
    """Shares out the seconds of a session among the tests that one of its workers is likely to get.

    The clock is that of the wall, since the workers of a session may be on several machines.
    """

    def __init__(
        self,
        seconds: float,
        *,
        started: float,
        tests: int,
        workers: int,
        now: Callable[[], float] = time,
    ) -> None:
        self._end = started + seconds
        self._left = ceil(tests / max(workers, 1))
        self._now = now

    def next_share(self) -> float:
        """Return how long the next test may search, in seconds; none at all when time is over.

        >>> budget = SessionBudget(10.0, started=0.0, tests=4, workers=2, now=lambda: 5.0)
        >>> budget.next_share(), budget.next_share()
        (2.25, 4.5)
        """
        seconds = max(self._end - self._now(), 0.0)
        share = seconds / max(self._left, 1)
        self._left -= 1
        return share * RESERVE
