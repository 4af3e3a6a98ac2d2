"""Exact sets of packed states: sorted, without doubles, united and subtracted range by range.

A set is a tuple of word columns. Large sets are cut into ranges of values at the same places, so that
each range is sorted where it fits the processor's cache, several at a time, and the ranges one after
the other are the result: nothing is merged at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.packing import WORD_BITS, Ids, Word, Words
from counterpoint.model.search.columnar.parallel import Crew

RANGE_ROWS = 500_000
"""A range has about so many rows: 4 MB a word, and thousands of times what a task costs."""

SAMPLES = 64
"""Each range is estimated from so many rows."""


def nothing(word_count: int) -> Words:
    """Return the empty set."""
    return tuple(np.zeros(0, np.uint64) for _ in range(word_count))


def size(words: Words) -> int:
    """Return how many states there are."""
    return len(words[0])


def rows_of(words: Words, start: int, stop: int) -> Words:
    """Return some of the states, in a row."""
    return tuple(word[start:stop] for word in words)


def taken(words: Words, rows: Ids) -> Words:
    """Return the states at these rows."""
    return tuple(word.take(rows) for word in words)


def joined(parts: Sequence[Words]) -> Words:
    """Return the rows of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def unique(words: Words) -> Words:
    """Return these states as a set."""
    columns = ordered(words)
    return kept(columns, _firsts(columns))


def ordered(words: Words) -> Words:
    """Return these states in their order; best where they come in stretches that are in order."""
    if len(words) == 1:
        return (np.sort(words[0]),)
    if len(words) == 2 and size(words):
        # A stable sort merges the stretches; then what shares its first word is ordered by a number
        # for that word, and the second word, in one: several times as fast as by both in turn.
        first, second = taken(words, np.argsort(words[0], kind="stable"))
        starts = _firsts((first,))
        number = np.cumsum(starts, dtype=np.uint64) - np.uint64(1)
        used = int(np.bitwise_or.reduce(second)) | 1 << (WORD_BITS - 1)
        shift = (used & -used).bit_length() - 1
        bits = WORD_BITS - shift
        if int(number[-1]).bit_length() <= shift:
            keys = np.sort((number << np.uint64(bits)) | (second >> np.uint64(shift)))
            firsts = first[starts]
            numbers = (keys >> np.uint64(bits)).astype(np.int64)
            return firsts.take(numbers), keys << np.uint64(shift)
    return taken(words, np.lexsort(words[::-1]))


def union(parts: Sequence[Words], word_count: int) -> Words:
    """Return the union of sets."""
    if len(parts) <= 1:
        return parts[0] if parts else nothing(word_count)
    return unique(joined(parts))


def minus(words: Words, others: Sequence[Words]) -> Words:
    """Return the states of a set that are in none of the other sets."""
    for other in others:
        if size(words) and size(other):
            words = kept(words, ~is_in(words, other))
    return words


def fresh(
    parts: Sequence[Words], known: Sequence[Words], crew: Crew, *, range_rows: int = RANGE_ROWS
) -> Words:
    """Return the states that are in one of some sets and in none of the known ones.

    There must be a part, and all must have the same count of words.
    """
    splitters = _splitters(parts, range_rows)
    cut_parts = _by_range(parts, splitters)
    cut_known = _by_range(known, splitters)

    def within(index: int) -> Words:
        return minus(unique(joined(cut_parts[index])), cut_known[index])

    return _laid(list(crew.results(within, range(len(cut_parts)))), crew)


