"""Files that survive: how durable state is written down, so that damage cannot pass unnoticed.

A record is its length, a digest and its content. A state file is a header and one record; it is only
ever replaced as a whole, so one that is torn or altered is an error. A journal is a header and
records, each digest taking in the one before it. Its last record may be torn: the node was stopped in
the middle of writing it, and does nothing that rests on a record before the whole of it is on disk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import blake2s

STATE = b"counterpoint state 1\n"
JOURNAL = b"counterpoint journal 1\n"
_HEAD = struct.Struct(">I16s")


class DamagedFile(Exception):
    """A file of durable state that is not as it was written. Says where and what to do."""

    def __init__(self, source: str, at: int, what: str) -> None:
        super().__init__(
            f"{source}: byte {at}: {what}; the node does not start on damaged state: bring the file "
            "back from a copy, or remove the node's folder to let it begin anew, as if it had lost "
            "its disk"
        )


def state_bytes(content: bytes) -> bytes:
    """Return a state file with this content."""
    return STATE + _record(content, b"")


def state_in(data: bytes, source: str) -> bytes:
    """Return the content of a state file; raises DamagedFile."""
    contents = list(_records(data, STATE, source, is_tail_allowed=False))
    if len(contents) != 1:
        raise DamagedFile(source, len(data), f"{len(contents)} states in one file")
    return contents[0][0]


class JournalWriter:
    """Makes the bytes of a journal, record by record."""

    def __init__(self, last: bytes = b"") -> None:
        self._last = last

    def record(self, content: bytes) -> bytes:
        """Return the bytes of the next record."""
        record = _record(content, self._last)
        self._last = _digest(content, self._last)
        return record


def journal_in(data: bytes, source: str) -> tuple[list[bytes], int, JournalWriter]:
    """Return the records of a journal, how many bytes of it are whole, and what goes on writing it.

    Raises:
        DamagedFile: something other than the last record is not as it was written.
    """
    contents, end, last = [], len(JOURNAL), b""
    for content, upto in _records(data, JOURNAL, source, is_tail_allowed=True):
        contents.append(content)
        end, last = upto, _digest(content, last)
    return contents, end, JournalWriter(last)


def _record(content: bytes, last: bytes) -> bytes:
    return _HEAD.pack(len(content), _digest(content, last)) + content


def _digest(content: bytes, last: bytes) -> bytes:
    return blake2s(content, key=last, digest_size=16).digest()


def _records(
    data: bytes, header: bytes, source: str, *, is_tail_allowed: bool
) -> Iterator[tuple[bytes, int]]:
    """Return the content of each record and where it ends."""
    if data[: len(header)] != header:
        raise DamagedFile(source, 0, f"does not begin with {header.decode().strip()!r}")
    at, last = len(header), b""
    while at < len(data):
        start = at + _HEAD.size
        size, digest = _HEAD.unpack_from(data, at) if start <= len(data) else (0, b"")
        if start > len(data) or start + size > len(data):
            if is_tail_allowed:
                return
            raise DamagedFile(source, at, "the record is torn")
        content = data[start : start + size]
        if _digest(content, last) != digest:
            raise DamagedFile(source, at, "the record does not have its digest")
        at, last = start + size, digest if is_tail_allowed else b""
        yield content, at
