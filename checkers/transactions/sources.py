"""Which transaction each read of a transactional history read from, or why it cannot have.

Only committed transactions count. A read of a key that its transaction wrote before must return
that write. Any other read is external: it returns what another committed transaction wrote last to
the key, or the initial value `None`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from counterpoint.checkers.transactions.history import Access, Transaction, TransactionHistory
from counterpoint.checkers.words import pair, shown

INITIAL = -1
"""The source of a read that returned the initial value."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A read that no order of transactions explains, by the name of its anomaly."""

    anomaly: str
    summary: str
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one committed transaction shows to the others.

    `reads` maps each key it read from outside to the number of the transaction it read from, or
    `INITIAL`; `writes` are the keys it wrote.
    """

    transaction: Transaction
    reads: Mapping[Hashable, int]
    writes: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class Sources:
    """The committed transactions, numbered in file order, and what is wrong with their reads.

    `sessions` holds the numbers session by session.
    """

    shown: tuple[Shown, ...]
    sessions: tuple[tuple[int, ...], ...]
    faults: tuple[Fault, ...]
    read_count: int


class RepeatedWrite(ValueError):
    """Two transactions wrote one value to one key: which of them was read cannot be told."""


def sources_of(history: TransactionHistory) -> Sources:
    """Match every read of a committed transaction with the write it returned.

    Raises:
        RepeatedWrite: a value was written to a key by two committed transactions.
    """
    committed = [transaction for transaction in history if transaction.is_committed]
    writers = _writers_of(history, committed)
    faults: list[Fault] = []
    shown_to_others = []
    for number, transaction in enumerate(committed):
        reads: dict[Hashable, int] = {}
        faults += _faults(number, transaction, writers, reads)
        writes = frozenset(a.key for a in transaction.accesses if a.kind == "write")
        shown_to_others.append(Shown(transaction, reads, writes))
    numbers = {transaction.id: number for number, transaction in enumerate(committed)}
    sessions = [
        tuple(numbers[t.id] for t in session if t.is_committed) for session in history.sessions
    ]
    return Sources(
        tuple(shown_to_others),
        tuple(session for session in sessions if session),
        tuple(faults),
        sum(access.kind == "read" for t in committed for access in t.accesses),
    )


@dataclass(frozen=True, slots=True)
class _Write:
    """Who wrote a value to a key, and whether it was the last write of that transaction to it."""

    number: int
    name: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Writers:
    """The writes of committed transactions, and the names of the others that wrote a value."""

    committed: dict[tuple[Hashable, Hashable], _Write] = field(default_factory=dict)
    aborted: dict[tuple[Hashable, Hashable], str] = field(default_factory=dict)


def _writers_of(history: TransactionHistory, committed: list[Transaction]) -> _Writers:
    writers = _Writers()
    for number, transaction in enumerate(committed):
        last = {a.key: a.value for a in transaction.accesses if a.kind == "write"}
        for access in transaction.accesses:
            place = (access.key, access.value)
            if access.kind == "write":
                is_last = last[access.key] == access.value
                write = _Write(number, transaction.id, is_last)
                if writers.committed.setdefault(place, write).number != number:
                    raise RepeatedWrite(
                        f"{pair(*place)} is written by {writers.committed[place].name} and by "
                        f"{transaction.id}; which of them a read saw cannot be told"
                    )
    for transaction in history:
        if not transaction.is_committed:
            for access in transaction.accesses:
                if access.kind == "write":
                    writers.aborted.setdefault((access.key, access.value), transaction.id)
    return writers


def _faults(
    number: int, transaction: Transaction, writers: _Writers, reads: dict[Hashable, int]
) -> Iterator[Fault]:
    """Walk the accesses of one transaction; fill `reads` with the sources of its external reads."""
    own: dict[Hashable, Hashable] = {}
    for access in transaction.accesses:
        if access.kind == "write":
            own[access.key] = access.value
        elif access.key in own:
            if access.value != own[access.key]:
                yield _internal(transaction, access, own[access.key])
        else:
            source = _source(number, transaction, access, writers)
            if isinstance(source, Fault):
                yield source
            elif reads.setdefault(access.key, source) != source:
                yield Fault(
                    "non-repeatable read",
                    f"{transaction.id} read {pair(access.key, access.value)} after it had read "
                    f"another version of {shown(access.key)}",
                    (transaction.id,),
                )


def _source(
    number: int, transaction: Transaction, access: Access, writers: _Writers
) -> int | Fault:
    if access.value is None:
        return INITIAL
    name, what = transaction.id, pair(access.key, access.value)
    place = (access.key, access.value)
    write = writers.committed.get(place)
    if write is None:
        aborted = writers.aborted.get(place)
        if aborted is not None:
            summary = f"{name} read {what}, which {aborted} wrote without being committed"
            return Fault("aborted read", summary, (aborted, name))
        return Fault("unwritten read", f"{name} read {what}, which nobody wrote", (name,))
    if write.number == number:
        return Fault("future read", f"{name} read {what} before it wrote that itself", (name,))
    if not write.is_last:
        summary = f"{name} read {what}, which {write.name} itself overwrote before it committed"
        return Fault("intermediate read", summary, (write.name, name))
    return write.number


def _internal(transaction: Transaction, access: Access, own: Hashable) -> Fault:
    return Fault(
        "internal inconsistency",
        f"{transaction.id} read {pair(access.key, access.value)} after it wrote "
        f"{pair(access.key, own)} itself",
        (transaction.id,),
    )
