"""A sorted set of states in files: written once, from its first state to its last, and read in blocks.

Each word of the states has a file of its own, in which a number takes as few bytes as its fields need.
An index, in memory and beside them, has the first state of each block, by which states are found
without reading the others, and a checksum of each block, which every reading compares: what is read is
what was written.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from counterpoint.model.inert import plain
from counterpoint.model.search.columnar.checkpoint import BadCheckpoint
from counterpoint.model.search.columnar.packing import WORD_BITS, FieldLayout, Word, Words
from counterpoint.model.search.columnar.sets import is_in, joined, kept, nothing, rows_of, size
from counterpoint.model.values import Json

Seals = npt.NDArray[np.uint32]
"""A checksum for each block and word."""


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A set in files named after it; in a layout of its own, which may be narrower than today's."""

    folder: Path
    name: str
    layout: FieldLayout
    rows: int
    block_rows: int
    firsts: Words
    seals: Seals

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (_index_file(self.name), *_word_files(self.name, self.layout))

    @property
    def stored_bytes(self) -> int:
        """How much its states take on disk."""
        return self.rows * sum(kind.itemsize for kind, _ in _cells(self.layout))

    @property
    def form(self) -> dict[str, Json]:
        """What is written of it elsewhere, so that it can be opened again."""
        return {
            "name": self.name,
            "rows": self.rows,
            "block_rows": self.block_rows,
            "widths": list(self.layout.widths),
            "seal": zlib.crc32(_index_bytes(self.firsts, self.seals)),
        }

    def read(self, start: int, stop: int, layout: FieldLayout) -> Words:
        """Return some states, in a row, in a layout that is as wide or wider.

        Raises:
            BadCheckpoint: they are not those that were written.
            OSError: they cannot be read.
        """
        stop = min(stop, self.rows)
        if start >= stop:
            return nothing(layout.word_count)
        first, last = start // self.block_rows, -(-stop // self.block_rows)
        offset = first * self.block_rows
        return rows_of(self.blocks(first, last, layout), start - offset, stop - offset)

    def blocks(self, first: int, last: int, layout: FieldLayout) -> Words:
        """Return the states of some blocks, in a row; raises as `read` does."""
        files = zip(_word_files(self.name, self.layout), _cells(self.layout), strict=True)
        words = []
        for index, (file, (kind, shift)) in enumerate(files):
            words.append(self._column(file, kind, slice(first, last), index) << np.uint64(shift))
        return self.layout.convert(tuple(words), layout)

    def _column(self, file: str, kind: np.dtype[Any], blocks: slice, index: int) -> Word:
        start, stop = blocks.start * self.block_rows, blocks.stop * self.block_rows
        count = min(stop, self.rows) - start
        path = self.folder / file
        column = np.fromfile(path, kind, count, offset=start * kind.itemsize)
        if len(column) != count or not np.array_equal(
            _checksums(column, self.block_rows), self.seals[blocks, index]
        ):
            raise damaged(self.folder, f"{file} is not what was written")
        return column.astype(np.uint64)

    def in_ranges(self, splitters: Word, layout: FieldLayout) -> Iterator[Words]:
        """Yield the states in ranges of their first words; each block is read once."""
        firsts = self.layout.convert(self.firsts, layout)[0]
        read, rest = 0, nothing(layout.word_count)
        for splitter in splitters:
            # What comes before the splitter is in blocks that begin before it.
            last = int(np.searchsorted(firsts, splitter))
            if last > read:
                rest = joined([rest, self.blocks(read, last, layout)])
                read = last
            end = int(np.searchsorted(rest[0], splitter))
            yield rows_of(rest, 0, end)
            rest = rows_of(rest, end, size(rest))
        if read < len(firsts):
            rest = joined([rest, self.blocks(read, len(firsts), layout)])
        yield rest

    def missing(self, words: Words, layout: FieldLayout, piece_blocks: int) -> Words:
        """Return those states of another set that are not in this one; at most so many blocks at once.

        Only blocks are read in which one of the states could be.
        """
        if not size(words):
            return words
        firsts = self.layout.convert(self.firsts, layout)[0]
        # A state may be in the last block that begins before its first word, or in any with it.
        lowest = np.maximum(np.searchsorted(firsts, words[0], "left") - 1, 0)
        highest = np.searchsorted(firsts, words[0], "right") - 1
        keep = np.ones(size(words), np.bool_)
        for first, last in _stretches(lowest, highest, len(firsts), piece_blocks):
            start = int(np.searchsorted(highest, first, "left"))
            stop = int(np.searchsorted(lowest, last, "left"))
            rows = self.blocks(first, last, layout)
            keep[start:stop] &= ~is_in(rows_of(words, start, stop), rows)
        return kept(words, keep)


def _stretches(
    lowest: npt.NDArray[np.int64], highest: npt.NDArray[np.int64], count: int, most: int
) -> Iterator[tuple[int, int]]:
    """Yield the blocks of which some range asks, as pairs (first, one past the last)."""
    asks = np.zeros(count + 1, np.int64)
    is_somewhere = highest >= lowest
    np.add.at(asks, lowest[is_somewhere], 1)
    np.subtract.at(asks, highest[is_somewhere] + 1, 1)
    is_asked = np.cumsum(asks) > 0
    edges = np.flatnonzero(np.diff(is_asked.astype(np.int8), prepend=0))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        for start in range(first, last, most):
            yield start, min(start + most, last)


