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
Marks: TypeAlias = npt.NDArray[np.bool_]
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
        """Return this layout, or one whose fields are wide enough for so many values each.

        A field gets a bit to spare, so that it seldom widens; but where a state would take more than
        one word, each field is as narrow as can be.
        """
        needed = [max(size - 1, 1).bit_length() for size in sizes]
        pairs = list(zip(self.widths, needed, strict=True))
        if all(width >= bits for width, bits in pairs):
            return self
        wider = replace(self, widths=tuple(w if w >= bits else bits + 1 for w, bits in pairs))
        return wider if wider.word_count == 1 else replace(self, widths=tuple(needed))

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
        """Return the same states in another layout of the same fields, which must hold them."""
        if self == to:
            return words
        new = [np.zeros(len(words[0]), np.uint64) for _ in range(to.word_count)]
        for bits, (word, shift), (new_word, new_shift) in _moves(self, to):
            field = (words[word] >> np.uint64(shift)) & np.uint64((1 << bits) - 1)
            field <<= np.uint64(new_shift)
            new[new_word] |= field
        return tuple(new)


def _moves(
    old: FieldLayout, new: FieldLayout
) -> list[tuple[int, tuple[int, int], tuple[int, int]]]:
    """Return (bits, place before, place after) of each run of fields that stay side by side."""
    moved: list[tuple[int, tuple[int, int], tuple[int, int]]] = []
    rows = zip(old.widths, old.places, new.widths, new.places, strict=True)
    for width, (word, shift), new_width, (new_word, new_shift) in rows:
        bits = min(width, new_width)
        is_beside = moved and (word, new_word) == (moved[-1][1][0], moved[-1][2][0])
        if is_beside and width == new_width:
            bits += moved.pop()[0]
        moved.append((bits, (word, shift), (new_word, new_shift)))
    return moved
