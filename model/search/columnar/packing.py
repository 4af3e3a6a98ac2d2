"""States as rows of machine words: fields that widen when they must.

Needs numpy. The first word counts most. Fields keep their order when one of them widens, so sorted
rows stay sorted.
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
PackedChange: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32]

WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class FieldLayout:
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

    def holding(self, sizes: Sequence[int]) -> FieldLayout:
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

    def add(
        self, words: list[Word], index: int, change: PackedChange, rows: Ids | None = None
    ) -> None:
        """Add to one field of many states, in place; the sum must fit, so that nothing carries."""
        word, shift = self.places[index]
        amount = change.astype(np.uint64) << np.uint64(shift)
        if rows is None:
            words[word] += amount
        else:
            words[word][rows] += amount

    def convert(self, words: Words, to: FieldLayout) -> Words:
        """Return the same states in another layout of the same fields."""
        if self == to:
            return words
        return to.pack([self.field(words, index) for index in range(len(self.widths))])
