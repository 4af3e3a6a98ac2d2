"""Which transactions a read may have read from: all whose last write of the key has its value."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.checkers.transactions.history import Access, Transaction, TransactionHistory

INITIAL = -1
"""The source of a read that returned the initial value."""

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
