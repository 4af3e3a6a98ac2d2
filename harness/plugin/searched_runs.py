"""Which runs were made already, by code that is still the same: they are not made again.

A line of the file says of one test, one seed and one state of the code from which number on runs were
not made yet. Workers append whole lines, so that several may share the file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from counterpoint.harness.keeping import begin_folder

FILE = "searched.jsonl"

LINES_MAX = 20_000
"""A longer file is begun anew, with what is known of it."""


class SearchedRuns:
    """The file in a folder, as it was when the session began."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._next = _read(self._path)

    def next_of(self, test: str, seed: int, code: str) -> int:
        """Return the number of the first run of a test that nobody has made of this code."""
        return self._next.get((test, seed, code), 0)

    def add(self, test: str, seed: int, code: str, next_run: int) -> None:
        """Remember that the runs before this one were made; a folder that is closed is no error."""
        line = json.dumps({"test": test, "seed": seed, "code": code, "next": next_run}) + "\n"
        try:
            begin_folder(self._path.parent)
            with self._path.open("ab") as file:
                os.write(file.fileno(), line.encode())
        except OSError:  # then they are made again, which harms nobody
            return

    def compact(self) -> None:
        """Write a file that has grown long anew, each test once."""
        lines = [
            json.dumps({"test": test, "seed": seed, "code": code, "next": number})
            for (test, seed, code), number in self._next.items()
        ]
        part = self._path.with_suffix(".part")
        try:
            if self._path.read_bytes().count(b"\n") > LINES_MAX:
                part.write_text("".join(f"{line}\n" for line in lines))
                part.replace(self._path)
        except OSError:
            return


def _read(path: Path) -> dict[tuple[str, int, str], int]:
    found: dict[tuple[str, int, str], int] = {}
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            said = json.loads(line)
            key = (str(said["test"]), int(said["seed"]), str(said["code"]))
            found[key] = max(found.get(key, 0), int(said["next"]))
        except (ValueError, TypeError, KeyError):  # a line that was cut off
            continue
    return found
