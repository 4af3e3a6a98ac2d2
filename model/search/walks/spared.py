"""What a search keeps is spared by the collector of cycles, which looks through all there is.

The tables of a search grow to millions of objects without any cycle, and each time they have grown by
a quarter the collector looks at every one of them: a tenth of the time where most states are new.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FROM_SIZE = 2_000
"""Smaller tables are looked through in no time."""

GROWN_BY = 1.25
"""As often as the collector would look through all of them."""

YOUNG_MAX = 50_000
"""So many objects are made before the collector looks at the new ones: usually it is 700, most of which
are kept here, and looked at for nothing. In turns, searches of large scenarios are 6 % faster."""

COLLECTED_SELDOM = (500_000, 10, 10)
"""When the collector runs where much has cycles, such as programs. A block of their runs makes few of
them and many entries of tables, which it would look through; so it runs when these are forgotten."""


class Spared:
    """Has the collector forget what there is, each time that tables have grown; `end` undoes it.

    Where somebody else has done so before, it is left alone.
    """

    def __init__(self) -> None:
        self._is_ours = gc.get_freeze_count() == 0
        self._size = 0

    def look(self, size: int) -> None:
        """Spare the tables, of so many entries, if they have grown by a part since the last time."""
        if size < self._size:  # they were begun anew
            self._size = 0
        if self._is_ours and size >= max(FROM_SIZE, self._size * GROWN_BY):
            self._size = size
            gc.freeze()

    def end(self) -> None:
        """Let the collector look at everything again."""
        if self._is_ours and self._size:
            gc.unfreeze()


@contextmanager
def collected_seldom(*, has_cycles: bool) -> Iterator[Callable[[int], None]]:
    """Let the collector take less time until the end of `with`; what comes back is told sizes.

    Where what is kept has cycles nothing of it is spared, and it is looked through seldom.
    """
    thresholds, spared = gc.get_threshold(), Spared()
    if has_cycles:
        gc.set_threshold(*COLLECTED_SELDOM)
    elif 0 < thresholds[0] < YOUNG_MAX:  # else somebody wants it so
        gc.set_threshold(YOUNG_MAX, *thresholds[1:])
    try:
        yield (lambda _: None) if has_cycles else spared.look
    finally:
        gc.set_threshold(*thresholds)
        spared.end()
