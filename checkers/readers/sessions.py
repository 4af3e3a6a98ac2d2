"""Build transaction histories: ids, and which reads are reads of the initial value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise, repeat

from counterpoint.checkers.history import OPEN
from counterpoint.checkers.readers.bulk import made_of
from counterpoint.checkers.transactions.history import (
    KINDS,
    Access,
    AccessColumns,
    ToldSessions,
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


def told_history(columns: AccessColumns) -> TransactionHistory:
    """Return a history of columns, numbered as `transaction_history` does."""
    return TransactionHistory(ToldSessions(columns, _sessions_made))


def _sessions_made(columns: AccessColumns) -> tuple[TransactionSession, ...]:
    kinds = map(KINDS.__getitem__, columns.kinds)
    accesses = made_of(Access, len(columns.kinds), kinds, columns.keys, columns.values)
    named = (f"s{number}" for number, size in enumerate(columns.sizes, 1) for _ in range(size))
    made = iter(
        made_of(
            Transaction,
            len(columns.ends),
            [f"t{number}" for number in range(1, len(columns.ends) + 1)],
            named,
            (tuple(accesses[start:end]) for start, end in pairwise((0, *columns.ends))),
            columns.are_committed,
            repeat(""),
            repeat(OPEN),
            repeat(OPEN),
        )
    )
    return tuple(tuple(islice(made, size)) for size in columns.sizes)
