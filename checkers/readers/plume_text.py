"""The text form of Plume and PolySI: one access a line, `r(key,value,session,transaction)`.

File order is session order. Transaction -1 holds writes that were aborted; a read of 0 is a read of
the initial value unless somebody wrote 0 to that key.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from operator import itemgetter

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
from counterpoint.checkers.readers.sessions import (
    Draft,
    Part,
    accesses_of,
    history_of,
    transaction_history,
)
from counterpoint.checkers.transactions.history import KINDS, Access, TransactionHistory

ACCESS_LINE = re.compile(
    r"^([rw])\((-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20})\)$", re.MULTILINE
)
ACCESS = re.compile(r"([rw])\((-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20})\)")
ABORTED = -1


def read_plume_text(
    data: str | bytes, *, source: str, limits: ReadingLimits = DEFAULT_LIMITS
) -> Cases:
    """Read sessions of transactions.

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
    if not rows or len(rows) + lines.count("") != len(lines):
        return None
    kinds, *columns = zip(*rows, strict=True)
    numbers = Remembered(int)
    keys, values, sessions, transactions = (
        list(map(numbers.__getitem__, column)) for column in columns
    )
    in_order, parts = _parts(list(zip(sessions, transactions, strict=True)))
    written = {
        key
        for kind, key, value in zip(kinds, keys, values, strict=True)
        if not value and kind == "w"
    }
    # A read of 0 is one of the initial value, but where somebody wrote 0: see `with_initial_reads`.
    shown: list[Hashable] = [
        value or (0 if kind == "w" or key in written else None)
        for kind, key, value in zip(kinds, keys, values, strict=True)
    ]
    accesses = accesses_of(kinds, keys, shown)
    if in_order is not None:
        accesses = [accesses[i] for i in in_order]
    return replace(history_of(accesses, parts), initial=0 if written else None)


PlaceInFile = tuple[int, int]
"""A session, and a transaction of it."""


def _parts(places: Sequence[PlaceInFile]) -> tuple[list[int] | None, list[Part]]:
    """Cut accesses into transactions, session by session, in the order in which the file begins them.

    Return also the order that accesses must be brought into first; None if they stand in it.
    """
    starts = [0, *(i for i, (one, other) in enumerate(pairwise(places), 1) if one != other)]
    begun = [places[i] for i in starts]
    sessions = [session for session, _ in groupby(begun, key=itemgetter(0))]
    if len(set(begun)) == len(begun) and len(set(sessions)) == len(sessions):
        ends = [*starts[1:], len(places)]
        return None, list(map(_part, begun, starts, ends))
    members: dict[int, dict[int, list[int]]] = {}
    for i, (session, transaction) in enumerate(places):
        members.setdefault(session, {}).setdefault(transaction, []).append(i)
    in_order: list[int] = []
    parts: list[Part] = []
    for session, transactions in members.items():
        for transaction, listed in transactions.items():
            start = len(in_order)
            in_order += listed
            parts.append(_part((session, transaction), start, len(in_order)))
    return in_order, parts


def _part(place: PlaceInFile, start: int, end: int) -> Part:
    return Part(place[0], start, end, place[1] != ABORTED)


def exact_history(lines: Sequence[str], source: str) -> TransactionHistory:
    """Read line by line: the line of whatever is wrong is known."""
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
    return transaction_history(
        (
            [Draft(tuple(accesses), number != ABORTED) for number, accesses in one.items()]
            for one in sessions.values()
        ),
        initial=0,
    )


def _case(history: TransactionHistory, source: str) -> Case:
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no access in it, such as "r(1,7,0,3)"')
    return Case(source, "", history, history.access_count, initial=0, has_real_time=False)
