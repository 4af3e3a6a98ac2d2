"""Weak isolation levels, decided: an order of commits that all rules allow, or a core that fails.

After Biswas and Enea, "On the complexity of checking transactional consistency", OOPSLA 2019. Each
level asks for a total order of the transactions that contains session order and reads-from and in
which, if transaction r read key x from `kept` and another one that writes x was visible to it,
that `lost` one comes before `kept`. Visible is

- for read committed what r had read from before that read, in program order,
- for read atomic what r read from, and what came before it in its session,
- for causal consistency all that precedes r in session order and reads-from.

The initial value comes before every transaction. Repeatable read is read committed where no
transaction reads two versions of a key from others. One candidate per session is enough for causal
consistency, and keys are intersected from the smaller side: Møldrup and Pavlogiannis, PLDI 2025.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, assert_never

from counterpoint.checkers.causal.conflicts import LostWrite, with_demands
from counterpoint.checkers.causal.order import (
    ClockRow,
    Predecessors,
    circle,
    known_rows,
    shortest_path,
    topological,
)
from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.reads_from import MatchedTransactions

IsolationLevel = Literal["read committed", "repeatable read", "read atomic", "causal"]

TransactionCore = frozenset[int]


class Commits(NamedTuple):
    """An order of commits, or transactions that fail alone."""

    order: list[int]
    core: TransactionCore = frozenset()


def judge_level(matched: MatchedTransactions, level: IsolationLevel) -> Commits:
    """Return an order of commits and nothing, or nothing and transactions that fail alone.

    O(reads k log n) for "causal", O(accesses^1.5) for the others.
    """
    base = causes(matched)
    order, blocked = topological(matched.starts, base)
    if blocked:
        return Commits([], TransactionCore(_ends(circle(matched.session_of, base, blocked))))
    if level == "repeatable read":
        twice = next(_two_versions(matched), None)
        if twice is not None:
            return Commits([], twice)
    demands = list(_demands(matched, base, order, level))
    impossible = next((demand for demand in demands if demand.kept == INITIAL), None)
    if impossible is not None:
        return Commits([], TransactionCore(_reason(matched, base, impossible, level)))
    predecessors = with_demands(base, demands)
    order, blocked = topological(matched.starts, predecessors)
    if not blocked:
        return Commits(order)
    edges = circle(matched.session_of, predecessors, blocked)
    core = set(_ends(edges))
    for demand in demands:
        if (demand.lost, demand.kept) in edges:
            core.update(_reason(matched, base, demand, level))
    return Commits([], TransactionCore(core))


def causes(matched: MatchedTransactions) -> list[tuple[int, ...]]:
    """The other transactions that each one read from, or after which it forked."""
    found = [
        tuple(dict.fromkeys(read.source for read in reads if read.source >= 0))
        for reads in matched.reads
    ]
    for index, before in matched.forks.items():
        found[index] = (*found[index], before)
    return found


def _ends(edges: Iterable[tuple[int, int]]) -> Iterator[int]:
    return (end for edge in edges for end in edge)


def _reason(
    matched: MatchedTransactions, base: Predecessors, demand: LostWrite, level: IsolationLevel
) -> Iterable[int]:
    """The transactions behind a demand: the reader, what it returned, and why it knew the other."""
    lost, kept, reader = demand
    path: Iterable[int] = (lost, reader)
    if level == "causal":
        path = shortest_path(matched.starts, matched.session_of, base, lost, reader)
    return (*path, kept) if kept >= 0 else path


def _two_versions(matched: MatchedTransactions) -> Iterator[TransactionCore]:
    """Transactions that read a key from two others, or from one and the initial value."""
    for index, reads in enumerate(matched.reads):
        first: dict[Hashable, int] = {}
        for read in reads:
            source = first.setdefault(read.key, read.source)
            if source != read.source:
                yield TransactionCore({index, source, read.source} - {INITIAL})


def _demands(
    matched: MatchedTransactions, base: Predecessors, order: Sequence[int], level: IsolationLevel
) -> Iterator[LostWrite]:
    match level:
        case "read committed" | "repeatable read":
            return _read_before(matched)
        case "read atomic":
            return _read_or_just_before(matched)
        case "causal":
            return _known(matched, base, order)
    assert_never(level)


def _read_before(matched: MatchedTransactions) -> Iterator[LostWrite]:
    """Read committed: what was read from earlier in the transaction is visible to later reads."""
    for reader, reads in enumerate(matched.reads):
        first = {read.source: place for place, read in reversed(list(enumerate(reads)))}
        later: dict[Hashable, dict[int, None]] = {}
        for place in range(len(reads) - 1, -1, -1):
            _, key, source = reads[place]
            if source >= 0 and first[source] == place:
                yield from _overwritten(matched, reader, source, later)
            later.setdefault(key, {})[source] = None


def _overwritten(
    matched: MatchedTransactions,
    reader: int,
    lost: int,
    sources: Mapping[Hashable, Collection[int]],
) -> Iterator[LostWrite]:
    """A transaction visible to reads of these keys, where they returned those of others."""
    for key in _common(matched.writes[lost], sources.keys()):
        for kept in sources[key]:
            if kept != lost:
                yield LostWrite(lost, kept, reader)


def _common(some: Collection[Hashable], others: Collection[Hashable]) -> list[Hashable]:
    """The keys in both, looked up from the smaller side."""
    small, large = (some, others) if len(some) <= len(others) else (others, some)
    return [key for key in small if key in large]


def _read_or_just_before(matched: MatchedTransactions) -> Iterator[LostWrite]:
    """Read atomic: what was read from, and what came before in the session, is visible to all."""
    for first, end in pairwise(matched.starts):
        latest: dict[Hashable, int] = {}
        for reader in range(first, end):
            sources: dict[Hashable, dict[int, None]] = {}
            for _, key, source in matched.reads[reader]:
                sources.setdefault(key, {})[source] = None
            for lost in {s: None for found in sources.values() for s in found if s >= 0}:
                yield from _overwritten(matched, reader, lost, sources)
            for key, found in sources.items():
                for kept in found:
                    if latest.get(key, kept) != kept:
                        yield LostWrite(latest[key], kept, reader)
            latest.update(dict.fromkeys(matched.writes[reader], reader))


def _known(
    matched: MatchedTransactions, base: Predecessors, order: Sequence[int]
) -> Iterator[LostWrite]:
    """Causal: of each session the last writer of the key that precedes the reader is visible.

    What causal order or an earlier demand settles already is left out.
    """
    if is_worth_it(len(matched.transactions)):
        from counterpoint.checkers.columns.transactions import known_demands

        return known_demands(matched, order)
    rows = known_rows(matched.starts, matched.session_of, order, base)
    return demands_by_rows(matched, rows, order)


def demands_by_rows(
    matched: MatchedTransactions, rows: Sequence[ClockRow], order: Sequence[int]
) -> Iterator[LostWrite]:
    """Look at each read, in an order that respects causality, by the clock rows of that."""
    latest: dict[tuple[int, int], int] = {}
    writers: dict[Hashable, dict[int, list[int]]] = {}
    for index, keys in enumerate(matched.writes):
        for key in keys:
            writers.setdefault(key, {}).setdefault(matched.session_of[index], []).append(index)
    for reader in order:
        row, home = rows[reader], matched.session_of[reader]
        for _, key, kept in matched.reads[reader]:
            for session, found in writers.get(key, {}).items():
                bound = reader if session == home else row[session]
                place = bisect_left(found, bound)
                if not place or found[place - 1] == kept:
                    continue
                lost = found[place - 1]
                if kept != INITIAL:
                    settled = max(rows[kept][session], latest.get((kept, session), 0))
                    if lost < settled:
                        continue
                    latest[kept, session] = lost + 1
                yield LostWrite(lost, kept, reader)
