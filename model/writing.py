"""Files written whole or not at all, by any number of processes at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

SUFFIX = ".part"
NAME_MAX = 180
"""Characters of a name that its draft keeps: the whole stays as short as file systems want it."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well, and else never was.

    Until then it has a name of its own, which no other process uses. What is no file, such as
    /dev/stdout, is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        with target.open("wb") as device:
            yield device
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft, file = _draft(target)
    try:
        with file:
            yield file
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all; half a surrogate pair in it becomes its escape.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def remove_drafts(path: Path) -> None:
    """Remove what processes that were killed have left of a file."""
    for draft in path.parent.glob(f"{_escaped(path.name[:NAME_MAX])}.*{SUFFIX}"):
        draft.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _draft(path: Path) -> tuple[Path, BinaryIO]:
    """Make an empty file that was not there: that is what keeps two processes apart."""
    for number in count():
        draft = path.with_name(f"{path.name[:NAME_MAX]}.{number}{SUFFIX}")
        try:
            return draft, draft.open("xb")
        except FileExistsError:
            continue
    raise AssertionError("the numbers never end")
