"""Our own schema in columns: many rows at once, by the rules of `rows`.

A carrier hands over some thousand rows at a time, as one list of cells for each column. Where a cell
is not what it should be, this declines, and the reader that goes row by row names the line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

from counterpoint.checkers.events import (
    ECHOING,
    EVENT_TYPES,
    OBSERVING,
    EventType,
    UnreadableHistory,
)
from counterpoint.checkers.history import OPEN, UNKNOWN, MalformedHistory, well_formed
from counterpoint.checkers.readers.case import ATOMS, Case, frozen
from counterpoint.checkers.readers.event_columns import (
    EventColumns,
    OperationColumns,
    operations_in,
    paired,
)
from counterpoint.checkers.readers.rows import (
    EVENT_COLUMNS,
    OPERATION_COLUMNS,
    STATUSES,
    further_note,
    timed_case,
)
from counterpoint.checkers.transactions.history import micro_operations


class Declined(Exception):
    """These rows are for the reader that goes row by row."""


class _Absent:
    """The cell that nobody filled."""


ABSENT = _Absent()
Cells = Mapping[str, Sequence[object]]


@dataclass(slots=True)
class EventRows:
    """Rows of events, as they come in."""

    events: EventColumns = field(default_factory=EventColumns)
    times: list[object] = field(default_factory=list)
    further: Counter[str] = field(default_factory=Counter)

    def take(self, cells: Cells, count: int) -> None:
        """Add rows.

        Raises:
            Declined: a cell is missing, or not what it should be.
        """
        types = _types(cells, count)
        functions = _names(cells, "f", count)
        into = self.events
        into.steps += range(len(into.steps), len(into.steps) + count)
        into.clients += _clients(cells, count)
        into.types += types
        into.functions += functions
        into.keys += _values(cells, "key", count)
        into.values += [
            (UNKNOWN if kind == "ok" and f in OBSERVING else None) if value is ABSENT else value
            for kind, f, value in zip(
                types, functions, _values(cells, "value", count, absent=ABSENT), strict=True
            )
        ]
        self.times += _column(cells, "time", count)
        self.further += _further(cells, EVENT_COLUMNS)

    def case(self, source: str) -> Case:
        """Return the history.

        Raises:
            Declined: the rows contradict each other.
        """
        history = paired(self.events)
        if history is None:
            raise Declined
        notes = further_note(self.further)
        if set(map(type, self.times)) <= {_Absent, type(None)}:
            return Case(source, "", history, len(self.times), notes=notes)
        times = [_number(time) for time in self.times]
        try:
            return replace(timed_case(history, times, source), notes=notes)
        except UnreadableHistory:
            raise Declined from None


@dataclass(slots=True)
class OperationRows:
    """Rows of operations, as they come in."""

    ids: list[str] = field(default_factory=list)
    made: OperationColumns = field(default_factory=OperationColumns)
    called: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)
    further: Counter[str] = field(default_factory=Counter)

    def take(self, cells: Cells, count: int) -> None:
        """Add rows.

        Raises:
            Declined: a cell is missing, or not what it should be.
        """
        first = len(self.ids) + 1
        functions = _names(cells, "f", count)
        returned = [
            OPEN if cell is ABSENT or cell is None else _number(cell)
            for cell in _column(cells, "returned", count)
        ]
        statuses = [
            ("info" if end == OPEN else "ok") if cell is ABSENT else STATUSES.get(cell)
            for cell, end in zip(_column(cells, "status", count), returned, strict=True)
        ]
        if any(
            status is None or (end == OPEN) != (status == "info")
            for status, end in zip(statuses, returned, strict=True)
        ):
            raise Declined
        self.ids += [
            f"o{first + place}" if cell is ABSENT else str(cell)
            for place, cell in enumerate(_column(cells, "id", count))
        ]
        made = self.made
        made.clients += _clients(cells, count)
        made.functions += functions
        made.keys += _values(cells, "key", count)
        made.arguments += _values(cells, "argument", count)
        made.results += [
            (None if status == "ok" and f in ECHOING else UNKNOWN) if value is ABSENT else value
            for status, f, value in zip(
                statuses, functions, _values(cells, "result", count, absent=ABSENT), strict=True
            )
        ]
        made.statuses += [status for status in statuses if status is not None]
        made.call_steps += map(_step, _column(cells, "call_step", count))
        made.return_steps += map(_step, _column(cells, "return_step", count))
        self.called += map(_number, _column(cells, "called", count))
        self.returned += returned
        self.further += _further(cells, OPERATION_COLUMNS)

    def case(self, source: str) -> Case:
        """Return the history, its times turned into ranks as `events.ranked` does.

        Raises:
            Declined: the rows contradict each other.
        """
        instants = sorted({*self.called, *self.returned} - {OPEN})
        rank: dict[float, float] = {time: place for place, time in enumerate(instants)}
        rank[OPEN] = OPEN
        self.made.ids = self.ids
        self.made.called = list(map(rank.__getitem__, self.called))
        self.made.returned = list(map(rank.__getitem__, self.returned))
        listed = operations_in(self.made)
        try:
            history = well_formed(sorted(listed, key=lambda op: (op.called, op.returned)))
        except MalformedHistory:
            raise Declined from None
        return Case(source, "", history, len(listed), notes=further_note(self.further))


def rows_taker(columns: Iterable[str]) -> EventRows | OperationRows:
    """Return what takes rows whose first one has these cells."""
    return EventRows() if "type" in columns else OperationRows()


def _column(cells: Cells, name: str, count: int) -> Sequence[object]:
    return cells.get(name) or list(repeat(ABSENT, count))


def _further(cells: Cells, known: Sequence[str]) -> Counter[str]:
    counts = {
        name: sum(cell is not ABSENT for cell in column)
        for name, column in cells.items()
        if name not in known
    }
    return Counter({name: count for name, count in counts.items() if count})


def _types(cells: Cells, count: int) -> list[EventType]:
    try:
        return [EVENT_TYPES[cell] for cell in _column(cells, "type", count)]  # type: ignore[index]
    except (KeyError, TypeError):  # none of the four, or no word at all
        raise Declined from None


def _names(cells: Cells, name: str, count: int) -> list[str]:
    names = [cell for cell in _column(cells, name, count) if isinstance(cell, str) and cell]
    if len(names) != count:
        raise Declined
    return names


def _clients(cells: Cells, count: int) -> list[str]:
    named = [
        cell if type(cell) is str else str(cell) if type(cell) is int else ""
        for cell in _column(cells, "client", count)
    ]
    if not all(named):
        raise Declined
    return named


def _values(cells: Cells, name: str, count: int, absent: Hashable = None) -> list[Hashable]:
    return [
        absent if cell is ABSENT else cell if type(cell) in ATOMS else _value(cell)
        for cell in _column(cells, name, count)
    ]


def _value(cell: object) -> Hashable:
    value = frozen(cell)
    micros = micro_operations(value) if value else None
    return value if micros is None else micros


def _number(cell: object) -> float:
    if not isinstance(cell, int | float) or isinstance(cell, bool) or not math.isfinite(cell):
        raise Declined
    return cell


def _step(cell: object) -> int:
    if cell is ABSENT:
        return -1
    if not isinstance(cell, int) or isinstance(cell, bool):
        raise Declined
    return cell
