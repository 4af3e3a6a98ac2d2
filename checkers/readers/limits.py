"""What a reader accepts at most, and how bytes become text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.model.inert import QUOTED_MAX, quoted


def unheard(_done: int, _whole: int) -> None:
    """Tell nobody how far a reader has come."""


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """A limit on everything, so that noise ends in an error and not in a full machine.

    `bytes_max` bounds a whole file, `line_chars_max` a line of the formats that go by lines,
    `depth_max` the nesting of brackets. Readers of long texts tell `progress` now and then how many
    characters they have read, and of how many.
    """

    bytes_max: int = 256 * 2**20
    line_chars_max: int = 2**20
    depth_max: int = 100
    progress: Callable[[int, int], None] = unheard


DEFAULT_LIMITS = ReadingLimits()


def text_of(data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> str:
    """Return the text of a file, its byte order mark removed.

    Raises:
        UnreadableHistory: more than `bytes_max`, or bytes that are not UTF-8.
    """
    if len(data) > limits.bytes_max:
        raise UnreadableHistory(
            source, 0, f"{len(data)} bytes; at most {limits.bytes_max} are read: split the file"
        )
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableHistory(
            source, line, f"byte {error.start} is not UTF-8 text; is this a binary format?"
        ) from None


def pieces(text: str, count: int, limits: ReadingLimits = DEFAULT_LIMITS) -> Iterator[list[str]]:
    """Walk the lines of a text, about so many at a time, so that they need not all exist at once.

    >>> list(pieces("a\\nb\\nc", 1))
    [['a'], ['b'], ['c']]
    """
    start = 0
    while start < len(text):
        stop = text.find("\n", min(len(text), start + 100 * (count - 1)))
        stop = len(text) if stop < 0 else stop
        limits.progress(start, len(text))
        yield text[start:stop].split("\n")
        start = stop + 1


def lines_of(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> list[str]:
    """Split text into lines, at line feeds only.

    Raises:
        UnreadableHistory: a line longer than `line_chars_max`.
    """
    lines = text.split("\n")
    longest = max(map(len, lines))
    if longest > limits.line_chars_max:
        line = next(i for i, one in enumerate(lines, 1) if len(one) > limits.line_chars_max)
        raise UnreadableHistory(
            source,
            line,
            f"a line of {len(lines[line - 1])} characters; "
            f"at most {limits.line_chars_max} are read in a format that goes by lines",
        )
    return lines


def excerpt(foreign: object, *, chars_max: int = QUOTED_MAX) -> str:
    """Quote a piece of input in an error message: inert, and short.

    >>> excerpt("x" * 50, chars_max=12)
    "'xxxxxxxxxx…"
    """
    return quoted(foreign, chars_max)
