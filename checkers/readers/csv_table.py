"""Our own schema as a table of comma separated values with a header, see `rows`.

Names are bare text. In the columns of values an empty cell is absent; a cell that is JSON is that
value (5, 1.5, true, null, "5", [1, 2]); any other cell is a string.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Hashable, Iterator
from itertools import islice

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases, frozen
from counterpoint.checkers.readers.json_text import read_json
from counterpoint.checkers.readers.limits import DEFAULT_LIMITS, ReadingLimits, excerpt, text_of
from counterpoint.checkers.readers.row_columns import (
    ABSENT,
    Declined,
    EventRows,
    OperationRows,
    rows_taker,
)
from counterpoint.checkers.readers.rows import (
    EVENT_COLUMNS,
    NUMBER_COLUMNS,
    OPERATION_COLUMNS,
    Row,
    rows_case,
)

VALUE_COLUMNS = frozenset({"key", "value", "argument", "result"})
ROWS_AT_A_TIME = 20_000
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,299})(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
WHOLE = re.compile(r"-?\d+")
SHORT = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
WORDS = frozenset({"true", "false", "null"})
NOT_A_NUMBER = frozenset({"nan", "inf", "-inf", "infinity", "-infinity"})


def read_csv_table(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read rows of events or of operations.

    Raises:
        UnreadableHistory: not a table, or not such rows.
    """
    text = text_of(data, source=source, limits=limits)
    try:
        return (quick_case(text, source=source, limits=limits),)
    except Declined:
        return (exact_case(text, source=source, limits=limits),)


def exact_case(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Case:
    """Read a table row by row: the line of whatever is wrong is known."""
    return rows_case(_rows(text, source, limits), source=source)


def quick_case(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Case:
    """Read a table some thousand rows at a time.

    Raises:
        Declined: something may be wrong with it.
    """
    opened = io.StringIO(text, newline="")
    reader = csv.reader(opened, strict=True)
    try:
        header = next((cells for cells in reader if cells), [])
        columns = [name.strip() for name in header]
        _check_header(columns, source)
        memories = {name: _Memory(name, source, limits) for name in columns}
        taker: EventRows | OperationRows | None = None
        while rows := list(islice(filter(None, reader), ROWS_AT_A_TIME)):
            limits.progress(opened.tell(), len(text))
            if set(map(len, rows)) != {len(columns)}:
                raise Declined
            cells = {
                name: list(map(memories[name].__getitem__, column))
                for name, column in zip(columns, zip(*rows, strict=True), strict=True)
            }
            if taker is None:
                taker = rows_taker({name for name in columns if cells[name][0] is not ABSENT})
            taker.take(cells, len(rows))
    except (csv.Error, UnreadableHistory):
        raise Declined from None
    if taker is None:
        raise Declined
    return taker.case(source)


class _Memory(dict[str, object]):
    """What each spelling of a cell in one column means, found out once."""

    def __init__(self, column: str, source: str, limits: ReadingLimits) -> None:
        super().__init__({"": ABSENT})
        self._column, self._source, self._limits = column, source, limits

    def __missing__(self, cell: str) -> object:
        value = _cell(self._column, cell, 0, self._source, self._limits)
        if self._column not in NUMBER_COLUMNS:  # times hardly ever come again
            self[cell] = value
        return value


def _rows(text: str, source: str, limits: ReadingLimits) -> Iterator[Row]:
    lines = _lines(text, source)
    _, header = next(lines, (0, []))
    columns = [name.strip() for name in header]
    _check_header(columns, source)
    for line, cells in lines:
        if len(cells) != len(columns):
            raise UnreadableHistory(
                source, line, f"{len(cells)} cells under a header of {len(columns)}: truncated?"
            )
        named = zip(columns, cells, strict=True)
        yield Row(
            line,
            {name: _cell(name, cell, line, source, limits) for name, cell in named if cell},
        )


def _lines(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Walk the rows that are not empty, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UnreadableHistory(source, line, f"not a table: {error}") from None
        if cells is None:
            return
        if cells:
            yield line, cells


def _check_header(columns: list[str], source: str) -> None:
    twice = sorted(name for name, count in Counter(columns).items() if count > 1)
    missing = [name for name in ("client", "f") if name not in columns]
    if twice or missing:
        what = f"it has {excerpt(twice[0])} twice" if twice else f"it has no {missing[0]!r}"
        raise UnreadableHistory(
            source,
            1,
            f"the header must name the columns, and {what}; right would be "
            f"{','.join(EVENT_COLUMNS)} or {','.join(OPERATION_COLUMNS)}",
        )


def _cell(column: str, cell: str, line: int, source: str, limits: ReadingLimits) -> Hashable:
    if column in NUMBER_COLUMNS:
        return _number(column, cell, line, source)
    if column not in VALUE_COLUMNS:
        return cell
    try:
        return value_of_cell(cell, source=source, limits=limits)
    except UnreadableHistory as error:
        raise UnreadableHistory(source, line, f"{column} {error.reason}") from None


def value_of_cell(cell: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Hashable:
    """Read the text of a cell that holds a value: JSON where it looks like that, else a string.

    Raises:
        UnreadableHistory: it begins as JSON and is none, or it is not a number by name.

    >>> value_of_cell("5", source=""), value_of_cell("x", source=""), value_of_cell("null", source="")
    (5, 'x', None)
    """
    if SHORT.fullmatch(cell):  # nearly all are, and a parser of JSON takes ten times as long
        return int(cell)
    if cell.lower() in NOT_A_NUMBER:
        reason = f"{cell} cannot be compared; leave it out if nobody saw a value"
        raise UnreadableHistory(source, 0, reason)
    if cell in WORDS or cell[:1] in ('"', "[", "{") or NUMBER.fullmatch(cell):
        try:
            return frozen(read_json(cell, source=source, limits=limits))
        except UnreadableHistory as error:
            raise UnreadableHistory(source, 0, f"{excerpt(cell)}: {error.reason}") from None
    return cell


def _number(column: str, cell: str, line: int, source: str) -> float:
    if NUMBER.fullmatch(cell):
        return int(cell) if WHOLE.fullmatch(cell) else float(cell)
    raise UnreadableHistory(source, line, f"the {column} {excerpt(cell)} must be a number")


def cell_of(value: Hashable) -> str:
    """Write a value so that a cell with it is read as that value.

    >>> cell_of(5), cell_of("5"), cell_of("x"), cell_of((1, "a")), cell_of(None)
    ('5', '"5"', 'x', '[1, "a"]', 'null')
    """
    if isinstance(value, str) and value and not _needs_quotes(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _needs_quotes(text: str) -> bool:
    """Tell whether a string, written bare, would be read as something else."""
    return (
        text in WORDS
        or "\r" in text  # csv writes it bare before Python 3.13, where it ends a row
        or text[0] in '"[{'
        or text.lower() in NOT_A_NUMBER
        or NUMBER.fullmatch(text) is not None
    )
