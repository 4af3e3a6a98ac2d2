"""The text form of AWDIT's own tests.

    w 0 7          one read or write: key, value
    -----          the next transaction of the same session
    r 0 7
    =====          the next session

Initial values, where there are any, are written by a session like any other.
"""

from __future__ import annotations

import re

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    Limits,
    excerpt,
    lines_of,
    text_of,
)
from counterpoint.checkers.readers.sessions import Draft, transaction_history
from counterpoint.checkers.transactions.history import KINDS, Access

ACCESS = re.compile(r"([rw])\s+(\d{1,20})\s+(\d{1,20})")
SESSION_END = re.compile(r"=+")
TRANSACTION_END = re.compile(r"-+")


def read_awdit_text(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read sessions of transactions; empty ones are left out.

    Raises:
        UnreadableHistory: a line of any other form, or no access at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
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
    return (_case(sessions, source),)


def _case(sessions: list[list[list[Access]]], source: str) -> Case:
    filled = [[Draft(tuple(one)) for one in session if one] for session in sessions]
    history = transaction_history([session for session in filled if session])
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no read or write in it, such as "r 0 7"')
    return Case(source, "", history, history.access_count, has_real_time=False)


def _not_an_access(text: str, line: int, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        line,
        f'{excerpt(text)} is neither an access such as "r 0 7" nor a line of "-" or "="',
    )
