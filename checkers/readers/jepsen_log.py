"""The log lines of Jepsen's etcd test, as porcupine and others keep them.

    INFO  jepsen.util - 3<tab>:invoke<tab>:cas<tab>[3 0]

Process, type, function, value; any run of blanks separates them, and other lines are ignored. In
these logs ":fail :cas" means that the comparison ran and found another value, a failed read is one
whose answer is unknown, and nil is a value like any other: the register starts as nil.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

from counterpoint.checkers.events import EVENT_TYPES, Event, UnreadableHistory, operations
from counterpoint.checkers.history import UNKNOWN
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    Limits,
    excerpt,
    lines_of,
    text_of,
)

MARK = "jepsen.util - "
LINE = re.compile(
    r"jepsen\.util - (?:(\d{1,18})|:\w+)\s+:(invoke|ok|fail|info)\s+:(\w+)\s+(.*?)\s*$"
)
NUMBER = re.compile(r"-?\d{1,18}")
PAIR = re.compile(r"\[(-?\d{1,18}) (-?\d{1,18})\]")


def read_jepsen_log(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read a log of one compare-and-set register.

    Raises:
        UnreadableHistory: a marked line that has no such form, or no marked line at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    recorded = tuple(_events(lines, source))
    if not recorded:
        raise UnreadableHistory(source, 0, f'no line has "{MARK}": not a log of Jepsen operations')
    events = [event for event in recorded if event is not None]
    return (Case(source, "", operations(events, source=source), len(recorded)),)


def _events(lines: list[str], source: str) -> Iterator[Event | None]:
    """Read the marked lines; None stands for one of the nemesis, which is no client."""
    step = -1
    for number, line in enumerate(lines, 1):
        if MARK not in line:
            continue
        step += 1
        found = LINE.search(line)
        if found is None:
            raise UnreadableHistory(
                source,
                number,
                f"{excerpt(line)} is not process, type, function and value; "
                "right would be: 3 :invoke :write 5",
            )
        process, kind, f, value = found.groups()
        if process is None:
            yield None
        else:
            yield _event(f"p{process}", kind, f, value, number, step, source)


def _event(client: str, kind: str, f: str, text: str, line: int, step: int, source: str) -> Event:
    if kind == "fail" and f == "cas":
        return Event(client, "ok", f, None, False, line, step)
    value = _value(text, line, source)
    if value is UNKNOWN and kind == "invoke":
        raise UnreadableHistory(source, line, f"{excerpt(text)} is nothing that a {f} can ask for")
    return Event(client, EVENT_TYPES[kind], f, None, value, line, step)


def _value(text: str, line: int, source: str) -> Hashable:
    if text == "nil":
        return None
    if NUMBER.fullmatch(text):
        return int(text)
    pair = PAIR.fullmatch(text)
    if pair is not None:
        return int(pair[1]), int(pair[2])
    if text.startswith(":"):  # ":timed-out" and its like: nobody saw a value
        return UNKNOWN
    raise UnreadableHistory(
        source, line, f"{excerpt(text)} is no value; right would be nil, 5, [3 0] or :timed-out"
    )
