"""Reads-from among transactions: what each read may have seen, and those that nothing can explain.

Rules of every level, before any ordering: after a write a transaction reads its own last value; of
others it reads only what they committed, and of that only their last value of the key.

For levels that ask for an order of all, only committed transactions count, by what they show to the
others: `sources_of`. For the weak levels, they are matched in sessions: `match_transactions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from counterpoint.checkers.links import pair, shown
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import (
    Access,
    Transaction,
    TransactionHistory,
    exact_transactions,
)

KeyVersion = tuple[Hashable, Hashable]
"""A key and a value of it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who wrote each version: last of its transaction, before its last, or in vain.

    Transactions are numbered as they are given; `aborted` has the ids of those not committed.
    """

    final: Mapping[KeyVersion, Sequence[int]]
    intermediate: Mapping[KeyVersion, int]
    aborted: Mapping[KeyVersion, str]
    initial: Hashable

    def is_initial(self, value: Hashable) -> bool:
        """Tell whether keys hold this value before any write."""
        return value is None or value == self.initial

    def of(self, reader: int, access: Access) -> tuple[int, ...]:
        """The possible sources of a read from outside, the initial value first."""
        writers = self.final.get((access.key, access.value), ())
        others = tuple(writer for writer in writers if writer != reader)
        return (INITIAL, *others) if self.is_initial(access.value) else others


def candidates_of(history: TransactionHistory, committed: Sequence[Transaction]) -> Candidates:
    """Note who wrote what; values are in exact form, `committed` are numbered from 0."""
    final: dict[KeyVersion, list[int]] = {}
    intermediate: dict[KeyVersion, int] = {}
    for number, transaction in enumerate(committed):
        own: dict[Hashable, Hashable] = {}
        for access in transaction.accesses:
            if access.kind == "write":
                if access.key in own:
                    intermediate[access.key, own[access.key]] = number
                own[access.key] = access.value
        for version in own.items():
            final.setdefault(version, []).append(number)
    aborted = {
        (access.key, access.value): transaction.id
        for transaction in history
        if not transaction.is_committed
        for access in transaction.accesses
        if access.kind == "write"
    }
    return Candidates(final, intermediate, aborted, history.initial)


class ExternalRead(NamedTuple):
    """A read of what another transaction wrote, or of the initial value.

    `position` is its place among the accesses, `source` the position of the transaction or
    `INITIAL`.
    """

    position: int
    key: Hashable
    source: int


AccessPlace = tuple[int, int]
"""An access: the position of its transaction, and its own among the accesses."""


class Defect(NamedTuple):
    """A read that breaks a rule by itself: the pattern, in words why, and the transactions."""

    pattern: str
    why: str
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchedTransactions:
    """Committed transactions laid out session by session, each read matched with its source.

    `history` is what was matched, in exact form.
    Session t is `transactions[starts[t]:starts[t + 1]]`. `reads[i]` are the external reads of
    transaction i in program order, `writes[i]` the keys it wrote, and `forks[i]` the position that
    transaction i follows where it is a session of its own. `defect` is the first read that nothing
    explains, by when its transaction ended. `choices` are the reads with several possible sources,
    by transaction and position; `reads` has none of them until they are chosen.
    """

    history: TransactionHistory
    transactions: tuple[Transaction, ...]
    starts: tuple[int, ...]
    session_of: tuple[int, ...]
    reads: tuple[tuple[ExternalRead, ...], ...]
    writes: tuple[frozenset[Hashable], ...]
    forks: Mapping[int, int] = field(default_factory=dict)
    defect: Defect | None = None
    choices: Mapping[AccessPlace, tuple[int, ...]] = field(default_factory=dict)

    @property
    def read_count(self) -> int:
        """How many reads saw another transaction or the initial value."""
        return sum(map(len, self.reads)) + len(self.choices)

    def with_sources(self, chosen: Mapping[AccessPlace, int]) -> MatchedTransactions:
        """Match the ambiguous reads with these sources."""
        reads = list(self.reads)
        for (index, position), source in chosen.items():
            key = self.transactions[index].accesses[position].key
            reads[index] = (*reads[index], ExternalRead(position, key, source))
        for index in {index for index, _ in chosen}:
            reads[index] = tuple(sorted(reads[index]))
        return replace(self, reads=tuple(reads), choices={})


def match_transactions(history: TransactionHistory) -> MatchedTransactions:
    """Lay out the committed transactions and find what each of their reads saw. O(accesses)."""
    history = exact_transactions(history)
    sessions = [[one for one in session if one.is_committed] for session in history.sessions]
    transactions = tuple(one for session in sessions for one in session)
    session_of = tuple(t for t, session in enumerate(sessions) for _ in session)
    candidates = candidates_of(history, transactions)
    reads: list[tuple[ExternalRead, ...]] = []
    defects: list[tuple[float, Defect]] = []
    choices: dict[AccessPlace, tuple[int, ...]] = {}
    for index, transaction in enumerate(transactions):
        found: list[ExternalRead] = []
        own: dict[Hashable, Hashable] = {}
        for position, access in enumerate(transaction.accesses):
            if access.kind == "write":
                own[access.key] = access.value
            elif access.key in own:
                wrong = _own_defect(transaction, access, own[access.key])
                defects += [(transaction.returned, wrong)] if wrong else []
            else:
                sources = candidates.of(index, access)
                if not sources:
                    wrong = _no_source(transactions, candidates, index, access)
                    defects.append((transaction.returned, wrong))
                elif len(sources) > 1:
                    choices[index, position] = sources
                else:
                    found.append(ExternalRead(position, access.key, sources[0]))
        reads.append(tuple(found))
    return MatchedTransactions(
        history,
        transactions,
        (0, *accumulate(map(len, sessions))),
        session_of,
        tuple(reads),
        tuple(frozenset(a.key for a in t.accesses if a.kind == "write") for t in transactions),
        _forks(transactions),
        min(defects, key=lambda one: one[0], default=(0.0, None))[1],
        choices,
    )


def _forks(transactions: Sequence[Transaction]) -> dict[int, int]:
    if not any(one.after for one in transactions):
        return {}
    index_of = {one.id: index for index, one in enumerate(transactions)}
    return {index: index_of[one.after] for index, one in enumerate(transactions) if one.after}


def _own_defect(transaction: Transaction, access: Access, own: Hashable) -> Defect | None:
    if access.value == own:
        return None
    read, wrote = pair(access.key, access.value), pair(access.key, own)
    why = f"{transaction.id} read {read} although it had itself written {wrote}"
    return Defect("NotOwnWrite", why, (transaction.id,))


def _no_source(
    transactions: Sequence[Transaction], candidates: Candidates, reader: int, access: Access
) -> Defect:
    """Why nothing explains a read."""
    version = (access.key, access.value)
    here, read = transactions[reader].id, pair(*version)
    if version in candidates.final or candidates.intermediate.get(version) == reader:
        return Defect("FutureRead", f"{here} read {read} before it wrote that itself", (here,))
    if version in candidates.intermediate:
        writer = transactions[candidates.intermediate[version]].id
        why = f"{here} read {read} of {writer}, which {writer} overwrote before it committed"
        return Defect("IntermediateRead", why, (writer, here))
    if version in candidates.aborted:
        writer = candidates.aborted[version]
        why = f"{here} read {read} of {writer}, which was not committed"
        return Defect("AbortedRead", why, (writer, here))
    return Defect("ThinAirRead", f"{here} read {read}, which nobody wrote", (here,))


@dataclass(frozen=True, slots=True)
class Fault:
    """A read that no order of transactions explains, by the name of its anomaly."""

    anomaly: str
    summary: str
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownVersions:
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

    shown: tuple[ShownVersions, ...]
    sessions: tuple[tuple[int, ...], ...]
    faults: tuple[Fault, ...]
    read_count: int
    possible: Mapping[KeyVersion, frozenset[int]]
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
    place_of = {
        committed[number].id: (session, place)
        for session in sessions
        for place, number in enumerate(session, 1)
    }
    faults: list[Fault] = []
    shown_to_others = []
    for number, transaction in enumerate(committed):
        reads: dict[Hashable, Hashable] = {}
        faults += _faults(number, committed, candidates, reads)
        writes = {a.key: a.value for a in transaction.accesses if a.kind == "write"}
        # Cut only where one is asked for: all beginnings of a long session need gigabytes.
        session, place = place_of[transaction.after] if transaction.after else ((), 0)
        after = session[:place]
        shown_to_others.append(
            ShownVersions(transaction, reads, _without_initial(writes, candidates), after)
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


def _possible(shown_to_others: Sequence[ShownVersions]) -> dict[KeyVersion, frozenset[int]]:
    """Who can have left each version that was read; nobody must, to leave the initial one."""
    writers: dict[KeyVersion, set[int]] = {}
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
            ShownVersions(
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


def _faults(
    number: int,
    committed: Sequence[Transaction],
    candidates: Candidates,
    reads: dict[Hashable, Hashable],
) -> Iterator[Fault]:
    """Walk the accesses of one transaction; fill `reads` with its external reads."""
    transaction = committed[number]
    own: dict[Hashable, Hashable] = {}
    for access in transaction.accesses:
        if access.kind == "write":
            own[access.key] = access.value
        elif access.key in own:
            wrong = _own_defect(transaction, access, own[access.key])
            yield from (_fault(wrong),) if wrong else ()
        elif not candidates.of(number, access):
            yield _fault(_no_source(committed, candidates, number, access))
        else:
            value = None if candidates.is_initial(access.value) else access.value
            if reads.setdefault(access.key, value) != value:
                yield Fault(
                    "non-repeatable read",
                    f"{transaction.id} read {pair(access.key, access.value)} after it had read "
                    f"another version of {shown(access.key)}",
                    (transaction.id,),
                )


ANOMALIES = {
    "AbortedRead": "aborted read",
    "FutureRead": "future read",
    "IntermediateRead": "intermediate read",
    "NotOwnWrite": "internal inconsistency",
    "ThinAirRead": "unwritten read",
}
"""What the pattern of a read that is wrong by itself is called where anomalies are."""


def _fault(defect: Defect) -> Fault:
    return Fault(ANOMALIES[defect.pattern], defect.why, defect.culprits)
