"""Our own schema, whatever carries it: rows of events, or rows of operations.

Rows of events have the columns `client`, `type`, `f`, and optionally `key`, `value`, `time`. Rows
of operations have `client`, `f`, `called`, and optionally `key`, `argument`, `result`, `returned`,
`status`, `id`, `call_step`, `return_step`. An absent value is one that nobody saw; null is a value.
Further columns are left out, and said to be.
Reference: docs/reference/history-formats.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.events import (
    ECHOING,
    EVENT_TYPES,
    OBSERVING,
    RecordedEvent,
    UnreadableHistory,
    at_times,
    operations,
    ranked,
)
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, Status
from counterpoint.checkers.readers.case import Case
from counterpoint.checkers.readers.limits import excerpt
from counterpoint.checkers.transactions.history import micro_operations
from counterpoint.model.inert import plain

EVENT_COLUMNS = ("client", "type", "f", "key", "value", "time")
OPERATION_COLUMNS = (
    "id",
    "client",
    "f",
    "key",
    "argument",
    "result",
    "called",
    "returned",
    "status",
    "call_step",
    "return_step",
)
NUMBER_COLUMNS = frozenset({"time", "called", "returned", "call_step", "return_step"})
FURTHER_MAX = 12
"""How many further columns are named; the others are counted."""

STATUSES: dict[object, Status] = {"ok": "ok", "fail": "fail", "info": "info"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line, and its cells by column; a cell nobody filled is absent."""

    line: int
    cells: Mapping[str, object]


def rows_case(rows: Iterable[Row], *, source: str) -> Case:
    """Turn rows into a case; the first row tells which of the two forms they have.

    Raises:
        UnreadableHistory: a cell that is missing, misnamed or of the wrong kind.
    """
    listed = tuple(rows)
    if not listed:
        raise UnreadableHistory(source, 0, "there is no row in it")
    if "type" in listed[0].cells:
        return replace(_event_case(listed, source), notes=further(listed, EVENT_COLUMNS))
    history = ranked([_operation(row, i, source) for i, row in enumerate(listed)], source=source)
    return Case(source, "", history, len(listed), notes=further(listed, OPERATION_COLUMNS))


def further(rows: Iterable[Row], columns: Sequence[str]) -> tuple[str, ...]:
    """Say which columns were left out that the schema does not have, and how often they are filled.

    >>> further([Row(1, {"f": "read", "node": "n1"})], EVENT_COLUMNS)
    ('further columns left out: node (1 filled)',)
    """
    known = frozenset(columns)
    counts = Counter(name for row in rows for name in row.cells.keys() - known)
    return further_note(counts)


def further_note(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Say so of columns that were counted already."""
    if not counts:
        return ()
    shown = [f"{plain(name, 40)} ({counts[name]} filled)" for name in sorted(counts)[:FURTHER_MAX]]
    more = len(counts) - len(shown)
    text = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    return (f"further columns left out: {text}",)


def _event_case(rows: Sequence[Row], source: str) -> Case:
    history = operations((_event(row, i, source) for i, row in enumerate(rows)), source=source)
    times = [_time(row, "time", source) for row in rows]
    if times == [None] * len(rows):
        return Case(source, "", history, len(rows))
    if None in times:
        line = rows[times.index(None)].line
        raise UnreadableHistory(source, line, "no time in this row; give all rows one, or none")
    return timed_case(history, [time for time in times if time is not None], source)


def timed_case(history: History, times: Sequence[float], source: str) -> Case:
    """Move operations, whose ranks are positions of rows, to the times of those rows."""
    timed = [at_times(op, _at(times, op.called), _at(times, op.returned)) for op in history]
    return Case(source, "", ranked(timed, source=source), len(times))


def _at(times: Sequence[float], rank: float) -> float:
    return OPEN if rank == OPEN else times[int(rank)]


def _event(row: Row, position: int, source: str) -> RecordedEvent:
    kind = EVENT_TYPES.get(str(row.cells.get("type")))
    if kind is None:
        raise _wrong(row, "type", "invoke, ok, fail or info", source)
    f = _text(row, "f", source)
    return RecordedEvent(
        _client(row, source),
        kind,
        f,
        _value(row, "key", None),
        _value(row, "value", UNKNOWN if kind == "ok" and f in OBSERVING else None),
        row.line,
        position,
    )


def _operation(row: Row, position: int, source: str) -> Operation:
    called, returned = _time(row, "called", source), _time(row, "returned", source)
    if called is None:
        raise _wrong(row, "called", "a time", source)
    status = STATUSES.get(row.cells.get("status", "info" if returned is None else "ok"))
    if status is None:
        raise _wrong(row, "status", "ok, fail or info", source)
    if (returned is None) != (status == "info"):
        raise _wrong(row, "returned", "there exactly if the status is not info", source)
    f = _text(row, "f", source)
    unseen = None if status == "ok" and f in ECHOING else UNKNOWN
    return Operation(
        str(row.cells.get("id", f"o{position + 1}")),
        _client(row, source),
        f,
        _value(row, "key", None),
        _value(row, "argument", None),
        _value(row, "result", unseen),
        called,
        OPEN if returned is None else returned,
        status,
        _step(row, "call_step", source),
        _step(row, "return_step", source),
    )


def _client(row: Row, source: str) -> str:
    value = row.cells.get("client")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(row, "client", source)


def _text(row: Row, column: str, source: str) -> str:
    value = row.cells.get(column)
    if not isinstance(value, str) or not value:
        raise _wrong(row, column, "a name", source)
    return value


def _time(row: Row, column: str, source: str) -> float | None:
    value = row.cells.get(column)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(row, column, "a finite number", source)
    return value


def _step(row: Row, column: str, source: str) -> int:
    value = row.cells.get(column, -1)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(row, column, "a whole number", source)
    return value


def _value(row: Row, column: str, absent: Hashable) -> Hashable:
    value = row.cells.get(column, absent)
    assert isinstance(value, Hashable), "the carriers freeze their values"
    micros = micro_operations(value) if value else None
    return value if micros is None else micros


def _wrong(row: Row, column: str, right: str, source: str) -> UnreadableHistory:
    if column not in row.cells:
        return UnreadableHistory(source, row.line, f"no {column!r} in this row; it must be {right}")
    shown = excerpt(str(row.cells[column]))
    return UnreadableHistory(source, row.line, f"the {column} {shown} must be {right}")