def _laid(parts: Sequence[Words], crew: Crew) -> Words:
    """Return the rows of all parts, one part after the other; each is copied by itself."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([size(part) for part in parts]).tolist()
    result = tuple(np.empty(ends[-1], np.uint64) for _ in parts[0])

    def lay(index: int) -> None:
        start = ends[index] - size(parts[index])
        for word, part in zip(rows_of(result, start, ends[index]), parts[index], strict=True):
            word[:] = part

    for _ in crew.results(lay, range(len(parts))):
        pass
    return result


def merged(parts: Sequence[Words], crew: Crew, *, range_rows: int = RANGE_ROWS) -> Words:
    """Return the union of sets that have no state in common."""
    cut = _by_range(parts, _splitters(parts, range_rows))
    ends = np.cumsum([sum(map(size, pieces)) for pieces in cut]).tolist()
    result = tuple(np.empty(ends[-1], np.uint64) for _ in parts[0])
    merge = partial(_merge_range, cut, ends, result)
    for _ in crew.results(merge, range(len(cut))):
        pass
    return result


def _merge_range(cut: list[list[Words]], ends: list[int], result: Words, index: int) -> None:
    here = rows_of(result, ends[index - 1] if index else 0, ends[index])
    rows = joined(cut[index])
    if len(rows) == 1:
        here[0][:] = rows[0]
        # Rows that are sorted in stretches: a stable sort merges the stretches.
        here[0].sort(kind="stable")
        return
    for word, column in zip(here, ordered(rows), strict=True):
        word[:] = column


def _splitters(parts: Sequence[Words], range_rows: int) -> Word:
    """Return first words at which to cut sets into ranges of about equal size.

    Rows with the same first word stay together, however many they are.
    """
    total = sum(map(size, parts))
    count = -(-total // range_rows)
    step = max(1, total // (count * SAMPLES)) if count else 1
    sample = np.sort(np.concatenate([part[0][step - 1 :: step] for part in parts]))
    return np.unique(sample[[len(sample) * k // count for k in range(1, count)]])


def _by_range(parts: Sequence[Words], splitters: Word) -> list[list[Words]]:
    """Return what of each part lies in each range, in the order of the ranges."""
    cut: list[list[Words]] = [[] for _ in range(len(splitters) + 1)]
    for part in parts:
        bounds = [0, *np.searchsorted(part[0], splitters).tolist(), size(part)]
        for index, pieces in enumerate(cut):
            pieces.append(rows_of(part, bounds[index], bounds[index + 1]))
    return cut


def _firsts(columns: Sequence[Word]) -> npt.NDArray[np.bool_]:
    """Mark the first row of each run of equal rows."""
    keep = np.ones(len(columns[0]), np.bool_)
    if len(keep) > 1:
        np.not_equal(columns[0][1:], columns[0][:-1], out=keep[1:])
        for column in columns[1:]:
            keep[1:] |= column[1:] != column[:-1]
    return keep


def kept(words: Words, keep: npt.NDArray[np.bool_]) -> Words:
    """Return the states that are marked."""
    # By places, not by the mask: a mask without pattern is guessed wrong row for row.
    return taken(words, np.flatnonzero(keep))


def is_in(words: Words, other: Words) -> npt.NDArray[np.bool_]:
    """Tell of each state whether it is in a set, which is not empty."""
    place = places(words, other)
    place[place == size(other)] = 0
    same = [column.take(place) == wanted for column, wanted in zip(other, words, strict=True)]
    found: npt.NDArray[np.bool_] = np.logical_and.reduce(same)
    return found


def places(words: Words, other: Words) -> Ids:
    """Return how many states of a set come before each state: its row there, if it is in the set."""
    low = np.searchsorted(other[0], words[0], "left")
    if len(words) > 1:
        high = np.searchsorted(other[0], words[0], "right")
        for column, wanted in zip(other[1:-1], words[1:-1], strict=True):
            low, high = (
                _bisected(column, wanted, low, high, np.less),
                _bisected(column, wanted, low, high, np.less_equal),
            )
        low = _bisected(other[-1], words[-1], low, high, np.less)
    return low


def _bisected(
    column: Word, wanted: Word, low: Ids, high: Ids, is_before: Callable[..., npt.NDArray[np.bool_]]
) -> Ids:
    """Return where each number belongs between two places of a column, which are in order."""
    low, left = low.copy(), high - low
    while (open_ones := np.flatnonzero(left)).size:
        half = left[open_ones] >> 1
        middle = low[open_ones] + half
        is_after = is_before(column.take(middle), wanted.take(open_ones))
        low[open_ones] = np.where(is_after, middle + 1, low[open_ones])
        left[open_ones] = np.where(is_after, left[open_ones] - half - 1, half)
    return low
