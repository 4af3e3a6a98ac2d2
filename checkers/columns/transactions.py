"""Transactions on columns: causal consistency, decided as `transactions.levels` does.

Only the plain kind is matched here: every read has one possible source, and no transaction was left
behind by its client. Orders of commits and demands are those of the plain checker, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from counterpoint.checkers.causal.conflicts import LostWrite
from counterpoint.checkers.columns.causality import (
    OrderEdges,
    ReadColumns,
    WriteColumns,
    clocks_of,
    is_highest,
    last_known,
    numbers_of_runs,
    places_in,
    topological_runs,
)
from counterpoint.checkers.columns.sessions import (
    PLAIN_TYPES,
    Flags,
    Positions,
    numbered,
    sure_sources,
    value_numbers,
)
from counterpoint.checkers.reads_from import INITIAL, NO_READ
from counterpoint.checkers.transactions.history import (
    AccessColumns,
    ToldSessions,
    TransactionHistory,
)
from counterpoint.checkers.transactions.reads_from import MatchedTransactions
from counterpoint.model.verdict import Verdict, holds


@dataclass(frozen=True, slots=True, eq=False)
class TransactionColumns:
    """Committed transactions by session, their reads from outside, and the keys that each wrote.

    Session t has those from `starts[t]` to the one before `starts[t + 1]`. Reads are in the order of
    transactions, and in these as they came; `edges` has whom each transaction follows.
    """

    starts: Positions
    session_of: Positions
    reads: ReadColumns
    writes: WriteColumns
    edges: OrderEdges


def holds_as_transactions(history: TransactionHistory, name: str) -> Verdict | None:
    """Return the verdict of `check_transactions` at the level "causal", if it holds.

    None unless every value that a transaction left was left by no other, what a key holds before
    any is told from all of them, and no transaction was left behind by its client.
    """
    if history.initial is not None or _is_any_late(history):
        return None
    told = _told(history)
    columns = columns_of_accesses(told)
    order = None if columns is None else order_of_commits(columns)
    if columns is None or order is None:
        return None
    numbers = np.nonzero(np.array(told.are_committed))[0][order].tolist()
    if isinstance(history.sessions, ToldSessions):
        witness = tuple([f"t{number + 1}" for number in numbers])
    else:
        witness = tuple(map([one.id for one in history].__getitem__, numbers))
    return holds(name, examined=len(columns.reads.reader), witness=witness)


def _is_any_late(history: TransactionHistory) -> bool:
    is_told = isinstance(history.sessions, ToldSessions)
    return not is_told and any(one.after for one in history)


def _told(history: TransactionHistory) -> AccessColumns:
    if isinstance(history.sessions, ToldSessions):
        return history.sessions.columns
    accesses = [access for one in history for access in one.accesses]
    return AccessColumns(
        [access.kind[0] for access in accesses],
        [access.key for access in accesses],
        [access.value for access in accesses],
        np.cumsum([len(one.accesses) for one in history]).tolist(),
        [one.is_committed for one in history],
        list(map(len, history.sessions)),
    )


def columns_of_accesses(told: AccessColumns) -> TransactionColumns | None:
    """Match the reads of committed transactions, as `match_transactions` does.

    None if a read breaks a rule by itself, or its source is not sure.
    """
    numbers = value_numbers(told.values, None)
    if numbers is None or not PLAIN_TYPES.issuperset(map(type, told.keys)):
        return None
    value_of, initial = numbers
    is_write = np.frombuffer("".join(told.kinds).encode(), np.uint8) == ord("w")
    are_committed = np.array(told.are_committed, dtype=np.bool_)
    sizes = np.diff(told.ends, prepend=0)
    transaction = np.repeat(np.cumsum(are_committed) - 1, sizes)
    accesses = _Accesses(transaction, is_write, numbered(told.keys), value_of)
    shown = _shown(accesses.where(np.repeat(are_committed, sizes)))
    session_of = np.repeat(np.arange(len(told.sizes)), told.sizes)[are_committed]
    starts = np.searchsorted(session_of, np.arange(len(told.sizes) + 1))
    return None if shown is None else _matched(starts, session_of, shown, initial)


class _Accesses(NamedTuple):
    """Accesses in the order of their transactions; keys and values are numbered."""

    transaction: Positions
    is_write: Flags
    key: Positions
    value: Positions

    def where(self, chosen: Flags | Positions) -> _Accesses:
        """Only some of them."""
        transaction, is_write, key, value = self
        return _Accesses(transaction[chosen], is_write[chosen], key[chosen], value[chosen])


def _shown(accesses: _Accesses) -> _Accesses | None:
    """Leave out what a transaction shows to itself alone: a write before its last, a read after one.

    None if such a read does not return what was written.
    """
    cell = accesses.transaction * (accesses.key.max(initial=0) + 1) + accesses.key
    by_cell = np.argsort(cell, kind="stable")
    is_write, value = accesses.is_write[by_cell], accesses.value[by_cell]
    run = numbers_of_runs(cell[by_cell])
    place = np.arange(len(cell))
    latest = np.maximum.accumulate(np.where(is_write, place, -1))
    before = np.append(-1, latest)[:-1]
    is_after = (before >= 0) & (run[before] == run)
    is_own = ~is_write & is_after
    if (value[is_own] != value[before[is_own]]).any():
        return None
    is_replaced = np.zeros(len(cell), dtype=np.bool_)
    is_replaced[before[is_write & is_after]] = True
    return accesses.where(np.sort(by_cell[~is_own & ~is_replaced]))


def _matched(
    starts: Positions, session_of: Positions, shown: _Accesses, initial: int
) -> TransactionColumns | None:
    source = sure_sources(shown.is_write, shown.key, shown.value, initial)
    if source is None:
        return None
    read, write = np.nonzero(source != NO_READ)[0], np.nonzero(source == NO_READ)[0]
    kept = np.where(source[read] == INITIAL, INITIAL, shown.transaction[source[read]])
    reads = ReadColumns(shown.transaction[read], shown.key[read], kept)
    if (reads.reader == kept).any():
        return None  # it read what it wrote later
    writes = WriteColumns(shown.transaction[write], shown.key[write])
    return TransactionColumns(starts, session_of, reads, writes, _edges(reads))


def _edges(reads: ReadColumns) -> OrderEdges:
    is_told = reads.kept != INITIAL
    return OrderEdges(reads.reader[is_told], reads.kept[is_told])


def order_of_commits(columns: TransactionColumns) -> Positions | None:
    """Return the order that `judge_level` finds for "causal", or None if there is none."""
    layout = columns.starts, columns.session_of
    order, blocked = topological_runs(*layout, columns.edges)
    if blocked:
        return None
    demands = _demands(columns, order)
    if (demands.kept == INITIAL).any():
        return None
    order, blocked = topological_runs(*layout, columns.edges.and_these(demands.kept, demands.lost))
    return None if blocked else order


class _Demands(NamedTuple):
    """Many a `LostWrite`."""

    lost: Positions
    kept: Positions
    reader: Positions


def _demands(columns: TransactionColumns, order: Positions) -> _Demands:
    """What reads demand, as `demands_by_rows` finds it one by one, in a topological order."""
    clocks = clocks_of(columns.starts, columns.session_of, columns.edges, order)
    place = places_in(order)
    reads = columns.reads.where(np.argsort(place[columns.reads.reader], kind="stable"))
    found = last_known(clocks, reads, columns.writes)
    # Stable: of one read the sessions stay in their order.
    in_order = np.argsort(found.place, kind="stable")
    read, lost = found.place[in_order], found.lost[in_order]
    kept = reads.kept[read]
    group = kept * (len(columns.starts) - 1) + columns.session_of[lost]
    is_news = (kept == INITIAL) | is_highest(group, lost)
    return _Demands(lost[is_news], kept[is_news], reads.reader[read][is_news])


def known_demands(matched: MatchedTransactions, order: Sequence[int]) -> Iterator[LostWrite]:
    """Return what `demands_by_rows` does."""
    columns = _columns_of(matched)
    found = _demands(columns, np.array(order, dtype=np.int64))
    return map(LostWrite, *(column.tolist() for column in found))


def _columns_of(matched: MatchedTransactions) -> TransactionColumns:
    """Return matched transactions as columns, forks included."""
    reads = [read for reads in matched.reads for read in reads]
    keys = [key for keys in matched.writes for key in keys]
    number_of = numbered([*(read.key for read in reads), *keys])
    each = np.arange(len(matched.transactions))
    told = ReadColumns(
        np.repeat(each, list(map(len, matched.reads))),
        number_of[: len(reads)],
        np.fromiter((read.source for read in reads), np.int64, len(reads)),
    )
    writes = WriteColumns(np.repeat(each, list(map(len, matched.writes))), number_of[len(reads) :])
    forks = np.array(sorted(matched.forks.items()), dtype=np.int64).reshape(-1, 2)
    return TransactionColumns(
        np.array(matched.starts, dtype=np.int64),
        np.array(matched.session_of, dtype=np.int64),
        told,
        writes,
        _edges(told).and_these(forks[:, 0], forks[:, 1]),
    )
