"""Build transaction histories: ids, and which reads are reads of the initial value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from counterpoint.checkers.transactions_history import (
    Access,
    Session,
    Transaction,
    TransactionHistory,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A transaction before it has an id and a session."""

    accesses: tuple[Access, ...]
    is_committed: bool = True


def transaction_history(
    sessions: Iterable[Iterable[Draft]], *, initial: Hashable = None
) -> TransactionHistory:
    """Number transactions and sessions from 1, in file order.

    A read of `initial` becomes a read of `None`, the initial state, unless somebody wrote `initial`
    to that key: then the read is an ordinary one.
    """
    drafted = [list(session) for session in sessions]
    written = {
        access.key
        for session in drafted
        for draft in session
        for access in draft.accesses
        if access.kind == "write" and access.value == initial
    }
    number = 0
    finished: list[Session] = []
    for place, session in enumerate(drafted, 1):
        transactions = []
        for draft in session:
            number += 1
            accesses = tuple(_with_initial(one, initial, written) for one in draft.accesses)
            transactions.append(
                Transaction(f"t{number}", f"s{place}", accesses, draft.is_committed)
            )
        finished.append(tuple(transactions))
    return TransactionHistory(tuple(finished))


def _with_initial(access: Access, initial: Hashable, written: set[Hashable]) -> Access:
    if access.kind == "read" and access.value == initial and access.key not in written:
        return replace(access, value=None)
    return access
