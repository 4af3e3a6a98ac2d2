"""States as rows of machine words: fields that widen when they must, and exact sets of rows.

Needs numpy. A set is a tuple of word columns, sorted and without doubles; the first word counts
most. Fields keep their order when one of them widens, so a sorted set stays sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Word: TypeAlias = npt.NDArray[np.uint64]
Words: TypeAlias = tuple[Word, ...]
Ids: TypeAlias = npt.NDArray[np.int64]

WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """The widths of the fields, in bits, in their order; and where each one lies."""

    widths: tuple[int, ...]

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """The word and the shift of each field; none straddles two words."""
        places: list[tuple[int, int]] = []
        word, free = 0, WORD_BITS
        for width in self.widths:
            if width > free:
                word, free = word + 1, WORD_BITS
            free -= width
            places.append((word, free))
        return tuple(places)

    @property
    def word_count(self) -> int:
        """How many words a state takes."""
        return self.places[-1][0] + 1

    def holding(self, sizes: Sequence[int]) -> Layout:
        """Return this layout, or one whose fields are wide enough for so many values each."""
        wider = tuple(
            width if size <= 1 << width else max(size - 1, 1).bit_length() + 1
            for width, size in zip(self.widths, sizes, strict=True)
        )
        return self if wider == self.widths else replace(self, widths=wider)

    def pack(self, fields: Sequence[Ids]) -> Words:
        """Return the words of states given by their fields."""
        words = [np.zeros(len(fields[0]), np.uint64) for _ in range(self.word_count)]
        for values, (word, shift) in zip(fields, self.places, strict=True):
            words[word] |= values.astype(np.uint64) << np.uint64(shift)
        return tuple(words)

    def field(self, words: Words, index: int) -> Ids:
        """Return one field of many states."""
        word, shift = self.places[index]
        mask = np.uint64((1 << self.widths[index]) - 1)
        return ((words[word] >> np.uint64(shift)) & mask).astype(np.int64)

    def add(self, words: list[Word], index: int, change: Ids, rows: Ids | None = None) -> None:
        """Add to one field of many states, in place; the sum must fit, so that nothing carries."""
        word, shift = self.places[index]
        amount = change.astype(np.uint64) << np.uint64(shift)
        if rows is None:
            words[word] += amount
        else:
            words[word][rows] += amount

    def convert(self, words: Words, to: Layout) -> Words:
        """Return the same states in another layout of the same fields."""
        return to.pack([self.field(words, index) for index in range(len(self.widths))])


def nothing(word_count: int) -> Words:
    """Return the empty set."""
    return tuple(np.zeros(0, np.uint64) for _ in range(word_count))


def size(words: Words) -> int:
    """Return how many states there are."""
    return len(words[0])


def rows_of(words: Words, start: int, stop: int) -> Words:
    """Return some of the states."""
    return tuple(word[start:stop] for word in words)


def unique(words: Words) -> Words:
    """Return these states as a set."""
    if len(words) == 1:
        ordered = np.sort(words[0])
        return (ordered[_firsts([ordered])],)
    order = np.lexsort(words[::-1])
    columns = [word[order] for word in words]
    keep = _firsts(columns)
    return tuple(column[keep] for column in columns)


def union(parts: Sequence[Words], word_count: int) -> Words:
    """Return the union of sets."""
    if not parts:
        return nothing(word_count)
    if len(parts) == 1:
        return parts[0]
    if word_count > 1:
        return unique(tuple(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    merged = np.concatenate([part[0] for part in parts])
    merged.sort()
    return (merged[_firsts([merged])],)


def minus(words: Words, others: Sequence[Words]) -> Words:
    """Return the states of a set that are in none of the other sets."""
    for other in others:
        if size(words) and size(other):
            keep = ~_is_in(words, other)
            words = tuple(word[keep] for word in words)
    return words


def _firsts(columns: Sequence[Word]) -> npt.NDArray[np.bool_]:
    """Mark the first row of each run of equal rows."""
    keep = np.ones(len(columns[0]), np.bool_)
    if len(keep) > 1:
        np.not_equal(columns[0][1:], columns[0][:-1], out=keep[1:])
        for column in columns[1:]:
            keep[1:] |= column[1:] != column[:-1]
    return keep


def _is_in(words: Words, other: Words) -> npt.NDArray[np.bool_]:
    if len(words) == 1:
        position = np.searchsorted(other[0], words[0])
        position[position == len(other[0])] = 0
        found: npt.NDArray[np.bool_] = other[0][position] == words[0]
        return found
    count = size(words)
    both = [np.concatenate(pair) for pair in zip(words, other, strict=True)]
    order = np.lexsort(both[::-1])
    columns = [column[order] for column in both]
    is_double = np.zeros(len(order), np.bool_)
    first = _firsts(columns)
    is_double[order[1:][~first[1:]]] = True
    is_double[order[:-1][~first[1:]]] = True
    return is_double[:count]
