"""The log of a node: what happened to it and what it did, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from counterpoint.impl.host.node import LogRecord

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)
"""Made once: `json.dumps` would make one for each line."""


class NoLog(ValueError):
    """A file that is there already is no log, and is left as it is. Says which."""


class EventLogWriter:
    """Appends to a log file. What is written survives the process, for it is handed over at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.last = last_number(path)
        self._descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)

    def write(self, lines: Iterable[LogRecord]) -> None:
        """Append lines; those that are in the file already, by their numbers, are left out."""
        new = [line for line in lines if _number(line) > self.last]
        if not new:
            return
        text = "".join(_ENCODER.encode(line) + "\n" for line in new)
        data = memoryview(text.encode())
        while data:
            data = data[os.write(self._descriptor, data) :]
        self.last = _number(new[-1])

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _number(line: LogRecord) -> int:
    number = line["n"]
    assert isinstance(number, int), line
    return number


def last_number(path: Path) -> int:
    """Return the number of the last whole line of a log, 0 if there is none; cut off a torn one.

    Raises:
        NoLog: the file is something else; nothing of it is cut off.
    """
    if not path.exists():
        return 0
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.rstrip(b"\n").rsplit(b"\n", 1)
    try:
        number = int(json.loads(lines[-1])["n"]) if lines[-1] else 0
    except (ValueError, KeyError, TypeError):
        raise NoLog(f"{path} is no log of a node; name a file that is one, or a new one") from None
    if not whole and data and not data.startswith(b"{"):
        raise NoLog(f"{path} is no log of a node; name a file that is one, or a new one")
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    return number
