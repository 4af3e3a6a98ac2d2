"""Sessions of transactions as text, one access a line: the forms of AWDIT and of Plume.

AWDIT's own tests:

    w 0 7          one read or write: key, value
    -----          the next transaction of the same session
    r 0 7
    =====          the next session

Initial values, where there are any, are written by a session like any other.

Plume and PolySI: `r(key,value,session,transaction)`. File order is session order. Transaction -1
holds writes that were aborted; a read of 0 is a read of the initial value unless somebody wrote 0 to
that key.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import accumulate, chain, compress, groupby, pairwise
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
from counterpoint.checkers.readers.sessions import Draft, told_history, transaction_history
from counterpoint.checkers.transactions.history import (
    KINDS,
    Access,
    AccessColumns,
    TransactionHistory,
)

WORDS = frozenset({"r", "w"})
DIGITS_MAX = 20
"""Of a number, as the patterns have it, too."""

AWDIT_ACCESS = re.compile(r"([rw])\s+(\d{1,20})\s+(\d{1,20})")
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
    quick = quick_awdit(lines)
    return (_awdit_case(exact_awdit(lines, source) if quick is None else quick, source),)


def quick_awdit(lines: Sequence[str]) -> TransactionHistory | None:
    """Read all accesses at once; None where some line is out of the ordinary."""
    heads = [line[:1] for line in lines]
    accesses = list(compress(lines, map(WORDS.__contains__, heads)))
    marks = set(compress(lines, map("-=".__contains__, heads)))
    layout = "".join(heads)
    mark_count = layout.count("-") + layout.count("=")
    if not accesses or len(accesses) + mark_count < len(layout) or not all(map(_is_end, marks)):
        return None
    words = " ".join(accesses).split()
    kinds, keys, values = words[::3], words[1::3], words[2::3]
    # A line begins with a kind, and only each third word is one: so all lines have three.
    if len(words) != 3 * len(accesses) or not set(kinds) <= WORDS:
        return None
    if not "".join(keys).isdecimal() or not "".join(values).isdecimal():
        return None
    if max(map(len, words)) > DIGITS_MAX:
        return None
    counts = [[n for n in map(len, session.split("-")) if n] for session in layout.split("=")]
    ends = list(accumulate(chain.from_iterable(counts)))
    return told_history(
        AccessColumns(
            kinds,
            list(map(Remembered(int).__getitem__, keys)),
            list(map(int, values)),
            ends,
            [True] * len(ends),
            [len(session) for session in counts if session],
        )
    )


def _is_end(line: str) -> bool:
    return line.count("-") == len(line) or line.count("=") == len(line)


def exact_awdit(lines: Sequence[str], source: str) -> TransactionHistory:
    """Read line by line: the line of whatever is wrong is known."""
    sessions: list[list[list[Access]]] = [[[]]]
    for number, line in enumerate(lines, 1):
        text = line.strip()
        found = AWDIT_ACCESS.fullmatch(text)
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


def _awdit_case(history: TransactionHistory, source: str) -> Case:
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no read or write in it, such as "r 0 7"')
    return Case(source, "", history, history.access_count, has_real_time=False)


def _not_an_access(text: str, line: int, source: str) -> UnreadableHistory:
    return UnreadableHistory(
        source,
        line,
        f'{excerpt(text)} is neither an access such as "r 0 7" nor a line of "-" or "="',
    )


PLUME_LINE = re.compile(
    r"^([rw])\((-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20})\)$", re.MULTILINE
)
PLUME_ACCESS = re.compile(r"([rw])\((-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20}),(-?\d{1,20})\)")
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
    quick = quick_plume(text, lines)
    return (_plume_case(exact_plume(lines, source) if quick is None else quick, source),)


def quick_plume(text: str, lines: Sequence[str]) -> TransactionHistory | None:
    """Read all accesses at once; None where some line is out of the ordinary."""
    rows = PLUME_LINE.findall(text)
    if not rows or len(rows) + lines.count("") != len(lines):
        return None
    kinds, *columns = zip(*rows, strict=True)
    # Keys and sessions repeat themselves, values and transactions hardly do.
    numbers = Remembered(int)
    keys, sessions = (list(map(numbers.__getitem__, column)) for column in columns[::2])
    values, transactions = (list(map(int, column)) for column in columns[1::2])
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
    told = _cut(kinds, keys, shown, list(zip(sessions, transactions, strict=True)))
    return replace(told_history(told), initial=0 if written else None)


PlaceInFile = tuple[int, int]
"""A session, and a transaction of it."""


def _cut(
    kinds: Sequence[str],
    keys: Sequence[Hashable],
    values: Sequence[Hashable],
    places: Sequence[PlaceInFile],
) -> AccessColumns:
    """Cut accesses into transactions, session by session, in the order in which the file begins them."""
    starts = [0, *(i for i, (one, other) in enumerate(pairwise(places), 1) if one != other)]
    begun = [places[i] for i in starts]
    sizes = [len(list(some)) for _, some in groupby(begun, key=itemgetter(0))]
    if len(set(begun)) == len(begun) and len({session for session, _ in begun}) == len(sizes):
        are_committed = [transaction != ABORTED for _, transaction in begun]
        ends = [*starts[1:], len(places)]
        return AccessColumns(kinds, keys, values, ends, are_committed, sizes)
    members: dict[int, dict[int, list[int]]] = {}
    for i, (session, transaction) in enumerate(places):
        members.setdefault(session, {}).setdefault(transaction, []).append(i)
    parts = [part for transactions in members.values() for part in transactions.values()]
    in_order = [i for part in parts for i in part]
    return AccessColumns(
        [kinds[i] for i in in_order],
        [keys[i] for i in in_order],
        [values[i] for i in in_order],
        list(accumulate(map(len, parts))),
        [number != ABORTED for transactions in members.values() for number in transactions],
        list(map(len, members.values())),
    )


def exact_plume(lines: Sequence[str], source: str) -> TransactionHistory:
    """Read line by line: the line of whatever is wrong is known."""
    sessions: dict[int, dict[int, list[Access]]] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        found = PLUME_ACCESS.fullmatch(text.replace(" ", ""))
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


def _plume_case(history: TransactionHistory, source: str) -> Case:
    if not history.access_count:
        raise UnreadableHistory(source, 0, 'there is no access in it, such as "r(1,7,0,3)"')
    return Case(source, "", history, history.access_count, initial=0, has_real_time=False)
