"""What each transaction read from the others and wrote, or why it cannot have read it.

Only committed transactions count. A read of a key that its transaction wrote before must return
that write. Any other read is external: it returns what another committed transaction wrote last to
the key, or the initial value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.checkers.links import pair, shown
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import (
    Access,
    Transaction,
    TransactionHistory,
    exact_transactions,
)
from counterpoint.checkers.transactions.matching import (
    Candidates,
    Version,
    candidates_of,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A read that no order of transactions explains, by the name of its anomaly."""

    anomaly: str
    summary: str
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one committed transaction shows to the others.

    `reads` maps each key it read from outside to the value it found, `writes` each key it wrote to
    the value it left; initial values are all None there. `after` are the numbers of transactions
    that its client had ended before it, where it is a session of its own.
    """

    transaction: Transaction
    reads: Mapping[Hashable, Hashable]
    writes: Mapping[Hashable, Hashable]
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """The committed transactions, numbered in file order, and what is wrong with their reads.

    `sessions` holds the numbers session by session. `possible` has for each version that was read
    the transactions that a read of it may have seen; `ambiguous` the keys with a version that
    several may have left.
    """

    shown: tuple[Shown, ...]
    sessions: tuple[tuple[int, ...], ...]
    faults: tuple[Fault, ...]
    read_count: int
    possible: Mapping[Version, frozenset[int]]
    ambiguous: frozenset[Hashable]


def sources_of(history: TransactionHistory) -> Sources:
    """Find what every committed transaction read from outside."""
    history = exact_transactions(history)
    committed = [transaction for transaction in history if transaction.is_committed]
    candidates = candidates_of(history, committed)
    numbers = {transaction.id: number for number, transaction in enumerate(committed)}
    sessions = [
        tuple(numbers[t.id] for t in session if t.is_committed) for session in history.sessions
    ]
    before = {
        committed[number].id: session[: place + 1]
        for session in sessions
        for place, number in enumerate(session)
    }
    faults: list[Fault] = []
    shown_to_others = []
    for number, transaction in enumerate(committed):
        reads: dict[Hashable, Hashable] = {}
        faults += _faults(number, transaction, _Told(committed, candidates), reads)
        writes = {a.key: a.value for a in transaction.accesses if a.kind == "write"}
        after = before[transaction.after] if transaction.after else ()
        shown_to_others.append(
            Shown(transaction, reads, _without_initial(writes, candidates), after)
        )
    possible = _possible(shown_to_others)
    return Sources(
        tuple(shown_to_others),
        tuple(session for session in sessions if session),
        _by_time(faults, history),
        sum(access.kind == "read" for t in committed for access in t.accesses),
        possible,
        frozenset(key for (key, _), writers in possible.items() if len(writers) > 1),
    )


def _by_time(faults: Sequence[Fault], history: TransactionHistory) -> tuple[Fault, ...]:
    """The faults by when the transactions that show them ended, where that is known."""
    if len(faults) < 2:
        return tuple(faults)
    ended = {one.id: one.returned for one in history}
    return tuple(sorted(faults, key=lambda fault: ended[fault.culprits[-1]]))


def _without_initial(
    writes: Mapping[Hashable, Hashable], candidates: Candidates
) -> dict[Hashable, Hashable]:
    return {key: None if candidates.is_initial(v) else v for key, v in writes.items()}


def _possible(shown_to_others: Sequence[Shown]) -> dict[Version, frozenset[int]]:
    """Who can have left each version that was read; nobody must, to leave the initial one."""
    writers: dict[Version, set[int]] = {}
    read = Counter(version for one in shown_to_others for version in one.reads.items())
    for number, one in enumerate(shown_to_others):
        for version in one.writes.items():
            if version in read:
                writers.setdefault(version, set()).add(number)
    return {
        version: frozenset(
            writers.get(version, set()) | ({INITIAL} if version[1] is None else set())
        )
        for version in read
    }


def restricted(sources: Sources, kept: Collection[int]) -> Sources:
    """Forget transactions, and every read that may have been from them."""
    known = {*kept, INITIAL}
    gone = {version for version, writers in sources.possible.items() if not writers <= known}
    return Sources(
        tuple(
            Shown(
                one.transaction,
                {key: value for key, value in one.reads.items() if (key, value) not in gone},
                one.writes,
                tuple(number for number in one.after if number in known),
            )
            for one in sources.shown
        ),
        tuple(
            session
            for whole in sources.sessions
            if (session := tuple(n for n in whole if n in known))
        ),
        (),
        sources.read_count,
        sources.possible,
        sources.ambiguous,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The committed transactions and who wrote what, as the words for faults need them."""

    committed: Sequence[Transaction]
    candidates: Candidates


def _faults(
    number: int, transaction: Transaction, told: _Told, reads: dict[Hashable, Hashable]
) -> Iterator[Fault]:
    """Walk the accesses of one transaction; fill `reads` with its external reads."""
    own: dict[Hashable, Hashable] = {}
    for access in transaction.accesses:
        if access.kind == "write":
            own[access.key] = access.value
        elif access.key in own:
            if access.value != own[access.key]:
                yield _internal(transaction, access, own[access.key])
        elif not told.candidates.of(number, access):
            yield _no_source(number, transaction, access, told)
        else:
            value = None if told.candidates.is_initial(access.value) else access.value
            if reads.setdefault(access.key, value) != value:
                yield Fault(
                    "non-repeatable read",
                    f"{transaction.id} read {pair(access.key, access.value)} after it had read "
                    f"another version of {shown(access.key)}",
                    (transaction.id,),
                )


def _no_source(number: int, transaction: Transaction, access: Access, told: _Told) -> Fault:
    name, what = transaction.id, pair(access.key, access.value)
    version, candidates = (access.key, access.value), told.candidates
    if version in candidates.final or candidates.intermediate.get(version) == number:
        return Fault("future read", f"{name} read {what} before it wrote that itself", (name,))
    if version in candidates.intermediate:
        writer = told.committed[candidates.intermediate[version]].id
        summary = f"{name} read {what}, which {writer} itself overwrote before it committed"
        return Fault("intermediate read", summary, (writer, name))
    if version in candidates.aborted:
        writer = candidates.aborted[version]
        summary = f"{name} read {what}, which {writer} wrote without being committed"
        return Fault("aborted read", summary, (writer, name))
    return Fault("unwritten read", f"{name} read {what}, which nobody wrote", (name,))


def _internal(transaction: Transaction, access: Access, own: Hashable) -> Fault:
    return Fault(
        "internal inconsistency",
        f"{transaction.id} read {pair(access.key, access.value)} after it wrote "
        f"{pair(access.key, own)} itself",
        (transaction.id,),
    )
