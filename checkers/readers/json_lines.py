"""Our own schema in JSON lines: one object a line, see `rows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases, frozen
from counterpoint.checkers.readers.json_text import read_at_once, read_elements
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, Limits, excerpt, pieces, text_of
from counterpoint.checkers.readers.row_columns import (
    ABSENT,
    Declined,
    EventRows,
    OperationRows,
    rows_taker,
)
from counterpoint.checkers.readers.rows import Row, rows_case

LINES_AT_A_TIME = 20_000


def read_json_lines(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read rows of events or of operations; an array of the objects is read as well.

    Raises:
        UnreadableHistory: not JSON, or not rows.
    """
    text = text_of(data, source=source, limits=limits)
    try:
        return (quick_case(text, source=source, limits=limits),)
    except Declined:
        return (exact_case(text, source=source, limits=limits),)


def exact_case(text: str, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Case:
    """Read a text value by value: the line of whatever is wrong is known."""
    return rows_case(_rows(text, source, limits), source=source)


def quick_case(text: str, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Case:
    """Read a text that has one object on each line.

    Raises:
        Declined: it may be of another shape, or wrong.
    """
    taker: EventRows | OperationRows | None = None
    for lines in pieces(text, LINES_AT_A_TIME, limits):
        rows = _objects([line for line in lines if line.strip()], limits)
        if not rows:
            continue
        taker = taker or rows_taker(rows[0])
        names = {name for row in rows for name in row}
        cells = {name: [row.get(name, ABSENT) for row in rows] for name in names}
        taker.take(cells, len(rows))
    if taker is None:
        raise Declined
    return taker.case(source)


def _objects(lines: Sequence[str], limits: Limits) -> list[dict[str, object]]:
    """Parse each line alone; all at once, two faults could make one sense."""
    deepest = limits.depth_max
    if any(len(line) > deepest and line.count("[") + line.count("{") > deepest for line in lines):
        raise Declined
    try:
        parsed = read_at_once(lines)
    except (ValueError, RecursionError):
        raise Declined from None
    rows = [row for row, _ in parsed if isinstance(row, dict)]
    ends = [end for _, end in parsed]
    if len(rows) != len(lines) or (
        ends != list(map(len, lines))
        and any(line[end:].strip() for line, end in zip(lines, ends, strict=True))
    ):
        raise Declined
    return rows


def _rows(text: str, source: str, limits: Limits) -> Iterator[Row]:
    for line, value in read_elements(text, source=source, limits=limits):
        if not isinstance(value, dict):
            raise UnreadableHistory(
                source, line, f"{excerpt(value)} is no row; right would be an object"
            )
        yield Row(line, {column: frozen(cell) for column, cell in value.items()})
