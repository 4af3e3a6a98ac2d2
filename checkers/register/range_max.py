"""Largest value of a range of a growing list, in O(log n)."""

from __future__ import annotations

import math
from collections.abc import Iterable


class RangeMax:
    """A list of numbers that can be appended to and raised; a heap-shaped tree over it.

    >>> numbers = RangeMax([5, 1, 4])
    >>> numbers.raise_to(1, 7)
    >>> numbers.largest(0, 3), numbers.largest(2, 3), numbers.largest(2, 2)
    (7, 4, -inf)
    """

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        """Start with some numbers."""
        self._count = 0
        self._leaves = 1
        self._tree = [-math.inf, -math.inf]
        for number in numbers:
            self.append(number)

    def __getitem__(self, index: int) -> float:
        """The number at an index."""
        return self._tree[self._leaves + index]

    def append(self, number: float) -> None:
        """Add a number at the end."""
        if self._count == self._leaves:
            self._double()
        self._count += 1
        self.raise_to(self._count - 1, number)

    def raise_to(self, index: int, number: float) -> None:
        """Make a number larger."""
        tree, node = self._tree, self._leaves + index
        while node and tree[node] < number:
            tree[node] = number
            node //= 2

    def largest(self, start: int, stop: int) -> float:
        """The largest number from `start` up to, not including, `stop`; -inf if there is none."""
        tree, result = self._tree, -math.inf
        low, high = start + self._leaves, stop + self._leaves
        while low < high:
            if low & 1:
                result = max(result, tree[low])
                low += 1
            if high & 1:
                high -= 1
                result = max(result, tree[high])
            low //= 2
            high //= 2
        return result

    def _double(self) -> None:
        """Make room for as many numbers again; each number is moved once per doubling."""
        numbers = self._tree[self._leaves :]
        self._leaves *= 2
        self._tree = [-math.inf] * (2 * self._leaves)
        for index, number in enumerate(numbers):
            self.raise_to(index, number)
