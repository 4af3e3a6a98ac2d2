"""Which weak isolation level does a history of transactions keep?

>>> from counterpoint.checkers.transactions.history import Access, Transaction
>>> def write(key, value): return Access("write", key, value)
>>> def read(key, value): return Access("read", key, value)
>>> history = TransactionHistory((
...     (Transaction("t1", "s1", (write("x", 1), write("y", 1))),),
...     (Transaction("t2", "s2", (read("x", 1), read("y", None))),),
... ))
>>> verdict = check_transactions(history, level="read atomic")
>>> verdict.outcome.value, verdict.culprits, verdict.find(Pattern)
('broken', ('t1', 't2'), Pattern(pattern='FracturedRead'))
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.evidence import Accesses, Pattern
from counterpoint.checkers.judging import shrink
from counterpoint.checkers.links import pair
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import (
    Access,
    Transaction,
    TransactionHistory,
    kept_of,
)
from counterpoint.checkers.transactions.levels import IsolationLevel, Ways, judge_level
from counterpoint.checkers.transactions.matching import (
    Defect,
    MatchedTransactions,
    match_transactions,
)
from counterpoint.checkers.transactions.reasons import explain_level
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Edge, Verdict, broken, holds, undecided

PROPERTIES: dict[IsolationLevel, str] = {
    "read committed": "read committed",
    "repeatable read": "repeatable read",
    "read atomic": "read atomic",
    "causal": "transactional causal consistency",
}
"""The property that each level is called in verdicts."""

TRIES_MIN = 64
ACCESSES_TRIED_MAX = 2_000_000
"""How many ways to match reads are judged unless told otherwise: so many accesses in all."""

SHRINK_TRIES_MAX = 200
"""How many ways are tried for a smaller core before it is left as it is."""


def check_transactions(
    history: TransactionHistory, *, level: IsolationLevel, matchings_max: int | None = None
) -> Verdict:
    """Tell whether a history keeps a level: see `transaction_levels` for what each one asks.

    The levels are "read committed", "repeatable read", "read atomic" and "causal", each stronger
    than the one before. Every key holds None before it is written, or the history's `initial`.
    `examined` counts the reads of other transactions and of initial values; without any the verdict
    is UNDECIDED. Reads with several possible sources are matched in the likeliest way first, then
    in others until one fits or none is left; after `matchings_max` of them it is UNDECIDED. A
    verdict that holds has as witness an order of commits; a broken one as culprits transactions
    which, reduced to those in its `Accesses`, fail already alone, whatever their
    reads saw, and of which nothing can be left out.
    """
    name = PROPERTIES[level]
    if level == "causal" and is_worth_it(history.access_count):
        from counterpoint.checkers.columns.check import holds_as_transactions

        verdict = holds_as_transactions(history, name)
        if verdict is not None:
            return verdict
    matched = match_transactions(history)
    if matched.defect is not None:
        return _defective(matched.defect, name, examined=max(1, matched.read_count))
    order: Sequence[int]
    order, core = judge_level(matched, level)
    if core:
        return _violation(_restricted(matched, core), level, examined=matched.read_count)
    if matched.choices:
        ways = Ways(matched, level)
        many = max(TRIES_MIN, ACCESSES_TRIED_MAX // history.access_count)
        found = ways.solve(many if matchings_max is None else matchings_max)
        if found.is_cut:
            why = _too_many(matched, found.try_count)
            return undecided(name, why, examined=matched.read_count)
        if found.sources is None:
            small = _restricted(matched, ways.closed())
            return _violation(small, level, examined=matched.read_count)
        order = ways.order
    witness = tuple(matched.transactions[index].id for index in order)
    return holds(name, examined=matched.read_count, witness=witness)


def _defective(defect: Defect, name: str, *, examined: int) -> Verdict:
    return broken(
        name,
        f"{defect.why} ({defect.pattern})",
        examined=examined,
        because=(defect.why,),
        culprits=defect.culprits,
        evidence=(Pattern(defect.pattern),),
    )


def _too_many(matched: MatchedTransactions, try_count: int) -> str:
    (index, position), sources = next(iter(matched.choices.items()))
    access = matched.transactions[index].accesses[position]
    names = [matched.transactions[source].id for source in sources if source >= 0]
    listed = " and ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    start = "may be initial or is what" if sources[0] == INITIAL else "is what"
    return (
        f"{len(matched.choices)} reads have more than one possible source: "
        f"{pair(access.key, access.value)}, which {matched.transactions[index].id} read, {start} "
        f"{listed} wrote; none of the {try_count} ways tried to match them explains what was read, "
        "and there are more"
    )


def _violation(small: TransactionHistory, level: IsolationLevel, *, examined: int) -> Verdict:
    small = _shrink(small, level)
    shrunk = match_transactions(small)
    lines: tuple[str, ...] = ()
    if shrunk.choices:
        likely = Ways(shrunk, level).likely_first()
        first = {place: sources[0] for place, sources in likely.items()}
        lines = (
            f"{len(first)} of these reads may have had another source; "
            "however they are matched, it is so, or otherwise broken",
        )
        shrunk = shrunk.with_sources(first)
    reasons = explain_level(shrunk, level)
    ids = [one.id for one in shrunk.transactions]
    return broken(
        PROPERTIES[level],
        f"{reasons.summary} ({reasons.pattern})",
        examined=examined,
        because=(*reasons.because, *lines),
        edges=tuple(Edge(ids[a], ids[b], rule, why) for a, b, rule, why in reasons.cycle),
        culprits=tuple(ids),
        evidence=(Pattern(reasons.pattern), Accesses({one.id: one.accesses for one in small})),
    )


def _restricted(matched: MatchedTransactions, core: Collection[int]) -> TransactionHistory:
    """The transactions of a core, with those reads only whose every possible source is in it."""
    known = {*core, INITIAL}
    kept = []
    for index in sorted(core):
        transaction = matched.transactions[index]
        foreign = {read.position for read in matched.reads[index] if read.source not in known}
        foreign |= {
            position
            for position in range(len(transaction.accesses))
            if not known.issuperset(matched.choices.get((index, position), ()))
        }
        accesses = tuple(a for p, a in enumerate(transaction.accesses) if p not in foreign)
        kept.append(replace(transaction, accesses=accesses))
    return kept_of(matched.history, kept)


def _is_broken(history: TransactionHistory, level: IsolationLevel) -> bool:
    """Tell whether a history fails however its reads are matched, and none by itself."""
    matched = match_transactions(history)
    if matched.defect is not None:
        return False
    if judge_level(matched, level)[1]:
        return True
    if not matched.choices:
        return False
    found = Ways(matched, level).solve(SHRINK_TRIES_MAX)
    return found.sources is None and not found.is_cut


def _shrink(history: TransactionHistory, level: IsolationLevel) -> TransactionHistory:
    """Remove accesses while the rest is broken."""
    if not _is_broken(history, level):
        raise OwnDefect(f"a core does not break {level} alone")
    return shrink(
        history,
        lambda some: some.access_count,
        _without,
        lambda some: _is_broken(some, level),
    )


def _without(history: TransactionHistory, gone: range) -> TransactionHistory:
    """Leave out accesses by their places in the whole, and the reads of what they wrote."""
    unread: set[tuple[object, object]] = set()
    place = 0
    for transaction in history:
        for access in transaction.accesses:
            if place in gone and access.kind == "write":
                unread.add((access.key, access.value))
            place += 1
    place = 0
    sessions: list[tuple[Transaction, ...]] = []
    for session in history.sessions:
        kept: list[Transaction] = []
        for transaction in session:
            accesses: list[Access] = []
            for access in transaction.accesses:
                if place not in gone and (access.key, access.value) not in unread:
                    accesses.append(access)
                place += 1
            if accesses:
                kept.append(replace(transaction, accesses=tuple(accesses)))
        sessions.append(tuple(kept))
    return kept_of(history, (one for session in sessions for one in session))