class SetWriter:
    """Writes a set. As a context it closes its files, whatever happens."""

    def __init__(self, folder: Path, name: str, layout: FieldLayout, block_rows: int) -> None:
        self._set = StoredSet(
            folder, name, layout, 0, block_rows, nothing(layout.word_count), _no_seals(layout)
        )
        self._rest = nothing(layout.word_count)
        self._firsts: list[Words] = []
        self._seals: list[Seals] = []
        self._files = ExitStack()
        names = _word_files(name, layout)
        self._columns = [self._files.enter_context((folder / n).open("wb")) for n in names]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._files.close()

    def write(self, words: Words) -> None:
        """Add states, greater than all before."""
        rows = joined([self._rest, words])
        whole = size(rows) - size(rows) % self._set.block_rows
        self._put(rows_of(rows, 0, whole))
        self._rest = rows_of(rows, whole, size(rows))

    def _put(self, words: Words) -> None:
        if not size(words):
            return
        written, seals = self._set, []
        for word, file, (kind, shift) in zip(
            words, self._columns, _cells(written.layout), strict=True
        ):
            column = (word >> np.uint64(shift)).astype(kind)
            file.write(column.data)
            seals.append(_checksums(column, written.block_rows))
        self._firsts.append(tuple(word[:: written.block_rows].copy() for word in words))
        self._seals.append(np.stack(seals, axis=1))
        self._set = replace(written, rows=written.rows + size(words))

    def finished(self) -> StoredSet:
        """Write what is left, and the index; return the set."""
        self._put(self._rest)
        self._files.close()
        whole = self._set
        seals = np.concatenate([whole.seals, *self._seals])
        whole = replace(whole, firsts=joined([whole.firsts, *self._firsts]), seals=seals)
        path = whole.folder / _index_file(whole.name)
        path.write_bytes(_index_bytes(whole.firsts, whole.seals))
        return whole


def opened(folder: Path, form: dict[str, Any]) -> StoredSet:
    """Return a set that was written before.

    Raises:
        BadCheckpoint: its files are not those that were written.
        OSError: they cannot be read.
    """
    layout = FieldLayout(tuple(form["widths"]))
    words, blocks = layout.word_count, -(-form["rows"] // form["block_rows"])
    content = (folder / _index_file(form["name"])).read_bytes()
    if zlib.crc32(content) != form["seal"] or len(content) != 12 * words * blocks:
        raise damaged(folder, f"{_index_file(form['name'])} is not what was written")
    firsts = np.frombuffer(content, "<u8", words * blocks).astype(np.uint64)
    seals = np.frombuffer(content, "<u4", offset=8 * words * blocks).astype(np.uint32)
    columns = tuple(firsts.reshape(words, blocks))
    found = StoredSet(
        folder,
        form["name"],
        layout,
        form["rows"],
        form["block_rows"],
        columns,
        seals.reshape(blocks, words),
    )
    for file, (kind, _) in zip(_word_files(found.name, layout), _cells(layout), strict=True):
        if (folder / file).stat().st_size != found.rows * kind.itemsize:
            raise damaged(folder, f"{file} has another length than what was written")
    return found


def splitters_of(sets: Sequence[StoredSet], layout: FieldLayout, range_rows: int) -> Word:
    """Return first words that cut sets into ranges of about so many states of all of them.

    States with the same first word stay together, however many they are.
    """
    columns = [each.layout.convert(each.firsts, layout)[0] for each in sets]
    firsts = np.sort(np.concatenate(columns))
    blocks = max(range_rows // max(each.block_rows for each in sets), 1)
    return np.unique(firsts[blocks::blocks])


def damaged(folder: Path, why: str) -> BadCheckpoint:
    """Return the error that says that a folder is not as it was left."""
    return BadCheckpoint(
        f"{plain(str(folder))} is no exploration on disk, or a damaged one: {plain(why, 120)}; "
        "remove the folder, or name another"
    )


def _cells(layout: FieldLayout) -> list[tuple[np.dtype[Any], int]]:
    """Return how each word is stored: a kind of integer, and the shift to the fields in it."""
    shifts = [WORD_BITS] * layout.word_count
    for word, shift in layout.places:
        shifts[word] = min(shifts[word], shift)
    sizes = [next(size for size in (1, 2, 4, 8) if 8 * size >= WORD_BITS - s) for s in shifts]
    return [(np.dtype(f"<u{size}"), shift) for size, shift in zip(sizes, shifts, strict=True)]


def _checksums(column: npt.NDArray[Any], block_rows: int) -> Seals:
    starts = range(0, len(column), block_rows)
    found = [zlib.crc32(column[start : start + block_rows].data) for start in starts]
    return np.array(found, np.uint32)


def _no_seals(layout: FieldLayout) -> Seals:
    return np.zeros((0, layout.word_count), np.uint32)


def _index_bytes(firsts: Words, seals: Seals) -> bytes:
    return np.concatenate(firsts).astype("<u8").tobytes() + seals.astype("<u4").tobytes()


def _index_file(name: str) -> str:
    return f"{name}.index"


def _word_files(name: str, layout: FieldLayout) -> list[str]:
    return [f"{name}.word{index}" for index in range(layout.word_count)]
