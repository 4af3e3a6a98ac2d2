"""The text form of Plume and PolySI: one access a line, `r(key,value,session,transaction)`.

File order is session order. Transaction -1 holds writes that were aborted; a read of 0 is a read of
the initial value unless somebody wrote 0 to that key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from counterpoint.checkers.events import UnreadableHistory
from counterpoint.checkers.readers.bulk import Remembered
from counterpoint.checkers.readers.case import Case, Cases
from counterpoint.checkers.readers.limits import (
    DEFAULT_LIMITS,
    Limits,
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


def read_plume_text(data: str | bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Cases:
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
    kinds, keys, values, *_ = columns = list(zip(*rows, strict=True))
    numbers = Remembered(int)
    in_order, parts = _parts(list(zip(columns[3], columns[4], strict=True)), numbers)
    accesses = accesses_of(
        kinds, list(map(numbers.__getitem__, keys)), list(map(numbers.__getitem__, values))
    )
    return history_of([accesses[i] for i in in_order], parts, initial=0)


def _parts(
    places: Sequence[tuple[str, str]], numbers: Remembered[int]
) -> tuple[list[int], list[Part]]:
    """Sort accesses by session and transaction, each in the order in which the file begins them."""
    sessions: dict[int, dict[int, list[int]]] = {}
    lists: dict[tuple[str, str], list[int]] = {}
    for i, place in enumerate(places):
        if place not in lists:
            session, transaction = (numbers[word] for word in place)
            lists[place] = sessions.setdefault(session, {}).setdefault(transaction, [])
        lists[place].append(i)
    in_order: list[int] = []
    parts: list[Part] = []
    for session, transactions in sessions.items():
        for transaction, members in transactions.items():
            start = len(in_order)
            in_order += members
            parts.append(Part(session, start, len(in_order), transaction != ABORTED))
    return in_order, parts


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
