"""What a search keeps is spared by the collector of cycles, which looks through all there is.

The tables of a search grow to millions of objects without any cycle, and each time they have grown by
a quarter the collector looks at every one of them: a tenth of the time where most states are new.
"""

from __future__ import annotations

import gc

FROM_SIZE = 2_000
"""Smaller tables are looked through in no time."""

GROWN_BY = 1.25
"""As often as the collector would look through all of them."""


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
