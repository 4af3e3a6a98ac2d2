"""Build transaction histories: ids, and which reads are reads of the initial value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, groupby, repeat
from operator import attrgetter
from typing import NamedTuple

from counterpoint.checkers.history import OPEN
from counterpoint.checkers.readers.bulk import made_of
from counterpoint.checkers.transactions.history import (
    KINDS,
    Access,
    Transaction,
    TransactionHistory,
    TransactionSession,
    with_initial_reads,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction before it has an id and a session."""

    accesses: tuple[Access, ...]
    is_committed: bool = True


class Part(NamedTuple):
    """Which accesses of a file are one transaction; those of a session follow each other."""

    session: int
    start: int
    end: int
    is_committed: bool = True


def transaction_history(
    sessions: Iterable[Iterable[Draft]], *, initial: Hashable = None
) -> TransactionHistory:
    """Number transactions and sessions from 1, in file order; see `with_initial_reads`."""
    number = 0
    finished: list[TransactionSession] = []
    for place, session in enumerate(sessions, 1):
        transactions = []
        for draft in session:
            number += 1
            transactions.append(
                Transaction(f"t{number}", f"s{place}", draft.accesses, draft.is_committed)
            )
        finished.append(tuple(transactions))
    history = TransactionHistory(tuple(finished))
    return history if initial is None else with_initial_reads(history, initial)


def accesses_of(
    kinds: Sequence[str], keys: Sequence[Hashable], values: Sequence[Hashable]
) -> list[Access]:
    """Make accesses from columns; the kinds are "r" and "w"."""
    named = map(KINDS.__getitem__, kinds)
    return made_of(Access, len(kinds), named, keys, values)


def history_of(accesses: Sequence[Access], transactions: Sequence[Part]) -> TransactionHistory:
    """Cut accesses into transactions, session by session, and number them as `transaction_history`."""
    sessions = dict.fromkeys(part.session for part in transactions)
    names = dict(zip(sessions, map("s{}".format, count(1)), strict=False))
    made = made_of(
        Transaction,
        len(transactions),
        map("t{}".format, count(1)),
        [names[part.session] for part in transactions],
        [tuple(accesses[part.start : part.end]) for part in transactions],
        [part.is_committed for part in transactions],
        repeat(""),
        repeat(OPEN),
        repeat(OPEN),
    )
    by_session = [list(group) for _, group in groupby(made, key=attrgetter("session"))]
    return TransactionHistory(tuple(map(tuple, by_session)))
