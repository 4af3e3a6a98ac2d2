"""Readers of recorded histories: one small file per format, and a table of them in `formats`."""

from __future__ import annotations

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.formats import FORMATS, HEAD_BYTES, Format, guess_format
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt

__all__ = [
    "DEFAULT_LIMITS",
    "FORMATS",
    "HEAD_BYTES",
    "Case",
    "Cases",
    "Format",
    "ReadingLimits",
    "UnreadableHistory",
    "guess_format",
    "read_cases",
]


def read_cases(
    data: str | bytes,
    *,
    source: str,
    form: str | None = None,
    limits: ReadingLimits = DEFAULT_LIMITS,
) -> Cases:
    """Read all histories of a file, in the format `form` or else in the one it seems to have.

    Raises:
        UnreadableHistory: no such format, none that fits, or not a history in it.
    """
    chosen = guess_format(source, data[:HEAD_BYTES]) if form is None else form
    known = FORMATS.get(chosen)
    if known is None:
        raise UnreadableHistory(
            source, 0, f"{excerpt(chosen)} is no format; name one of {', '.join(sorted(FORMATS))}"
        )
    return known.read(data, source=source, limits=limits)
