"""Our own schema in JSON lines: one object a line, see `rows`."""

from __future__ import annotations

from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Cases
from counterpoint.checkers.readers.frozen import frozen
from counterpoint.checkers.readers.json_text import read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, excerpt, text_of
from counterpoint.checkers.readers.rows import Row, rows_case


def read_json_lines(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read rows of events or of operations; an array of the objects is read as well.

    Raises:
        UnreadableHistory: not JSON, or not rows.
    """
    text = text_of(data, source=source, limits=limits)
    return (rows_case(_rows(text, source, limits), source=source),)


def _rows(text: str, source: str, limits: Limits) -> Iterator[Row]:
    for line, value in read_elements(text, source=source, limits=limits):
        if not isinstance(value, dict):
            raise UnreadableHistory(
                source, line, f"{excerpt(value)} is no row; right would be an object"
            )
        yield Row(line, {column: frozen(cell) for column, cell in value.items()})
