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

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.judging import Accesses, Explanation, Pattern, shrink
from counterpoint.checkers.links import pair
from counterpoint.checkers.matchings import fails, judge
from counterpoint.checkers.reads_from import INITIAL
from counterpoint.checkers.transactions.history import (
    Access,
    Transaction,
    TransactionHistory,
    kept_of,
)
from counterpoint.checkers.transactions.levels import Commits, IsolationLevel, judge_level
from counterpoint.checkers.transactions.reads_from import (
    AccessPlace,
    MatchedTransactions,
    match_transactions,
)
from counterpoint.checkers.transactions.reasons import explain_level
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Edge, Reason, Verdict, holds, said

PROPERTIES: dict[IsolationLevel, str] = {
    "read committed": "read committed",
    "repeatable read": "repeatable read",
    "read atomic": "read atomic",
    "causal": "transactional causal consistency",
}
"""The property that each level is called in verdicts."""


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
        from counterpoint.checkers.columns.transactions import holds_as_transactions

        verdict = holds_as_transactions(history, name)
        if verdict is not None:
            return verdict
    steps = _TransactionSteps(level, history, match_transactions(history))
    return judge(steps, tries_max=matchings_max)


@dataclass(frozen=True, slots=True)
class _TransactionSteps:
    """The steps for one level of isolation."""

    level: IsolationLevel
    history: TransactionHistory
    matched: MatchedTransactions

    @property
    def name(self) -> str:
        """What the verdict calls the level."""
        return PROPERTIES[self.level]

    @property
    def examined(self) -> int:
        """How many reads of others there are."""
        return self.matched.read_count

    @property
    def size(self) -> int:
        """How many accesses there are."""
        return max(1, self.history.access_count)

    def mismatch(self) -> Explanation | None:
        """Explain a read that no transaction can explain."""
        wrong = self.matched.defect
        if wrong is None:
            return None
        summary = f"{wrong.why} ({wrong.pattern})"
        return Explanation(
            summary, (said(wrong.why),), (), wrong.culprits, (Pattern(wrong.pattern),)
        )

    def choices(self) -> dict[AccessPlace, tuple[int, ...]]:
        """The possible sources of each ambiguous read, the likeliest first."""
        return _likely_first(self.matched)

    def decide(self, sources: Mapping[AccessPlace, int]) -> Commits:
        """Decide the level under these sources."""
        matched = self.matched.with_sources(sources) if sources else self.matched
        return judge_level(matched, self.level)

    def rests_on(
        self, core: Collection[int], sources: Mapping[AccessPlace, int]
    ) -> list[AccessPlace]:
        """Those whose reader and source are in the core."""
        known = {*core, INITIAL}
        return [place for place in sources if place[0] in core and sources[place] in known]

    def holds(self, decision: Commits, sources: Mapping[AccessPlace, int]) -> Verdict:
        """Return the verdict with an order of commits."""
        del sources
        witness = tuple(self.matched.transactions[index].id for index in decision.order)
        return holds(self.name, examined=self.examined, witness=witness)

    def explain(self, core: Collection[int], *, in_every_way: bool) -> Explanation:
        """Explain a smallest core; where it takes every way, with all that may have been read."""
        return _explained(
            _restricted(self.matched, self._closed(core) if in_every_way else core), self.level
        )

    def too_many(self, try_count: int) -> str:
        """Name an ambiguous read."""
        return _too_many(self.matched, try_count)

    def _closed(self, blamed: Collection[int]) -> set[int]:
        """These transactions, with every one that their ambiguous reads may have seen."""
        choices = self.matched.choices.items()
        seen = (source for (index, _), some in choices if index in blamed for source in some)
        return {*blamed, *(source for source in seen if source != INITIAL)}


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


def _explained(small: TransactionHistory, level: IsolationLevel) -> Explanation:
    small = _shrink(small, level)
    shrunk = match_transactions(small)
    lines: tuple[Reason, ...] = ()
    if shrunk.choices:
        first = {place: sources[0] for place, sources in _likely_first(shrunk).items()}
        text = f"{len(first)} of these reads may have had another source; "
        lines = (said(text, "however they are matched, it is so, or otherwise broken"),)
        shrunk = shrunk.with_sources(first)
    reasons = explain_level(shrunk, level)
    ids = tuple(one.id for one in shrunk.transactions)
    return Explanation(
        f"{reasons.summary} ({reasons.pattern})",
        (*reasons.because, *lines),
        tuple(Edge(ids[a], ids[b], rule, why) for a, b, rule, why in reasons.cycle),
        ids,
        (Pattern(reasons.pattern), Accesses({one.id: one.accesses for one in small})),
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


def _shrink(history: TransactionHistory, level: IsolationLevel) -> TransactionHistory:
    """Remove accesses while the rest is broken."""

    def is_broken(some: TransactionHistory) -> bool:
        return fails(_TransactionSteps(level, some, match_transactions(some)))

    if not is_broken(history):
        raise OwnDefect(f"a core does not break {level} alone")
    return shrink(history, lambda some: some.access_count, _without, is_broken)


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


def _likely_first(matched: MatchedTransactions) -> dict[AccessPlace, tuple[int, ...]]:
    """The possible sources of each ambiguous read, reads by time, the likeliest source first.

    That is the latest before the reader; what came later comes last.
    """

    def likely(place: AccessPlace) -> tuple[int, ...]:
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
