"""Checkpoints: an exploration on disk, whole or not at all, to go on with after a kill.

The numbers in a state mean what the tables of the exploration say. The tables themselves are not
saved: they are filled in the order of the questions asked, so asking the same questions in the same
order, from the journal, gives the same numbers. Nothing in the file is ever executed.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from counterpoint.model.search.columnar.packing import Ids, Words
from counterpoint.model.values import Json

Questions: TypeAlias = npt.NDArray[np.int32]
"""Rows of (table, first argument, second argument)."""

VERSION = 1


class BadCheckpoint(ValueError):
    """A file that is no checkpoint, or one of another exploration. Says what differs."""


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


def draft_of(path: Path) -> Path:
    """Return where a checkpoint is written before it takes its place."""
    return path.with_name(path.name + ".part")


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint beside an older one, then in its place: a kill leaves one of the two whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {"version": VERSION, "about": checkpoint.about, "state": checkpoint.state}
    text = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), np.uint8)
    sizes = np.array([len(level[0]) for level in checkpoint.levels], np.int64)
    words = {
        f"word{k}": np.concatenate([level[k] for level in checkpoint.levels])
        for k in range(len(checkpoint.levels[0]))
    }
    draft = draft_of(path)
    arrays: dict[str, Any] = {"meta": text, "sizes": sizes, "journal": checkpoint.journal, **words}
    with draft.open("wb") as file:
        np.savez(file, **arrays)
    draft.replace(path)


def load(path: Path, about: dict[str, Json]) -> Checkpoint:
    """Read a checkpoint of the exploration that `about` describes.

    Raises:
        BadCheckpoint: not a checkpoint, damaged, or of another exploration.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(bytes(arrays["meta"]).decode())
            _require_same(path, meta, about)
            columns = [arrays[f"word{k}"] for k in range(len(arrays.files) - 3)]
            ends = np.cumsum(arrays["sizes"])[:-1]
            levels = zip(*(np.split(column, ends) for column in columns), strict=True)
            return Checkpoint(
                meta["about"], meta["state"], arrays["journal"], tuple(tuple(w) for w in levels)
            )
    except (OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise BadCheckpoint(f"{path} is no checkpoint, or a damaged one: {error}") from None
    except ValueError as error:
        if isinstance(error, BadCheckpoint):
            raise
        raise BadCheckpoint(f"{path} is no checkpoint, or a damaged one: {error}") from None


def _require_same(path: Path, meta: dict[str, Any], about: dict[str, Json]) -> None:
    if meta["version"] != VERSION:
        raise BadCheckpoint(f"{path} has checkpoint version {meta['version']}, not {VERSION}")
    then = meta["about"]
    for key in sorted({*then, *about}):
        if then.get(key) != about.get(key):
            raise BadCheckpoint(
                f"{path} is of another exploration: its {key} is {then.get(key)!r}, "
                f"here it is {about.get(key)!r}; remove the file, or name another"
            )


def replayed(journal: Questions, tables: Sequence[Any]) -> None:
    """Ask the tables what they were asked before; in a row what one table was asked in a row."""
    starts = np.flatnonzero(np.diff(journal[:, 0], prepend=-1))
    for part in np.split(journal.astype(np.int64), starts[1:]):
        if len(part):
            tables[part[0, 0]].learn(part[:, 1], part[:, 2])
