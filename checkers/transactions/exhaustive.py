"""Isolation levels by trying every order of commits: the obvious twin of `check_transactions`.

The axioms of Biswas and Enea, OOPSLA 2019, to the letter, for up to six transactions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import permutations

from counterpoint.checkers.transactions.history import Transaction, TransactionHistory
from counterpoint.checkers.transactions.levels import IsolationLevel

START = -1
"""The transaction that wrote every initial value."""

Reads = list[tuple[int, int, Hashable, int]]
"""Reader, position of the read, key, source."""


def is_isolated(history: TransactionHistory, level: IsolationLevel) -> bool:
    """Tell whether some order of commits satisfies a level; values tell their transactions."""
    committed = [one for one in history if one.is_committed]
    reads = _reads(committed)
    if reads is None:
        return False
    if level == "repeatable read" and any(
        a[0] == b[0] and a[2] == b[2] and a[3] != b[3] for a in reads for b in reads
    ):
        return False
    before = set(_before(committed, reads))
    demands = _demands(committed, reads, before, level)
    return any(
        all(a == START or order.index(a) < order.index(b) for a, b in before | demands)
        for order in permutations(range(len(committed)))
        if all(b != START for _, b in demands)
    )


def _reads(committed: list[Transaction]) -> Reads | None:
    """Every read of another transaction; None where a read is impossible by itself."""
    found: Reads = []
    for reader, transaction in enumerate(committed):
        for position, access in enumerate(transaction.accesses):
            if access.kind == "write":
                continue
            before = [
                a.value
                for a in transaction.accesses[:position]
                if (a.kind, a.key) == ("write", access.key)
            ]
            if before:
                if before[-1] != access.value:
                    return None
                continue
            sources = [
                writer
                for writer, other in enumerate(committed)
                if writer != reader and _last(other, access.key) == access.value is not None
            ]
            if access.value is not None and not sources:
                return None
            found.append((reader, position, access.key, sources[0] if sources else START))
    return found


def _last(transaction: Transaction, key: Hashable) -> Hashable:
    values = [a.value for a in transaction.accesses if (a.kind, a.key) == ("write", key)]
    return values[-1] if values else None


def _before(committed: list[Transaction], reads: Reads) -> Iterator[tuple[int, int]]:
    """Session order and reads-from."""
    for index, transaction in enumerate(committed):
        for earlier in range(index):
            if committed[earlier].session == transaction.session:
                yield earlier, index
    for reader, _, _, source in reads:
        if source != START:
            yield source, reader


def _closed(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs = pairs | more
    return pairs


def _demands(
    committed: list[Transaction],
    reads: Reads,
    before: set[tuple[int, int]],
    level: IsolationLevel,
) -> set[tuple[int, int]]:
    """Every (lost, kept): lost writes the key, was visible to the reader, and kept was read."""
    found: set[tuple[int, int]] = set()
    known = _closed(before) if level == "causal" else before
    for reader, position, key, kept in reads:
        earlier = {s for r, p, _, s in reads if r == reader and p < position}
        for lost, writer in enumerate(committed):
            if lost in (kept, reader) or _last(writer, key) is None:
                continue
            if level in ("causal", "read atomic"):
                is_visible = (lost, reader) in known
            else:
                is_visible = lost in earlier
            if is_visible:
                found.add((lost, kept))
    return found
