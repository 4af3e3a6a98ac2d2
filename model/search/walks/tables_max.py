"""How large the tables of a search may grow: until memory is full, and never larger again.

What a search has worked out it keeps, since runs come back to it; and runs without end come to states
without end. A run depends on its seed alone and not on what is in the tables, so that they may be
forgotten between any two runs.
"""

from __future__ import annotations

from collections.abc import Callable

LEAST = 5_000
"""Smaller tables are not what fills the memory: they are kept, whatever is said of it."""

ASK_EVERY = 2_000
"""So many entries are some 2 MB, and are made in a hundredth of a second at least."""

KEPT_SHARE = 0.8
"""Of tables that filled the memory so much is kept from then on, as what is freed is seldom all."""


class TablesMax:
    """Tells when the tables of a search are too large, given what tells whether memory is full.

    Memory that was freed may still be counted as in use, so once it was full the size decides: that
    at which it was full, less a fifth, and less again where it is full at that.
    """

    def __init__(self, is_full: Callable[[], bool] | None = None) -> None:
        self._is_full = is_full
        self._size_max: int | None = None
        self._asked_at = 0

    def is_reached(self, size: int) -> bool:
        """Tell whether tables with so many entries are to be forgotten now."""
        if self._is_full is None or size < LEAST:
            return False
        if self._size_max is not None:
            if size >= self._size_max:
                self._lower(size)
                return True
            return False
        if size - self._asked_at < ASK_EVERY:
            return False
        self._asked_at = size
        return self._lower(size)

    def _lower(self, size: int) -> bool:
        """Ask whether memory is full, and allow less from now on if it is."""
        assert self._is_full is not None
        is_full = self._is_full()
        if is_full:
            self._size_max = max(int(size * KEPT_SHARE), LEAST)
        return is_full
