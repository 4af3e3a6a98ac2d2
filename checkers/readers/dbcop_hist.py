"""DBCop's compact text form.

    // a comment
    [x:=1 y==2 z==?] [x==1]!     two transactions; the second was not committed
    ---                          the next session

`:=` writes, `==` reads, `==?` reads the initial value, and so does 0 where nobody wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    ReadingLimits,
    excerpt,
    lines_of,
    text_of,
)
from counterpoint.checkers.readers.sessions import Draft, transaction_history
from counterpoint.checkers.transactions.history import Access

TRANSACTION = re.compile(r"\s*+\[([^\[\]]*+)\](!?)\s*+")
EVENT = re.compile(r"([A-Za-z_]\w{0,200})(?::=(\d{1,20})|==(\d{1,20}|\?))", re.ASCII)
SEPARATOR = re.compile(r"-+")


def read_dbcop_hist(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: a line of any other form, or no event at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    sessions: list[list[Draft]] = [[]]
    for number, line in enumerate(lines, 1):
        text = line.split("//", 1)[0].strip()
        if SEPARATOR.fullmatch(text):
            sessions.append([])
        else:
            sessions[-1].extend(_transactions(text, number, source))
    history = transaction_history([session for session in sessions if session], initial=0)
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no transaction in it, such as "[x:=1 y==?]"')
    return (Case(source, "", history, history.access_count, initial=0, has_real_time=False),)


def _transactions(text: str, line: int, source: str) -> Iterator[Draft]:
    position = 0
    while position < len(text):
        found = TRANSACTION.match(text, position)
        if found is None or not found[1].strip():
            raise UnreadableHistory(
                source,
                line,
                f'{excerpt(text[position:])} is no transaction; right would be "[x:=1 y==?]"',
            )
        accesses = tuple(_access(word, line, source) for word in found[1].split())
        yield Draft(accesses, is_committed=not found[2])
        position = found.end()


def _access(word: str, line: int, source: str) -> Access:
    found = EVENT.fullmatch(word)
    if found is None:
        raise UnreadableHistory(
            source, line, f"{excerpt(word)} is no event; right would be x:=1, x==1 or x==?"
        )
    key, written, read = found.groups()
    if written is not None:
        return Access("write", key, int(written))
    return Access("read", key, 0 if read == "?" else int(read))
