"""The text form of AWDIT's own tests.

    w 0 7          one read or write: key, value
    -----          the next transaction of the same session
    r 0 7
    =====          the next session

Initial values, where there are any, are written by a session like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count
from operator import sub

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.bulk import Remembered
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    lines_of,
    text_of,
)
from counterpoint.checkers.readers.sessions import Draft, told_history, transaction_history
from counterpoint.checkers.transactions.history import (
    KINDS,
    Access,
    AccessColumns,
    TransactionHistory,
)

ACCESS_LINE = re.compile(r"^([rw]) (\d{1,20}) (\d{1,20})$", re.MULTILINE)
ACCESS = re.compile(r"([rw])\s+(\d{1,20})\s+(\d{1,20})")
SESSION_END = re.compile(r"=+")
TRANSACTION_END = re.compile(r"-+")


def read_awdit_text(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions; empty ones are left out.

    Raises:
        UnreadableHistory: a line of any other form, or no access at all.
    """
    text = text_of(data, source=source, limits=limits)
    lines = lines_of(text, source=source, limits=limits)
    quick = quick_history(text, lines)
    return (_case(exact_history(lines, source) if quick is None else quick, source),)


def quick_history(text: str, lines: Sequence[str]) -> TransactionHistory | None:
    """Read all accesses at once; None where some line is out of the ordinary."""
    rows = ACCESS_LINE.findall(text)
    places = [i for i, line in enumerate(lines) if line[:1] not in ("r", "w")]
    marks = [lines[i] for i in places]
    if not rows or len(rows) + len(marks) != len(lines) or not all(map(_is_end, set(marks))):
        return None
    kinds, keys, values = zip(*rows, strict=True)
    ends, sizes = _cuts(marks, map(sub, places, count()), len(rows))
    return told_history(
        AccessColumns(
            kinds,
            list(map(Remembered(int).__getitem__, keys)),
            list(map(int, values)),
            ends,
            [True] * len(ends),
            sizes,
        )
    )


def _cuts(
    marks: Sequence[str], passed: Iterable[int], access_count: int
) -> tuple[list[int], list[int]]:
    """Where transactions end, and how many a session has; empty ones are left out.

    `passed` counts the accesses before each mark, an empty line among them.
    """
    ends: list[int] = []
    sizes: list[int] = []
    last = whole = 0
    for mark, end in zip((*marks, "="), (*passed, access_count), strict=True):
        if mark and last < end:
            ends.append(end)
            last = end
        if mark[:1] == "=" and whole < len(ends):
            sizes.append(len(ends) - whole)
            whole = len(ends)
    return ends, sizes


def _is_end(line: str) -> bool:
    return line.count("-") == len(line) or line.count("=") == len(line)


def exact_history(lines: Sequence[str], source: str) -> TransactionHistory:
    """Read line by line: the line of whatever is wrong is known."""
    sessions: list[list[list[Access]]] = [[[]]]
    for number, line in enumerate(lines, 1):
        text = line.strip()
        found = ACCESS.fullmatch(text)
        if found is not None:
            access = Access(KINDS[found[1]], int(found[2]), int(found[3]))
            sessions[-1][-1].append(access)
        elif SESSION_END.fullmatch(text):
            sessions.append([[]])
        elif TRANSACTION_END.fullmatch(text):
            sessions[-1].append([])
        elif text:
            raise _not_an_access(text, number, source)
    filled = [[Draft(tuple(one)) for one in session if one] for session in sessions]
    return transaction_history([session for session in filled if session])


def _case(history: TransactionHistory, source: str) -> Case:
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no read or write in it, such as "r 0 7"')
    return Case(source, "", history, history.access_count, has_real_time=False)


def _not_an_access(text: str, line: int, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        line,
        f'{excerpt(text)} is neither an access such as "r 0 7" nor a line of "-" or "="',
    )
