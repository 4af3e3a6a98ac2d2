"""Functions of two small integers, asked in bulk and worked out once for each pair."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import numpy as np

from counterpoint.model.search.columnar.growing import Column
from counterpoint.model.search.columnar.keys import HALF, KeyTable, paired
from counterpoint.model.search.columnar.packing import Ids
from counterpoint.model.search.columnar.sets import unique

EffectSink: TypeAlias = Callable[[Ids, Ids], None]
"""Takes down pairs that were answered, in their order."""

Answering: TypeAlias = Callable[[Ids, Ids], Iterator[Ids | Sequence[int]]]
"""Answers pairs in their order, in pieces. What it yielded before it failed is answered."""


def unnoted(first: Ids, second: Ids) -> None:
    """Take nothing down: what is asked follows from other questions."""
    del first, second


DENSE_CELLS_MAX = 1 << 22
"""A table of pairs up to this many cells, 16 MB, is an array; a larger one is hashed."""


def one_by_one(function: Callable[[int, int], int]) -> Answering:
    """Return what answers pairs by a function of each."""

    def answering(first: Ids, second: Ids) -> Iterator[Sequence[int]]:
        answers: list[int] = []
        try:
            for answer in map(function, first.tolist(), second.tolist()):
                answers.append(answer)
        except Exception:  # of a handler; a signal ends it all
            yield answers
            raise
        yield answers

    return answering


class PairTable:
    """A function of two small integers, computed once for each pair.

    One thread may let it grow while others recall: they see a pair's answer only when it is whole.
    """

    def __init__(
        self, answering: Answering, note: EffectSink, count_first: Callable[[], int] | None = None
    ) -> None:
        """`count_first` tells how many first numbers there are by now, where answers give more."""
        self._answering, self._note, self._count_first = answering, note, count_first
        self._cells: _Cells = _DenseCells(np.full((64, 16), -1, np.int32))

    def learn(self, first: Ids, second: Ids) -> None:
        """Compute the function of pairs that were not asked before, in the order given.

        A pair whose first number an earlier answer gives is asked when that is there: many are
        answered at once, and were asked in more than one go.
        """
        self._make_room(int(first.max()) + 1, int(second.max()) + 1)
        while len(first):
            count = len(first)
            if self._count_first is not None:
                later = np.flatnonzero(first >= self._count_first())
                count = max(1, int(later[0])) if len(later) else count
            self._answer(first[:count], second[:count])
            first, second = first[count:], second[count:]

    def look_up(self, first: Ids, second: Ids) -> Ids:
        """Return the function of each pair."""
        if not len(first):
            return np.zeros(0, np.int64)
        self._make_room(int(first.max()) + 1, int(second.max()) + 1)
        found = self._cells.of(first, second)
        missing = np.flatnonzero(found < 0)
        if len(missing):
            first, second = first.take(missing), second.take(missing)
            self._fill(first, second)
            found[missing] = self._cells.of(first, second)
        return found

    def recall(self, first: Ids, second: Ids) -> Ids:
        """Return the function of each pair, -1 for a pair that was not asked before."""
        if not len(first):
            return np.zeros(0, np.int64)
        cells = self._cells
        rows, columns = cells.shape
        if first.max() < rows and second.max() < columns:
            return cells.of(first, second)
        is_inside = (first < rows) & (second < columns)
        found = cells.of(np.where(is_inside, first, 0), np.where(is_inside, second, 0))
        return np.where(is_inside, found, -1)

    def _fill(self, first: Ids, second: Ids) -> None:
        width = int(second.max()) + 1
        # Several times as fast as np.unique, which hashes.
        (pairs,) = unique(((first * width + second).view(np.uint64),))
        self._answer(*np.divmod(pairs.view(np.int64), width))

    def _answer(self, first: Ids, second: Ids) -> None:
        parts: list[Ids] = []
        try:
            with _without_collection():
                for part in self._answering(first, second):
                    parts.append(np.asarray(part, np.int64))
        finally:
            # What was answered before a handler failed is known, and in the journal.
            answers = np.concatenate([np.zeros(0, np.int64), *parts])
            first, second = first[: len(answers)], second[: len(answers)]
            self._note(first, second)
            self._cells.put(first, second, answers)

    def _make_room(self, rows: int, columns: int) -> None:
        old_rows, old_columns = self._cells.shape
        if rows > old_rows or columns > old_columns:
            self._cells = self._cells.wider(max(rows, old_rows), max(columns, old_columns))


class _Cells(Protocol):
    """What a table knows of pairs."""

    @property
    def shape(self) -> tuple[int, int]:
        """How large the first and the second number of a pair may become; exclusive."""

    def of(self, first: Ids, second: Ids) -> Ids:
        """Return what is known of pairs, -1 for nothing."""

    def put(self, first: Ids, second: Ids, answers: Ids) -> None:
        """Know more of pairs of which nothing was known, each of them once."""

    def wider(self, rows: int, columns: int) -> _Cells:
        """Return the same with room for more."""


class _DenseCells:
    """A cell for each pair."""

    def __init__(self, cells: Column) -> None:
        self._cells = cells
        self.shape: tuple[int, int] = (cells.shape[0], cells.shape[1])

    def of(self, first: Ids, second: Ids) -> Ids:
        """Return what is known of pairs, -1 for nothing."""
        # One flat gather takes half the time of one by two indices.
        place = first * self.shape[1] + second
        found: Ids = self._cells.reshape(-1).take(place).astype(np.int64)
        return found

    def put(self, first: Ids, second: Ids, answers: Ids) -> None:
        """Know more of pairs."""
        self._cells[first, second] = answers

    def wider(self, rows: int, columns: int) -> _Cells:
        """Return the same with room for more; what is too large is hashed from then on."""
        shape = (1 << (rows - 1).bit_length(), 1 << (columns - 1).bit_length())
        if shape[0] * shape[1] > DENSE_CELLS_MAX:
            known = np.nonzero(self._cells >= 0)
            hashed = _HashedCells()
            hashed.put(known[0], known[1], self._cells[known].astype(np.int64))
            return hashed
        cells = np.full(shape, -1, np.int32)
        cells[: self.shape[0], : self.shape[1]] = self._cells
        return _DenseCells(cells)


class _HashedCells:
    """The pairs of which something is known, in a table of keys."""

    shape = (1 << HALF - 1, 1 << HALF)

    def __init__(self) -> None:
        self._keys = KeyTable()

    def of(self, first: Ids, second: Ids) -> Ids:
        """Return what is known of pairs, -1 for nothing."""
        return self._keys.of(paired(first, second))

    def put(self, first: Ids, second: Ids, answers: Ids) -> None:
        """Know more of pairs of which nothing was known, each of them once."""
        self._keys.put(paired(first, second), answers)

    def wider(self, rows: int, columns: int) -> _Cells:
        """Return the same: there is room for all."""
        raise AssertionError(f"a number of a pair is too large: {rows}, {columns}")


@contextmanager
def _without_collection() -> Iterator[None]:
    """Let no garbage be looked for: tables only grow, and the search took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
