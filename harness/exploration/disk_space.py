"""The folder of `explore --disk`: one process at a time, a folder a round, removed when all is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from counterpoint.harness.memory import room_within, share_bytes
from counterpoint.model.inert import plain
from counterpoint.model.search.exploration.explore import Explorer

if TYPE_CHECKING:
    from counterpoint.model.search.columnar.explorer import VectorExplorer

LOCK, ROUNDS = "lock", "faults-*"
MEMORY_BYTES = 2**30
"""What a search may use where the system does not tell how much there is."""


class NoDisk(ValueError):
    """A folder was asked for and cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """A folder for the states of an exploration, and the memory that it may use beside it."""

    path: Path
    memory_bytes: int

    @classmethod
    def of(cls, path: Path, memory_bytes: int | None) -> DiskSpace:
        """Return it, with a quarter of the machine if nothing is said of memory.

        Raises:
            ValueError: so much is in use already.
        """
        most_bytes = memory_bytes or share_bytes() or MEMORY_BYTES
        with suppress(OSError):  # where nothing tells what is used, nothing is refused
            room_within(most_bytes)
        return cls(path, most_bytes)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep other processes from the folder.

        Raises:
            NoDisk: it is in use.
            BadCheckpoint: there is something else in it.
            OSError: it cannot be made.
        """
        _require_numpy()
        from counterpoint.model.search.columnar.folder import require_ours

        require_ours(self.path, (LOCK, ROUNDS))
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("ab") as lock:
            if not _is_locked(lock.fileno()):
                raise NoDisk(
                    f"{plain(str(self.path))} is in use by another exploration; name another folder"
                )
            yield

    def give(self, explorer: Explorer | VectorExplorer, faults: int) -> None:
        """Let an exploration keep its states in the folder of its round.

        Raises:
            NoDisk: the plain engine has no use for it.
            BadCheckpoint: another exploration is in it, or what is in it is damaged.
            OSError: it cannot be read or written.
        """
        if isinstance(explorer, Explorer):
            raise NoDisk("--disk needs the numpy engine; leave --engine plain out")
        from counterpoint.model.search.columnar.folder import Portions

        explorer.move_to(self._folder(faults), Portions.of_memory(self.memory_bytes))

    def remove(self) -> None:
        """Remove what rounds have left, and the folder if nothing else is in it."""
        from counterpoint.model.search.columnar.folder import remove

        for folder in self.path.glob(ROUNDS):
            remove(folder)
        with suppress(OSError):  # something else is in it, or the system lets go of no open file
            (self.path / LOCK).unlink()
            self.path.rmdir()

    def _folder(self, faults: int) -> Path:
        return self.path / ROUNDS.replace("*", str(faults))


def _require_numpy() -> None:
    import importlib.util

    if importlib.util.find_spec("numpy") is None:
        raise NoDisk("--disk needs numpy; install counterpoint[fast]")


def _is_locked(file: int) -> bool:
    """Lock a file for as long as it is open; where the system knows no locks, trust the user."""
    try:
        import fcntl
    except ImportError:  # Windows has none
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
