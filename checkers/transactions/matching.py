"""Which transactions a read may have read from: all whose last write of the key has its value.

Which transaction each read saw, and the reads that no transaction can explain.

Rules of every level, before any ordering: after a write a transaction reads its own last value; of
others it reads only what they committed, and of that only their last value of the key.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from counterpoint.checkers.links import pair
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import (
    Access,
    Transaction,
    TransactionHistory,
    exact_transactions,
)

Version = tuple[Hashable, Hashable]
"""A key and a value of it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who wrote each version: last of its transaction, before its last, or in vain.

    Transactions are numbered as they are given; `aborted` has the ids of those not committed.
    """

    final: Mapping[Version, Sequence[int]]
    intermediate: Mapping[Version, int]
    aborted: Mapping[Version, str]
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
    final: dict[Version, list[int]] = {}
    intermediate: dict[Version, int] = {}
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


Place = tuple[int, int]
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
    choices: Mapping[Place, tuple[int, ...]] = field(default_factory=dict)

    @property
    def read_count(self) -> int:
        """How many reads saw another transaction or the initial value."""
        return sum(map(len, self.reads)) + len(self.choices)

    def with_sources(self, chosen: Mapping[Place, int]) -> MatchedTransactions:
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
    choices: dict[Place, tuple[int, ...]] = {}
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


def likely_first(matched: MatchedTransactions) -> dict[Place, tuple[int, ...]]:
    """The possible sources of each ambiguous read, reads by time, the likeliest source first.

    That is the latest before the reader; what came later comes last.
    """

    def likely(place: Place) -> tuple[int, ...]:
        here = _time(matched, place[0])

        def distance(source: int) -> tuple[bool, float]:
            at = _time(matched, source)
            return at > here, abs(here - at)

        return tuple(sorted(matched.choices[place], key=distance))

    in_order = sorted(matched.choices, key=lambda place: (_time(matched, place[0]), place))
    return {place: likely(place) for place in in_order}


def _time(matched: MatchedTransactions, index: int) -> float:
    """When a transaction was called, or how many of its session came before it."""
    if index == INITIAL:
        return -1.0
    called = matched.transactions[index].called
    if called < math.inf:
        return called
    return float(index - matched.starts[matched.session_of[index]])
