"""Isolation levels by trying every order of commits: the obvious twin of `check_transactions`.

The axioms of Biswas and Enea, OOPSLA 2019, to the letter, for up to six transactions."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import permutations, product

from counterpoint.checkers.history import same
from counterpoint.checkers.transactions.history import Transaction, TransactionHistory
from counterpoint.checkers.transactions.levels import IsolationLevel

START = -1
"""The transaction that wrote every initial value."""

Reads = list[tuple[int, int, Hashable, int]]
"""Reader, position of the read, key, source."""


def is_isolated(history: TransactionHistory, level: IsolationLevel) -> bool:
    """Tell whether some way to match the reads, and some order of commits, satisfies a level."""
    committed = [one for one in history if one.is_committed]
    return any(_is_ordered(committed, reads, level) for reads in _matchings(committed, history))


def _is_ordered(committed: list[Transaction], reads: Reads, level: IsolationLevel) -> bool:
    if level == "repeatable read" and any(
        a[0] == b[0] and same(a[2], b[2]) and a[3] != b[3] for a in reads for b in reads
    ):
        return False
    before = set(_before(committed, reads))
    demands = _demands(committed, reads, before, level)
    return any(
        all(a == START or order.index(a) < order.index(b) for a, b in before | demands)
        for order in permutations(range(len(committed)))
        if all(b != START for _, b in demands)
    )


def _matchings(committed: list[Transaction], history: TransactionHistory) -> Iterator[Reads]:
    """Every way to match the reads of other transactions; none where one is impossible by itself."""
    places: list[tuple[int, int, Hashable]] = []
    possible: list[list[int]] = []
    for reader, transaction in enumerate(committed):
        for position, access in enumerate(transaction.accesses):
            if access.kind == "write":
                continue
            before = [
                a.value
                for a in transaction.accesses[:position]
                if a.kind == "write" and same(a.key, access.key)
            ]
            if before:
                if not same(before[-1], access.value):
                    return
                continue
            sources = [
                writer
                for writer, other in enumerate(committed)
                if writer != reader and any(same(v, access.value) for v in _last(other, access.key))
            ]
            if access.value is None or same(access.value, history.initial):
                sources.append(START)
            places.append((reader, position, access.key))
            possible.append(sources)
    for chosen in product(*possible):
        yield [(*place, source) for place, source in zip(places, chosen, strict=True)]


def _last(transaction: Transaction, key: Hashable) -> list[Hashable]:
    """The value that a transaction left in a key, if it wrote any."""
    return [a.value for a in transaction.accesses if a.kind == "write" and same(a.key, key)][-1:]


def _before(committed: list[Transaction], reads: Reads) -> Iterator[tuple[int, int]]:
    """Session order and reads-from."""
    for index, transaction in enumerate(committed):
        for earlier in range(index):
            if committed[earlier].session == transaction.session:
                yield earlier, index
        if transaction.after:
            after = next(i for i, one in enumerate(committed) if one.id == transaction.after)
            yield after, index
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
            if lost in (kept, reader) or not _last(writer, key):
                continue
            if level in ("causal", "read atomic"):
                is_visible = (lost, reader) in known
            else:
                is_visible = lost in earlier
            if is_visible:
                found.add((lost, kept))
    return found
