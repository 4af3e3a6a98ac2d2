"""Which weak isolation level does a history of transactions keep?

>>> from counterpoint.checkers.transactions.history import Access, Transaction
>>> def write(key, value): return Access("write", key, value)
>>> def read(key, value): return Access("read", key, value)
>>> history = TransactionHistory((
...     (Transaction("t1", "s1", (write("x", 1), write("y", 1))),),
...     (Transaction("t2", "s2", (read("x", 1), read("y", None))),),
... ))
>>> verdict = check_transactions(history, level="read atomic")
>>> verdict.outcome.value, verdict.culprits, verdict.details["pattern"]
('broken', ('t1', 't2'), 'FracturedRead')
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from counterpoint.checkers.transactions.history import Access, Transaction, TransactionHistory
from counterpoint.checkers.transactions.levels import IsolationLevel, judge_level
from counterpoint.checkers.transactions.matching import MatchedTransactions, match_transactions
from counterpoint.checkers.transactions.reasons import explain_level
from counterpoint.model.verdict import Edge, Verdict, broken, holds, undecided

PROPERTIES: dict[IsolationLevel, str] = {
    "read committed": "read committed",
    "repeatable read": "repeatable read",
    "read atomic": "read atomic",
    "causal": "transactional causal consistency",
}
"""The property that each level is called in verdicts."""


def check_transactions(history: TransactionHistory, *, level: IsolationLevel) -> Verdict:
    """Tell whether a history keeps a level: see `transaction_levels` for what each one asks.

    The levels are "read committed", "repeatable read", "read atomic" and "causal", each stronger
    than the one before. Every key holds None before it is written. `examined` counts the reads of
    other transactions and of initial values; without any the verdict is UNDECIDED, and so it is
    where a read has several possible sources and nothing is broken without it. A verdict that
    holds has as witness an order of commits; a broken one as culprits transactions which, reduced
    to the accesses in `details["accesses"]`, fail already alone and of which nothing can be
    left out.
    """
    name = PROPERTIES[level]
    matched = match_transactions(history)
    if matched.defect is not None:
        defect = matched.defect
        return broken(
            name,
            f"{defect.why} ({defect.pattern})",
            examined=max(1, matched.read_count),
            because=(defect.why,),
            culprits=defect.culprits,
            details=MappingProxyType({"pattern": defect.pattern}),
        )
    order, core = judge_level(matched, level)
    if core:
        return _violation(matched, core, level)
    if matched.doubt:
        return undecided(name, matched.doubt, examined=matched.read_count)
    witness = tuple(matched.transactions[index].id for index in order)
    return holds(name, examined=matched.read_count, witness=witness)


def _violation(
    matched: MatchedTransactions, core: frozenset[int], level: IsolationLevel
) -> Verdict:
    small = _shrink(_restricted(matched, core), level)
    shrunk = match_transactions(small)
    reasons = explain_level(shrunk, level)
    ids = [one.id for one in shrunk.transactions]
    return broken(
        PROPERTIES[level],
        f"{reasons.summary} ({reasons.pattern})",
        examined=matched.read_count,
        because=reasons.because,
        edges=tuple(Edge(ids[a], ids[b], rule, because) for a, b, rule, because in reasons.cycle),
        culprits=tuple(ids),
        details=MappingProxyType(
            {"pattern": reasons.pattern, "accesses": {one.id: one.accesses for one in small}}
        ),
    )


def _restricted(matched: MatchedTransactions, core: frozenset[int]) -> TransactionHistory:
    """The transactions of a core, without their reads of others and without what nobody reads."""
    sessions: dict[int, list[Transaction]] = {}
    for index in sorted(core):
        transaction = matched.transactions[index]
        foreign = {
            read.position
            for read in matched.reads[index]
            if read.source >= 0 and read.source not in core
        }
        accesses = tuple(a for p, a in enumerate(transaction.accesses) if p not in foreign)
        kept = replace(transaction, accesses=accesses)
        sessions.setdefault(matched.session_of[index], []).append(kept)
    return TransactionHistory(tuple(map(tuple, sessions.values())))


def _is_broken(history: TransactionHistory, level: IsolationLevel) -> bool:
    matched = match_transactions(history)
    return matched.defect is None and bool(judge_level(matched, level)[1])


def _shrink(history: TransactionHistory, level: IsolationLevel) -> TransactionHistory:
    """Remove accesses while the rest is broken: halves first, at last one by one."""
    assert _is_broken(history, level), f"a core does not break {level} alone"
    size = max(1, history.access_count // 2)
    while True:
        smaller = _without_some(history, size, level)
        if smaller is not None:
            history = smaller
            size = min(size, max(1, history.access_count // 2))
        elif size == 1:
            return history
        else:
            size = (size + 1) // 2


def _without_some(
    history: TransactionHistory, size: int, level: IsolationLevel
) -> TransactionHistory | None:
    for first in range(0, history.access_count, size):
        smaller = _without(history, range(first, first + size))
        if _is_broken(smaller, level):
            return smaller
    return None


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
    return TransactionHistory(tuple(sessions))
