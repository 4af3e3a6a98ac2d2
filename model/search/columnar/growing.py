"""Arrays that grow at their end while others read what is there."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.packing import Ids

Column: TypeAlias = npt.NDArray[np.int32]


class Growing:
    """An array of integers that grows at its end, many at a time.

    One thread may let it grow while others read.
    """

    def __init__(self) -> None:
        self._array = np.zeros(1024, np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, values: Column | Ids | list[int]) -> None:
        """Add values at the end."""
        count = self._count + len(values)
        if count > len(self._array):
            larger = np.zeros(1 << count.bit_length(), np.int32)
            larger[: self._count] = self.array
            self._array = larger
        self._array[self._count : count] = values
        # Last, and the array is read first: who sees the new count sees the new values.
        self._count = count

    def append(self, value: int) -> None:
        """Add one value at the end."""
        if self._count == len(self._array):
            self.extend([value])
        else:
            self._array[self._count] = value
            self._count += 1

    @property
    def array(self) -> Column:
        """The values so far."""
        return self._array[: self._count]


def spread(starts: Column, counts: Column) -> tuple[Ids, Ids, Ids]:
    """Return (whose, where, counts) of the entries of lists that lie in a column one by one.

    >>> starts, counts = np.array([5, 0], np.int32), np.array([2, 1], np.int32)
    >>> [column.tolist() for column in spread(starts, counts)]
    [[0, 0, 1], [5, 6, 0], [2, 1]]
    """
    each = counts.astype(np.int64)
    rows = np.repeat(np.arange(len(each), dtype=np.int64), each)
    offset = starts - np.cumsum(each) + each
    places = np.arange(len(rows), dtype=np.int64)
    places += offset.take(rows)
    return rows, places, each
