"""The folder of an exploration on disk: what was written, and which of it counts.

Sets are written once and never changed. Which of them belong to the exploration, how far it is and
how many questions of the journal it rests on stands in one small file, which is replaced as a whole:
after a kill the folder is as it was when that file was last replaced. What no longer counts is
removed afterwards.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from counterpoint.model.inert import plain, quoted
from counterpoint.model.search.columnar.checkpoint import BadCheckpoint, Questions, require_same
from counterpoint.model.search.columnar.packing import FieldLayout, Words
from counterpoint.model.search.columnar.stored_set import SetWriter, StoredSet, damaged
from counterpoint.model.values import Json
from counterpoint.model.writing import replacing

VERSION = 1
MANIFEST, JOURNAL = "exploration.json", "journal"
OURS = ("exploration.json*", JOURNAL, "level-*.*", "run-*.*", "spill-*.*")
ADVICE = "remove the folder, or name another"


class DiskFailed(OSError):
    """Something cannot be written or read: the disk is full, say. What was noted before is whole."""


@dataclass(frozen=True, slots=True)
class Portions:
    """How much is held in memory at once.

    `pending_bytes`: successors before they are written; `block_rows`: the states of a block, which is
    read as a whole; `range_rows`: about so many states are merged at once; `piece_blocks`: so many
    blocks of known states are looked at at once.
    """

    pending_bytes: int
    block_rows: int = 1 << 13
    range_rows: int = 1 << 19
    piece_blocks: int = 1 << 6

    @classmethod
    def of_memory(cls, most_bytes: int) -> Portions:
        """Return what suits a search that may use so much: half of it stays free for its tables.

        Successors are held twice while they are sorted, and once more as parts.
        """
        return cls(pending_bytes=most_bytes // 8)


class ExplorationFolder:
    """One exploration on disk. Make it by `opened`."""

    def __init__(self, path: Path, about: Mapping[str, Json], portions: Portions) -> None:
        self.path, self._about, self.portions = path, dict(about), portions
        self._journal_rows, self._journal_seal = 0, 0

    def opened(self) -> dict[str, Any] | None:
        """Return what was noted last of this exploration, None if the folder is new or empty.

        Raises:
            BadCheckpoint: the folder is of others, of another exploration or version, or damaged.
            OSError: it cannot be made or read.
        """
        require_ours(self.path, OURS)
        manifest = self.path / MANIFEST
        if not manifest.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            return None
        return self._noted(manifest)

    def _noted(self, manifest: Path) -> dict[str, Any]:
        try:
            noted: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
            version, seal = noted["version"], noted.pop("seal")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged(self.path, f"{MANIFEST}: {type(error).__name__}: {error}") from None
        if version != VERSION:
            raise BadCheckpoint(
                f"{plain(str(self.path))} has version {quoted(version, 40)}, not {VERSION}; {ADVICE}"
            )
        if seal != _seal_of(noted):
            raise damaged(self.path, f"{MANIFEST} is not what was written")
        require_same(self.path, noted["about"], self._about, ADVICE)
        return noted

    def journal(self, noted: Mapping[str, Any]) -> Questions:
        """Return the questions that what was noted rests on; later ones do not count.

        Raises:
            BadCheckpoint: they are not those that were written.
            OSError: they cannot be read.
        """
        rows, path = noted["journal"]["rows"], self.path / JOURNAL
        content = path.read_bytes()[: 12 * rows] if rows else b""
        if len(content) != 12 * rows or zlib.crc32(content) != noted["journal"]["seal"]:
            raise damaged(self.path, f"{JOURNAL} is not what was written")
        self._journal_rows, self._journal_seal = rows, noted["journal"]["seal"]
        return np.frombuffer(content, "<i4").reshape(-1, 3).astype(np.int32)

    def written(self, name: str, layout: FieldLayout, ranges: Iterable[Words]) -> StoredSet:
        """Write a set, given in its order.

        Raises:
            DiskFailed: it cannot be written, or what it is made of cannot be read.
        """
        with (
            self.told(),
            SetWriter(self.path, name, layout, self.portions.block_rows) as writer,
        ):
            for words in ranges:
                writer.write(words)
            return writer.finished()

    def note(
        self, journal: Questions, state: Mapping[str, Json], sets: Mapping[str, Sequence[StoredSet]]
    ) -> None:
        """Let these sets count, and no others, with a state that rests on these questions.

        Raises:
            DiskFailed: it cannot be written; then what was noted before still counts.
        """
        with self.told():
            self._append(journal)
            noted: dict[str, Any] = {
                "version": VERSION,
                "about": self._about,
                "state": dict(state),
                "journal": {"rows": self._journal_rows, "seal": self._journal_seal},
                "sets": {kind: [each.form for each in found] for kind, found in sets.items()},
            }
            with replacing(self.path / MANIFEST) as file:
                file.write(json.dumps({**noted, "seal": _seal_of(noted)}).encode())
            self._remove_but(
                {file for found in sets.values() for each in found for file in each.files}
            )

    def _append(self, journal: Questions) -> None:
        content = journal[self._journal_rows :].astype("<i4").tobytes()
        with (self.path / JOURNAL).open("r+b" if self._journal_rows else "wb") as file:
            # What an attempt that failed has left is written over.
            file.seek(12 * self._journal_rows)
            file.write(content)
        self._journal_rows = len(journal)
        self._journal_seal = zlib.crc32(content, self._journal_seal)

    def _remove_but(self, counting: set[str]) -> None:
        for pattern in OURS[2:]:
            for path in self.path.glob(pattern):
                if path.name not in counting:
                    path.unlink(missing_ok=True)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what the system says of a file into `DiskFailed`, which names the folder."""
        try:
            yield
        except DiskFailed:
            raise
        except OSError as error:
            raise DiskFailed(f"{plain(str(self.path))}: {error.strerror or error}") from error


def require_ours(path: Path, patterns: Sequence[str]) -> None:
    """Refuse a folder in which there is anything that is not named as what we put there.

    Raises:
        BadCheckpoint: it is a file, or holds something else.
        OSError: it cannot be read.
    """
    if path.exists() and not path.is_dir():
        raise BadCheckpoint(f"{plain(str(path))} is no folder; name a new one, or an empty one")
    found = sorted(path.iterdir()) if path.exists() else []
    foreign = next((f for f in found if not any(f.match(p) for p in patterns)), None)
    if foreign is not None:
        raise BadCheckpoint(
            f"{plain(str(path))} holds what is not of an exploration ({plain(foreign.name)}); "
            "name a new folder, or an empty one"
        )


def remove(path: Path) -> None:
    """Remove what an exploration has left in its folder, and the folder if nothing else is in it."""
    for pattern in OURS:
        for file in path.glob(pattern):
            file.unlink(missing_ok=True)
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()


def _seal_of(noted: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(noted, sort_keys=True).encode())
