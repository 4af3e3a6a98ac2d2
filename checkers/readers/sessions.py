"""Build transaction histories: ids, and which reads are reads of the initial value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from counterpoint.checkers.transactions.history import (
    Access,
    Session,
    Transaction,
    TransactionHistory,
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
    finished: list[Session] = []
    for place, session in enumerate(sessions, 1):
        transactions = []
        for draft in session:
            number += 1
            transactions.append(
                Transaction(f"t{number}", f"s{place}", draft.accesses, draft.is_committed)
            )
        finished.append(tuple(transactions))
    return with_initial_reads(TransactionHistory(tuple(finished)), initial)
