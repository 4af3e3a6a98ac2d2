"""Which transaction each read saw, and the reads that no transaction can explain.

Rules of every level, before any ordering: after a write a transaction reads its own last value; of
others it reads only what they committed, and of that only their last value of the key.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from counterpoint.checkers.causal.matching import INITIAL
from counterpoint.checkers.transactions.history import Access, Transaction, TransactionHistory
from counterpoint.checkers.words import pair


class ExternalRead(NamedTuple):
    """A read of what another transaction wrote, or of the initial value.

    `position` is its place among the accesses, `source` the position of the transaction or
    `INITIAL`.
    """

    position: int
    key: Hashable
    source: int


class Defect(NamedTuple):
    """A read that breaks a rule by itself: the pattern, in words why, and the transactions."""

    pattern: str
    why: str
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchedTransactions:
    """Committed transactions laid out session by session, each read matched with its source.

    Session t is `transactions[starts[t]:starts[t + 1]]`. `reads[i]` are the external reads of
    transaction i in program order, `writes[i]` the keys it wrote. `defect` is the first read that
    nothing explains; `doubt` says which read has several possible sources. Both are empty mostly.
    """

    transactions: tuple[Transaction, ...]
    starts: tuple[int, ...]
    session_of: tuple[int, ...]
    reads: tuple[tuple[ExternalRead, ...], ...]
    writes: tuple[frozenset[Hashable], ...]
    defect: Defect | None = None
    doubt: str = ""

    @property
    def read_count(self) -> int:
        """How many reads saw another transaction or the initial value."""
        return sum(map(len, self.reads))


Version = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class _Versions:
    """Who wrote each (key, value): last of its transaction, before its last, or in vain."""

    final: Mapping[Version, Sequence[int]]
    intermediate: Mapping[Version, int]
    aborted: Mapping[Version, str]


def match_transactions(history: TransactionHistory) -> MatchedTransactions:
    """Lay out the committed transactions and find what each of their reads saw. O(accesses)."""
    sessions = [[one for one in session if one.is_committed] for session in history.sessions]
    transactions = tuple(one for session in sessions for one in session)
    session_of = tuple(t for t, session in enumerate(sessions) for _ in session)
    versions = _versions(history, transactions)
    reads: list[tuple[ExternalRead, ...]] = []
    defect: Defect | None = None
    doubt = ""
    for index, transaction in enumerate(transactions):
        found: list[ExternalRead] = []
        own: dict[Hashable, Hashable] = {}
        for position, access in enumerate(transaction.accesses):
            if access.kind == "write":
                own[access.key] = access.value
            elif access.key in own:
                defect = defect or _own_defect(transaction, access, own[access.key])
            else:
                source = _source(transactions, versions, index, access)
                if isinstance(source, Defect):
                    defect = defect or source
                elif isinstance(source, str):
                    doubt = doubt or source
                else:
                    found.append(ExternalRead(position, access.key, source))
        reads.append(tuple(found))
    return MatchedTransactions(
        transactions,
        (0, *accumulate(map(len, sessions))),
        session_of,
        tuple(reads),
        tuple(frozenset(a.key for a in t.accesses if a.kind == "write") for t in transactions),
        defect,
        doubt,
    )


def _versions(history: TransactionHistory, transactions: Sequence[Transaction]) -> _Versions:
    final: dict[Version, list[int]] = {}
    intermediate: dict[Version, int] = {}
    for index, transaction in enumerate(transactions):
        own: dict[Hashable, Hashable] = {}
        for access in transaction.accesses:
            if access.kind == "write":
                if access.key in own:
                    intermediate[access.key, own[access.key]] = index
                own[access.key] = access.value
        for version in own.items():
            final.setdefault(version, []).append(index)
    aborted = {
        (access.key, access.value): transaction.id
        for transaction in history
        if not transaction.is_committed
        for access in transaction.accesses
        if access.kind == "write"
    }
    return _Versions(final, intermediate, aborted)


def _own_defect(transaction: Transaction, access: Access, own: Hashable) -> Defect | None:
    if access.value == own:
        return None
    read, wrote = pair(access.key, access.value), pair(access.key, own)
    why = f"{transaction.id} read {read} although it had itself written {wrote}"
    return Defect("NotOwnWrite", why, (transaction.id,))


def _source(
    transactions: Sequence[Transaction], versions: _Versions, reader: int, access: Access
) -> int | str | Defect:
    """The transaction that a read saw; or why that is not known; or why nothing explains it."""
    version = (access.key, access.value)
    found = versions.final.get(version, ())
    here, read = transactions[reader].id, pair(*version)
    if len(found) == 1 and found[0] != reader:
        return found[0]
    if len(found) > 1:
        names = " and ".join(transactions[index].id for index in found)
        return f"{here} read {read}, which {names} wrote: the source is not known"
    if access.value is None:
        return INITIAL
    if found or versions.intermediate.get(version) == reader:
        return Defect("FutureRead", f"{here} read {read} before it wrote that itself", (here,))
    if version in versions.intermediate:
        writer = transactions[versions.intermediate[version]].id
        why = f"{here} read {read} of {writer}, which {writer} overwrote before it committed"
        return Defect("IntermediateRead", why, (writer, here))
    if version in versions.aborted:
        writer = versions.aborted[version]
        why = f"{here} read {read} of {writer}, which was not committed"
        return Defect("AbortedRead", why, (writer, here))
    return Defect("ThinAirRead", f"{here} read {read}, which nobody wrote", (here,))
