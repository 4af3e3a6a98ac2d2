"""The folder of a node: what it must not forget, its journal, and a lock so that it runs but once."""

from __future__ import annotations

import os
from pathlib import Path

from counterpoint.impl.host.durable import (
    JOURNAL,
    DamagedFile,
    JournalWriter,
    journal_in,
    state_bytes,
    state_in,
)

try:
    import fcntl
except ImportError:  # a platform without it: there, nothing stops a second process
    fcntl = None  # type: ignore[assignment]

COMPACT_BYTES = 8 * 2**20
"""A journal that is longer begins again with a snapshot."""


class NodeRuns(Exception):
    """Another process runs this node already."""


class Folder:
    """Durable state of one node. With `is_synced` false, it survives a process but no machine."""

    def __init__(self, path: Path, *, is_synced: bool = True) -> None:
        self.path = path
        self._text = str(path)  # joining text is a tenth of the time of joining paths
        self.is_synced = is_synced
        path.mkdir(parents=True, exist_ok=True)
        self._place = os.open(path, os.O_RDONLY)
        self._lock = os.open(path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        self._journal = self._log = -1
        self._writer = self._log_writer = JournalWriter()
        self._log_bytes = 0
        self._journal_bytes = 0
        self._lock_it()
        try:
            if is_synced and (path / "state.log").exists():
                self._end_log()
        except DamagedFile:
            self.close()
            raise

    def _lock_it(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise NodeRuns(f"{self.path}: another process runs this node") from None

    def close(self) -> None:
        """Let go of the folder."""
        for descriptor in (self._place, self._lock, self._journal, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._place = self._lock = self._journal = self._log = -1

    # ---- state ---------------------------------------------------------------------------------------

    def load(self) -> bytes | None:
        """Return what was saved last, None if nothing was.

        Raises:
            DamagedFile: the file is not as it was written.
        """
        last = self._last_of_log()
        file = self.path / "state"
        if last is None and file.exists():
            return state_in(file.read_bytes(), str(file))
        return last

    def save(self, content: bytes) -> None:
        """Put this in the place of what was saved, as a whole; when this returns, it is on disk.

        Where no disk is waited for it is added to a log instead, and the last of it counts: it costs
        a tenth, as file systems write a file to disk when it replaces another one.
        """
        if self.is_synced:
            self._replace("state", state_bytes(content))
        elif self._log < 0 or self._log_bytes > COMPACT_BYTES:
            self._begin_log(content)
        else:
            record = self._log_writer.record(content)
            _write_all(self._log, record)
            self._log_bytes += len(record)

    def _begin_log(self, content: bytes) -> None:
        """Put a log that holds this alone in the place of the one there is."""
        if self._log >= 0:
            os.close(self._log)
        self._log_writer = JournalWriter()
        data = JOURNAL + self._log_writer.record(content)
        self._replace("state.log", data)
        self._log = os.open(self.path / "state.log", os.O_WRONLY | os.O_APPEND)
        self._log_bytes = len(data)

    def _last_of_log(self) -> bytes | None:
        """Return what the log says last; what was being written when the node was killed is no part."""
        file = self.path / "state.log"
        if not file.exists():
            return None
        contents, _, _ = journal_in(file.read_bytes(), str(file))
        return contents[-1] if contents else None

    def _end_log(self) -> None:
        """Go over from a log to a file that is replaced. Until the log is gone, both say the same."""
        last = self._last_of_log()
        if last is not None:
            self._replace("state", state_bytes(last))
        (self.path / "state.log").unlink(missing_ok=True)
        self._sync(self._place)

    def _replace(self, name: str, data: bytes) -> None:
        draft = f"{self._text}/{name}.part"
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            _write_all(descriptor, data)
            self._sync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(draft, f"{self._text}/{name}")
        self._sync(self._place)

    def _sync(self, descriptor: int) -> None:
        if self.is_synced:
            os.fsync(descriptor)

    # ---- journal -------------------------------------------------------------------------------------

    @property
    def is_journal_long(self) -> bool:
        """Tell whether the journal should begin again with a snapshot."""
        return self._journal_bytes > COMPACT_BYTES

    def open_journal(self) -> list[bytes]:
        """Return the records of the journal, without a last one that is torn, and go on after them.

        Raises:
            DamagedFile: the journal is not as it was written.
        """
        file = self.path / "journal"
        data = file.read_bytes() if file.exists() else JOURNAL
        records, end, self._writer = journal_in(data, str(file))
        if not file.exists():
            self._replace("journal", JOURNAL)
        self._journal = os.open(file, os.O_WRONLY | os.O_APPEND)
        os.ftruncate(self._journal, end)
        self._journal_bytes = end
        return records

    def append(self, contents: tuple[bytes, ...]) -> None:
        """Add records to the journal; when this returns, they are on disk."""
        data = b"".join(map(self._writer.record, contents))
        _write_all(self._journal, data)
        if self.is_synced:
            os.fdatasync(self._journal)
        self._journal_bytes += len(data)

    def begin_journal(self, snapshot: bytes) -> None:
        """Put a journal that begins with this record in the place of the one there is."""
        if self._journal >= 0:
            os.close(self._journal)
        self._writer = JournalWriter()
        data = JOURNAL + self._writer.record(snapshot)
        self._replace("journal", data)
        self._journal = os.open(self.path / "journal", os.O_WRONLY | os.O_APPEND)
        self._journal_bytes = len(data)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
