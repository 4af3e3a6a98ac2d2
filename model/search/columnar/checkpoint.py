"""Checkpoints: an exploration on disk, whole or not at all, to go on with after a kill.

The numbers in a state mean what the tables of the exploration say. The tables themselves are not
saved: they are filled in the order of the questions asked, so asking the same questions in the same
order, from the journal, gives the same numbers. Nothing in the file is ever executed, and a seal over
all arrays says whether they are those that were written: another number would be another count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.inert import plain, quoted
from counterpoint.model.search.columnar.packing import Ids, Words
from counterpoint.model.values import Json
from counterpoint.model.writing import replacing

Questions: TypeAlias = npt.NDArray[np.int32]
"""Rows of (table, first argument, second argument)."""

VERSION = 2


class BadCheckpoint(ValueError):
    """A file or folder that is no checkpoint, or one of another exploration. Says what differs."""


class Journal:
    """The questions asked of the tables so far: (table, first argument, second argument)."""

    def __init__(self) -> None:
        self._parts: list[Questions] = []

    def note(self, table: int, first: Ids, second: Ids) -> None:
        """Add questions to a table, in their order; they were answered."""
        part = np.empty((len(first), 3), np.int32)
        part[:, 0], part[:, 1], part[:, 2] = table, first, second
        self._parts.append(part)

    @property
    def array(self) -> Questions:
        """The questions as rows."""
        self._parts = [np.concatenate([np.empty((0, 3), np.int32), *self._parts])]
        return self._parts[0]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An exploration at the end of a level. `about` says of what, `state` its counters."""

    about: dict[str, Json]
    state: dict[str, Json]
    journal: Questions
    levels: tuple[Words, ...]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint beside an older one, then in its place: a kill leaves one of the two whole."""
    meta = {"version": VERSION, "about": checkpoint.about, "state": checkpoint.state}
    text = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8)
    sizes = np.array([len(level[0]) for level in checkpoint.levels], np.int64)
    words = {
        f"word{k}": np.concatenate([level[k] for level in checkpoint.levels])
        for k in range(len(checkpoint.levels[0]))
    }
    arrays: dict[str, Any] = {"meta": text, "sizes": sizes, "journal": checkpoint.journal, **words}
    with replacing(path) as file:
        np.savez(file, **arrays, seal=_seal_of(arrays))


def load(path: Path, about: dict[str, Json]) -> Checkpoint:
    """Read a checkpoint of the exploration that `about` describes.

    Raises:
        BadCheckpoint: not a checkpoint, damaged, or of another exploration.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        meta = json.loads(bytes(arrays["meta"]).decode())
        version = meta["version"]
    except Exception as error:  # whatever a reader of zip files and arrays makes of foreign bytes
        raise _damaged(path, f"{type(error).__name__}: {error}") from None
    if version != VERSION:
        raise BadCheckpoint(
            f"{plain(str(path))} has checkpoint version {quoted(version, 40)}, not {VERSION}; "
            "remove the file, or name another"
        )
    seal = arrays.pop("seal", None)
    if seal is None or not np.array_equal(seal, _seal_of(arrays)):
        raise _damaged(path, "its contents are not those that were written")
    require_same(path, meta["about"], about, "remove the file, or name another")
    columns = [arrays[f"word{k}"] for k in range(len(arrays) - 3)]
    ends = np.cumsum(arrays["sizes"])[:-1]
    levels = zip(*(np.split(column, ends) for column in columns), strict=True)
    return Checkpoint(meta["about"], meta["state"], arrays["journal"], tuple(map(tuple, levels)))


def _damaged(path: Path, why: str) -> BadCheckpoint:
    return BadCheckpoint(
        f"{plain(str(path))} is no checkpoint, or a damaged one: {plain(why, 120)}; "
        "remove the file, or name another"
    )


def _seal_of(arrays: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """Return a digest of all arrays: their names, what they are made of, and every byte of them."""
    seal = blake2b(digest_size=32)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        seal.update(repr((name, array.dtype.str, array.shape)).encode())
        seal.update(array.view(np.uint8).data)
    return np.frombuffer(seal.digest(), np.uint8)


def require_same(path: Path, then: dict[str, Any], about: dict[str, Json], advice: str) -> None:
    """Refuse what is of another exploration, and say what differs.

    Raises:
        BadCheckpoint: something differs.
    """
    for key in sorted({*then, *about}):
        if then.get(key) != about.get(key):
            raise BadCheckpoint(
                f"{plain(str(path))} is of another exploration: its {key} is "
                f"{quoted(then.get(key))}, here it is {quoted(about.get(key))}; {advice}"
            )


def replayed(journal: Questions, tables: Sequence[Any]) -> None:
    """Ask the tables what they were asked before; in a row what one table was asked in a row."""
    starts = np.flatnonzero(np.diff(journal[:, 0], prepend=-1))
    for part in np.split(journal.astype(np.int64), starts[1:]):
        if len(part):
            tables[part[0, 0]].learn(part[:, 1], part[:, 2])
