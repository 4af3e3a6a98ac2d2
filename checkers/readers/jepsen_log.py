"""Operations one a line, as Jepsen prints them: process, type, function, value, and perhaps an error.

    INFO  jepsen.util - 3<tab>:invoke<tab>:cas<tab>[3 0]                                 (0.0)
    INFO [2019-04-01 11:25:23,722] jepsen worker 3 - jepsen.util 3<tab>:invoke<tab>...   (0.1)
    2025-01-01 10:00:00,001{GMT}<tab>INFO<tab>[jepsen worker 0] jepsen.util: 0<tab>...   (0.2, 0.3)
    3<tab>:info<tab>:write<tab>5<tab>:timeout                                            (history.txt)

Tabs separate the columns, or any run of blanks where a log was copied; values are EDN. Lines of a
log without the mark are ignored, and so are those of the nemesis, whatever it did.

In these lines ":fail :cas" without an error means that the comparison ran and found another value; a
read that failed or ended as info is one whose answer is unknown; and nil is a value like any other:
the register starts as nil.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Cases
from counterpoint.checkers.readers.edn import read_edn_value
from counterpoint.checkers.readers.formats import MARK
from counterpoint.checkers.readers.jepsen_events import JepsenRecord, jepsen_case
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    lines_of,
    text_of,
)

_COLUMNS = (
    r"(:?[\w.-]++|\"[^\"]*+\")\s++:(invoke|ok|fail|info)\s++:?([^\s\"\[\](){}]++)(?:\s++(.*))?"
)
OPERATION = re.compile(_COLUMNS)
MARKED = re.compile(rf"{MARK}((?:\d++|:[\w.-]++)\s.*)")
CLIENT = re.compile(r"\d{1,18}")
RIGHT = "right would be: 3 :invoke :write 5"


def read_jepsen_log(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read a log: its marked lines.

    Raises:
        UnreadableHistory: a marked line that has no such form, or no marked line at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    found = ((number, MARKED.search(line)) for number, line in enumerate(lines, 1))
    marked = [(number, mark[1]) for number, mark in found if mark is not None]
    if not marked:
        raise UnreadableHistory(
            source, 0, 'no line has "jepsen.util" and an operation: not a log of Jepsen operations'
        )
    return _case(marked, source, limits)


def read_jepsen_history(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read a `history.txt`: every line that is not empty.

    Raises:
        UnreadableHistory: a line that has no such form, or no line at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    return _case([(n, line) for n, line in enumerate(lines, 1) if line.strip()], source, limits)


def _case(lines: list[tuple[int, str]], source: str, limits: ReadingLimits) -> Cases:
    records = _records(lines, source, limits)
    return (jepsen_case(records, source=source, nil_is_unseen=False),)


def _records(
    lines: list[tuple[int, str]], source: str, limits: ReadingLimits
) -> Iterator[JepsenRecord]:
    for number, line in lines:
        found = OPERATION.fullmatch(line.strip())
        if found is None:
            raise UnreadableHistory(
                source, number, f"{excerpt(line)} is not process, type, function and value; {RIGHT}"
            )
        yield _record(found, number, source, limits)


def _record(found: re.Match[str], line: int, source: str, limits: ReadingLimits) -> JepsenRecord:
    process, kind, f, rest = found.groups()
    if CLIENT.fullmatch(process) is None:
        return JepsenRecord(line, {"process": ":nemesis", "f": f})
    if rest is None:
        raise UnreadableHistory(source, line, f"no value after the function {excerpt(f)}; {RIGHT}")
    fields: dict[str, object] = {"process": int(process), "type": kind, "f": f}
    return JepsenRecord(line, fields | _ending(kind, f, rest, line, source, limits))


def _ending(
    kind: str, f: str, rest: str, line: int, source: str, limits: ReadingLimits
) -> dict[str, object]:
    """Return the fields that the value of a line decides.

    The value of a call that failed or has no known end repeats that of the call, or says why; only
    a cas needs it, to tell a comparison from a refusal.
    """
    if kind == "info" or (kind == "fail" and f != "cas"):
        return {}
    value, error = read_edn_value(rest, source=source, line=line, limits=limits)
    if kind != "fail":
        return {"value": value}
    is_refused = bool(error.strip(" \t,")) or not isinstance(value, tuple)
    return {} if is_refused else {"type": "ok", "value": False}
