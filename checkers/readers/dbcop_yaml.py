"""DBCop's older histories in YAML, in the one shape that its writer gives them.

    - - events:                 two dashes: a new session
        - write:    true
          variable: 0
          value:    1
          success:  true
        success:    true
      - events:                 one dash: the next transaction of the session

Only this shape is read, line by line: no anchors, no tags, no YAML library, and time linear in the
text. A read of 0 that nobody wrote is the initial value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.dbcop_bincode import BareEvent, bare_case
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    lines_of,
    text_of,
)

LINE = re.compile(r"( *)((?:- +){0,2})(events|write|variable|value|success): *(\[\]|\w{0,20})")
VALUES = {"true": 1, "false": 0}


@dataclass(slots=True)
class _Event:
    """An event whose fields are still coming in; `column` is where they stand."""

    line: int
    column: int
    fields: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Transaction:
    """A transaction whose events are still coming in."""

    column: int
    events: list[_Event] = field(default_factory=list)
    success: bool = True


def read_dbcop_yaml(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: a line of any other form, or no event at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    sessions: list[list[_Transaction]] = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip()
        if text in ("", "---", "...") or text.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(text)
        if found is None or not _taken(sessions, found, number):
            raise _misplaced(text, number, source)
    return (_case(sessions, source),)


def _taken(sessions: list[list[_Transaction]], found: re.Match[str], line: int) -> bool:
    """Add one line to what was read; tell whether it had a place there."""
    dashes, name, word = found[2].count("-"), found[3], found[4]
    column = found.start(3)
    if name == "events":
        if dashes == 2:
            sessions.append([])
        elif dashes != 1 or not sessions:
            return False
        sessions[-1].append(_Transaction(column))
        return word in ("", "[]")
    if not sessions or not sessions[-1] or not word:
        return False
    return _field_taken(sessions[-1][-1], dashes, column, name, word, line)


def _field_taken(
    transaction: _Transaction, dashes: int, column: int, name: str, word: str, line: int
) -> bool:
    value = VALUES.get(word, int(word) if word.isascii() and word.isdigit() else None)
    if value is None or dashes == 2:
        return False
    if dashes == 0 and column == transaction.column:
        transaction.success = bool(value)
        return name == "success"
    if dashes == 1:
        transaction.events.append(_Event(line, column))
    if not transaction.events or column != transaction.events[-1].column:
        return False
    fields = transaction.events[-1].fields
    is_new = name not in fields
    fields[name] = value
    return is_new


def _case(sessions: list[list[_Transaction]], source: str) -> Case:
    return bare_case(
        [
            [([_bare(event, source) for event in one.events], one.success) for one in session]
            for session in sessions
        ],
        source=source,
    )


def _bare(event: _Event, source: str) -> BareEvent:
    missing = {"write", "variable", "value", "success"} - event.fields.keys()
    if missing:
        raise UnreadableHistory(
            source, event.line, f"this event has no {min(missing)!r}: truncated?"
        )
    fields = event.fields
    return BareEvent(
        bool(fields["write"]), fields["variable"], fields["value"], bool(fields["success"])
    )


def _misplaced(text: str, line: int, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        line,
        f"{excerpt(text.strip())} has no place here; events have the fields write, variable, "
        "value and success, each on its line",
    )
