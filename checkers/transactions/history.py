"""Histories of transactions: who ran which transaction in which order, and what it read and wrote.

A session is one client's transactions in its program order. There is no real time here: formats
that record it give operations instead, whose `f` is "txn" (see `sessions_of`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from counterpoint.checkers.history import UNKNOWN, History

Kind = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Access:
    """One read or write inside a transaction.

    The value of a read is what it returned; `None` says that it found nothing written yet. Readers
    turn whatever their format uses for the initial value into `None`, so a write never has it.
    """

    kind: Kind
    key: Hashable
    value: Hashable


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one transaction did, in program order.

    `id` is how reports name it ("t3"). An uncommitted transaction had no effect: its writes must
    not be seen by others, and its reads prove nothing.
    """

    id: str
    session: str
    accesses: tuple[Access, ...]
    is_committed: bool = True


Session = tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class TransactionHistory:
    """Sessions of transactions; the order among sessions means nothing."""

    sessions: tuple[Session, ...]

    def __iter__(self) -> Iterator[Transaction]:
        """Walk all transactions, session by session."""
        return (transaction for session in self.sessions for transaction in session)

    @property
    def access_count(self) -> int:
        """How many reads and writes there are, those of uncommitted transactions included."""
        return sum(len(transaction.accesses) for transaction in self)


KINDS: dict[object, Kind] = {"r": "read", "w": "write", "read": "read", "write": "write"}


def with_initial_reads(history: TransactionHistory, initial: Hashable) -> TransactionHistory:
    """Turn reads of the value `initial` into reads of `None`, the initial state.

    Where somebody wrote `initial` to the key, a read of it is an ordinary one and stays.
    """
    written = {
        access.key
        for transaction in history
        for access in transaction.accesses
        if access.kind == "write" and access.value == initial
    }

    def is_initial(access: Access) -> bool:
        return access.kind == "read" and access.value == initial and access.key not in written

    def renamed(transaction: Transaction) -> Transaction:
        if not any(map(is_initial, transaction.accesses)):
            return transaction
        accesses = (
            Access("read", access.key, None) if is_initial(access) else access
            for access in transaction.accesses
        )
        return replace(transaction, accesses=tuple(accesses))

    return TransactionHistory(tuple(tuple(map(renamed, one)) for one in history.sessions))


def sessions_of(history: History, *, initial: Hashable = None) -> TransactionHistory:
    """Forget real time: each operation becomes one transaction of its client's session.

    A read, a write, or a "txn" of reads and writes is understood. A failed one is not committed. An
    unanswered one is committed if somebody read what it wrote, and left out otherwise; where its
    client went on, it is a session of its own, because it may have happened late. `initial` is what
    a key holds before any write.

    Raises:
        ValueError: an operation that is neither.
    """
    accesses = {op.id: _accesses(op.f, op.key, op.argument, op.result) for op in history}
    seen = {
        (access.key, access.value)
        for op in history
        if op.status == "ok"
        for access in accesses[op.id]
        if access.kind == "read"
    }
    last = {op.client: op.id for op in history}
    sessions: dict[str, list[Transaction]] = {}
    for op in history:
        known = tuple(a for a in accesses[op.id] if a.value is not UNKNOWN)
        if op.status == "info" and not any((a.key, a.value) in seen for a in known):
            continue
        is_late = op.status == "info" and last[op.client] != op.id
        session = f"{op.client}, {op.id}" if is_late else op.client
        transaction = Transaction(op.id, session, known, is_committed=op.status != "fail")
        sessions.setdefault(session, []).append(transaction)
    whole = TransactionHistory(tuple(tuple(session) for session in sessions.values()))
    return with_initial_reads(whole, initial)


def _accesses(f: str, key: Hashable, argument: Hashable, result: Hashable) -> tuple[Access, ...]:
    if f == "read":
        return (Access("read", key, result),)
    if f == "write":
        return (Access("write", key, argument),)
    done = argument if result is UNKNOWN else result
    if f == "txn" and isinstance(done, tuple):
        return tuple(_micro_access(micro, seen=result is not UNKNOWN) for micro in done)
    raise ValueError(f"a {f!r} is neither a read, a write nor a transaction of them")


def _micro_access(micro: Hashable, *, seen: bool) -> Access:
    if isinstance(micro, tuple) and len(micro) == 3 and micro[0] in KINDS:
        kind = KINDS[micro[0]]
        return Access(kind, micro[1], micro[2] if seen or kind == "write" else UNKNOWN)
    raise ValueError(f"{micro!r} is neither a read nor a write of one key")
