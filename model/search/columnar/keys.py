"""Hash tables of integers, probed for many at once; keys are there as they are, so none is mistaken."""

from __future__ import annotations

import numpy as np

from counterpoint.model.search.columnar.growing import Column
from counterpoint.model.search.columnar.packing import Ids

HALF = 32
"""The second number of a pair has no more bits, the first has fewer."""

SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)
"""2**64 divided by the golden ratio, odd: it spreads keys (Knuth, TAOCP 3, 6.4)."""


ALL_BITS = (1 << 64) - 1


def paired(first: Ids | Column, second: Ids | Column) -> Ids:
    """Return a key for each pair of numbers."""
    return first.astype(np.int64) << HALF | second


class KeyTable:
    """A number for each of many keys, which are integers from 0 on.

    One thread may let it grow while others read; at most half of its places are taken.
    """

    def __init__(self) -> None:
        self._places = _Places(0)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def of(self, keys: Ids) -> Ids:
        """Return the numbers of keys, -1 for those that have none."""
        return self._places.of(keys)

    def put(self, keys: Ids, numbers: Ids) -> None:
        """Give keys their numbers; none may have one, and each must be there once."""
        self._make_room(len(keys))
        self._places.put(keys, numbers)
        self._count += len(keys)

    def number(self, keys: Ids) -> tuple[Ids, Ids]:
        """Return the numbers of keys, and the places where those come first that had none.

        These get the next numbers, in the order in which they come.

        >>> keys = KeyTable()
        >>> [places.tolist() for places in keys.number(np.array([7, 5, 7]))]
        [[0, 1, 0], [0, 1]]
        >>> [places.tolist() for places in keys.number(np.array([9, 7, 3, 9]))]
        [[2, 0, 3, 2], [0, 2]]
        """
        found = self.of(keys)
        missing = np.flatnonzero(found < 0)
        if not len(missing):
            return found, missing
        self._make_room(len(missing))
        found[missing], first = self._places.number(keys.take(missing), self._count)
        self._count += len(first)
        return found, missing.take(first)

    def number_one(self, key: int) -> int:
        """Return the number of one key, the next if it has none. Many take less time together."""
        known = self._places.of_one(key)
        if known < 0:
            known = self._count
            self.put(np.array([key]), np.array([known]))
        return known

    def fresh(self, keys: Ids) -> Ids:
        """Return the places where keys come first that have no number."""
        missing = np.flatnonzero(self.of(keys) < 0)
        _, first = np.unique(keys.take(missing), return_index=True)
        return missing.take(np.sort(first))

    def _make_room(self, more: int) -> None:
        if 2 * (self._count + more) > len(self._places.keys):
            larger = _Places(2 * (self._count + more))
            larger.put(*self._places.known())
            self._places = larger


class _Places:
    """A fixed count of places for keys with their answers."""

    def __init__(self, count_max: int) -> None:
        bits = max(10, (2 * count_max).bit_length())
        self._shift = np.uint64(64 - bits)
        self.keys = np.full(1 << bits, -1, np.int64)
        self._answers = np.full(1 << bits, -1, np.int32)
        self._earliest: Column | None = None

    def of(self, keys: Ids) -> Ids:
        """Return the answers to keys, -1 for those that are not there."""
        place = self._first(keys)
        # Answers are read before keys: that of a key which comes in between is not taken for one.
        answers, there = self._answers.take(place), self.keys.take(place)
        on = np.flatnonzero(there != keys)
        there = there.take(on)
        while len(on):
            is_taken = np.flatnonzero(there >= 0)
            on = on.take(is_taken)
            further = self._next(place.take(on))
            place[on] = further
            answers[on] = self._answers.take(further)
            there = self.keys.take(further)
            is_other = np.flatnonzero(there != keys.take(on))
            on, there = on.take(is_other), there.take(is_other)
        return answers.astype(np.int64)

    def of_one(self, key: int) -> int:
        """Return the answer to one key, -1 if it is not there."""
        mask = len(self.keys) - 1
        place = (key * int(SPREAD) & ALL_BITS) >> int(self._shift)
        while (there := self.keys[place]) != key:
            if there < 0:
                return -1
            place = (place + 1) & mask
        return int(self._answers[place])

    def put(self, keys: Ids, answers: Ids) -> None:
        """Add keys that are not there, each of them once.

        A key is there before its answer: who reads meanwhile does not know it yet.
        """
        self._answers[self._placed(keys)] = answers

    def number(self, keys: Ids, following: int) -> tuple[Ids, Ids]:
        """Add keys that are not there; they get the numbers from `following` on, as they come.

        Return the number of each, and where each comes first.
        """
        place, order = self._placed(keys), np.arange(len(keys), dtype=np.int32)
        if self._earliest is None:
            self._earliest = np.empty(len(self.keys), np.int32)
        self._earliest[place] = len(keys)
        np.minimum.at(self._earliest, place, order)
        first = np.flatnonzero(self._earliest.take(place) == order)
        self._answers[place.take(first)] = np.arange(following, following + len(first))
        return self._answers.take(place).astype(np.int64), first

    def _placed(self, keys: Ids) -> Ids:
        """Return the place of each key; those that had none have one now."""
        place, left = self._first(keys), np.arange(len(keys))
        while len(left):
            here, wanted = place.take(left), keys.take(left)
            is_free = np.flatnonzero(self.keys.take(here) < 0)
            # Of several that come to one free place, one stays.
            self.keys[here.take(is_free)] = wanted.take(is_free)
            left = left.take(np.flatnonzero(self.keys.take(here) != wanted))
            place[left] = self._next(place.take(left))
        return place

    def known(self) -> tuple[Ids, Ids]:
        """Return all keys, and their answers."""
        taken = np.flatnonzero(self.keys >= 0)
        return self.keys.take(taken), self._answers.take(taken).astype(np.int64)

    def _first(self, keys: Ids) -> Ids:
        return ((keys.view(np.uint64) * SPREAD) >> self._shift).view(np.int64)

    def _next(self, place: Ids) -> Ids:
        return (place + 1) & (len(self.keys) - 1)
