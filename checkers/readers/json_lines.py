"""Our own schema in JSON lines: one object a line, see `rows`.

Lines that are flat objects with the keys of the fullest of the first lines, or some of them, in its
order, are taken apart by one regular expression some thousand at a time; others are parsed one by one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.bulk import Remembered
from counterpoint.checkers.readers.case import Case, Cases, frozen
from counterpoint.checkers.readers.json_text import read_at_once, read_elements
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    pieces,
    text_of,
)
from counterpoint.checkers.readers.row_columns import (
    ABSENT,
    Cells,
    Declined,
    EventRows,
    OperationRows,
    rows_taker,
)
from counterpoint.checkers.readers.rows import NUMBER_COLUMNS, Row, rows_case

LINES_AT_A_TIME = 20_000

BLANKS = " \t\r"
"""What JSON allows between its words, line feeds aside; no other space of Unicode is allowed."""

FIRST_LINES = 200
"""Among so many lines the fullest tells which keys there are, in which order."""

_STRING = r'"[^"\\\x00-\x1f]*+"'
_ATOM = rf"(?:{_STRING}|-?+(?:0|[1-9][0-9]{{0,17}})(?:\.[0-9]{{1,15}})?+|true|false|null)"
_BLANK = rf"[{BLANKS}]*+"
_KEY = r'[^"\\\x00-\x1f]++'
_CONSTANTS: dict[str, Hashable] = {"null": None, "true": True, "false": False}


def read_json_lines(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read rows of events or of operations; an array of the objects is read as well.

    Raises:
        UnreadableHistory: not JSON, or not rows.
    """
    text = text_of(data, source=source, limits=limits)
    try:
        return (quick_case(text, source=source, limits=limits),)
    except Declined:
        return (exact_case(text, source=source, limits=limits),)


def exact_case(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Case:
    """Read a text value by value: the line of whatever is wrong is known."""
    return rows_case(_rows(text, source, limits), source=source)


def quick_case(text: str, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS) -> Case:
    """Read a text that has one object on each line.

    Raises:
        Declined: it may be of another shape, or wrong.
    """
    taker: EventRows | OperationRows | None = None
    shape: _Shape | None = None
    for listed in pieces(text, LINES_AT_A_TIME, limits):
        lines = [line for line in listed if line.strip(BLANKS)]
        if not lines:
            continue
        if taker is None:
            shape = _shape_of(max(lines[:FIRST_LINES], key=_key_count))
        cells = (shape and shape.cells(lines)) or _parsed(lines, limits)
        if taker is None:
            taker = rows_taker([name for name, column in cells.items() if column[0] is not ABSENT])
        taker.take(cells, len(lines))
    if taker is None:
        raise Declined
    return taker.case(source)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What lines of a file have in common: the keys, in their order; all but the first may lack."""

    names: tuple[str, ...]
    line: re.Pattern[str]
    meanings: Remembered[Hashable] = field(default_factory=lambda: Remembered(_meaning))

    def cells(self, lines: Sequence[str]) -> Cells | None:
        """Take the lines apart, a column for each key; None where one is of another shape."""
        # The groups of all lines in a row, before each line what lies between it and the last.
        words = self.line.split("\n".join(lines))
        step = 1 + len(self.names)
        if len(words) != step * len(lines) + 1:
            return None
        return {
            name: list(
                # Times hardly ever come again, and are not kept.
                map(
                    _meaning if name in NUMBER_COLUMNS else self.meanings.__getitem__,
                    words[place::step],
                )
            )
            for place, name in enumerate(self.names, 1)
        }


def _pair(key: str) -> str:
    """The pattern of a key with an atom."""
    return rf'{_BLANK}"{key}"{_BLANK}:{_BLANK}({_ATOM}){_BLANK}'


def _key_count(line: str) -> int:
    return line.count('":')


def _shape_of(line: str) -> _Shape | None:
    names = tuple(name for name, _ in re.findall(_pair(f"({_KEY})"), line))
    if len(set(names)) != len(names) or not names:
        return None
    first, *others = (_pair(re.escape(name)) for name in names)
    entries = first + "".join(f"(?:,{pair})?+" for pair in others)
    pattern = rf"^{_BLANK}\{{{entries}\}}{_BLANK}$"
    return _Shape(names, re.compile(pattern, re.MULTILINE))


def _meaning(word: str | None) -> Hashable:
    """Read an atom of JSON, or nothing.

    >>> [_meaning(word) for word in ('"a"', "5", "-1.5", "null")], _meaning(None) is ABSENT
    (['a', 5, -1.5, None], True)
    """
    if not word:
        return ABSENT
    if word[0] == '"':
        return word[1:-1]
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    return float(word) if "." in word else int(word)


def _parsed(lines: Sequence[str], limits: ReadingLimits) -> Cells:
    """Parse line by line: any object."""
    rows = _objects(lines, limits)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, ABSENT) for row in rows] for name in names}


def _objects(lines: Sequence[str], limits: ReadingLimits) -> list[dict[str, object]]:
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
        and any(line[end:].strip(BLANKS) for line, end in zip(lines, ends, strict=True))
    ):
        raise Declined
    return rows


def _rows(text: str, source: str, limits: ReadingLimits) -> Iterator[Row]:
    for line, value in read_elements(text, source=source, limits=limits):
        if not isinstance(value, dict):
            raise UnreadableHistory(
                source, line, f"{excerpt(value)} is no row; right would be an object"
            )
        yield Row(line, {column: frozen(cell) for column, cell in value.items()})
