"""The text form of Plume and PolySI: one access a line, `r(key,value,session,transaction)`.

File order is session order. Transaction -1 holds writes that were aborted; a read of 0 is a read of
the initial value unless somebody wrote 0 to that key.
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

ACCESS = re.compile(r"([rw])\((-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20})\)")
ABORTED = -1


def read_plume_text(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
    """Read sessions of transactions.

    Raises:
        UnreadableHistory: a line of any other form, or no access at all.
    """
    lines = lines_of(text_of(data, source=source, limits=limits), source=source, limits=limits)
    sessions: dict[int, dict[int, list[Access]]] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        found = ACCESS.fullmatch(text.replace(" ", ""))
        if found is None:
            raise UnreadableHistory(
                source, number, f'{excerpt(text)} is no access; right would be "r(1,7,0,3)"'
            )
        kind, key, value, session, transaction = found[1], *map(int, found.groups()[1:])
        transactions = sessions.setdefault(session, {})
        transactions.setdefault(transaction, []).append(Access(KINDS[kind], key, value))
    return (_case(sessions, source),)


def _case(sessions: dict[int, dict[int, list[Access]]], source: str) -> Case:
    history = transaction_history(
        (
            [Draft(tuple(accesses), number != ABORTED) for number, accesses in one.items()]
            for one in sessions.values()
        ),
        initial=0,
    )
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no access in it, such as "r(1,7,0,3)"')
    return Case(source, "", history, history.access_count, initial=0, has_real_time=False)
