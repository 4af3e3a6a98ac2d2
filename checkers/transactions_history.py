"""Histories of transactions: who ran which transaction in which order, and what it read and wrote.

A session is one client's transactions in its program order. There is no real time here: formats
that record it give operations instead, whose `f` is "txn" (see `sessions_of`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
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


def sessions_of(history: History) -> TransactionHistory:
    """Forget real time: each operation becomes one transaction of its client's session.

    A read, a write, or a "txn" of reads and writes is understood; an open operation is taken as
    committed, because it may have been, and its reads are left out, because nobody saw them.

    Raises:
        ValueError: an operation that is neither.
    """
    sessions: dict[str, list[Transaction]] = {}
    for op in history:
        accesses = _accesses(op.f, op.key, op.argument, op.result)
        known = tuple(a for a in accesses if a.kind == "write" or a.value is not UNKNOWN)
        transaction = Transaction(op.id, op.client, known, is_committed=op.status != "fail")
        sessions.setdefault(op.client, []).append(transaction)
    return TransactionHistory(tuple(tuple(session) for session in sessions.values()))


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
