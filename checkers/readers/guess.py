"""Which format a file has: what an entry of the table of formats is, and how one is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Reader
from counterpoint.checkers.readers.limits import excerpt

HEAD_BYTES = 65_536
"""How much of a file is worth showing to `guess_format`."""

BLANKS_AND_COMMENTS = re.compile(r"(?:\s++|;[^\n]*+|//[^\n]*+)*+")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file: its bytes, if it came as such, and its text.

    `start` is where the text goes on after blanks and comments.
    """

    data: bytes
    text: str
    start: int


Sniff = Callable[[Head], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """One format of recorded histories: an entry of the table in `formats`.

    `sniff` tells by the beginning of a file whether it is of this format; where no entry of the
    table says so, the name of the file decides, by its `suffixes` (after the last dot).
    """

    name: str
    read: Reader
    sniff: Sniff
    suffixes: tuple[str, ...] = ()


def begins(*patterns: str) -> Sniff:
    """Recognise a format by what comes first after blanks and comments."""
    pattern = re.compile("|".join(f"(?:{one})" for one in patterns))
    return lambda head: pattern.match(head.text, head.start) is not None


def contains(pattern: str) -> Sniff:
    """Recognise a format by what is somewhere in the beginning."""
    found = re.compile(pattern)
    return lambda head: found.search(head.text) is not None


def head_of(data: str | bytes) -> Head:
    """Cut the beginning off a file."""
    cut = data[:HEAD_BYTES]
    if isinstance(cut, bytes):
        raw, text = cut, cut.decode("utf-8-sig", "replace")
    else:
        raw, text = b"", cut.removeprefix("\ufeff")
    start = BLANKS_AND_COMMENTS.match(text)
    assert start is not None, "nothing at all is a match, too"
    return Head(raw, text, start.end())


def guess(formats: Mapping[str, Format], name: str, data: str | bytes) -> str:
    """Name the format of a file from its name and its beginning.

    What the beginning says wins over the name, because names are often wrong; of several formats
    the first in the table wins.

    Raises:
        UnreadableHistory: nothing fits; the message lists the formats.
    """
    head = head_of(data)
    for form in formats.values():
        if form.sniff(head):
            return form.name
    if head.start == len(head.text):
        raise UnreadableHistory(name, 0, "the file is empty, or holds comments alone")
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    for form in formats.values():
        if suffix in form.suffixes:
            return form.name
    raise UnreadableHistory(
        name,
        0,
        "cannot tell the format of a file that begins with "
        f"{excerpt(head.text[head.start : head.start + 60])}; name one of {', '.join(sorted(formats))}",
    )
