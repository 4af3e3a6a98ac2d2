"""Are the session guarantees kept: read your writes, monotonic reads and writes, and their kin?

>>> from counterpoint.checkers.history import Operation
>>> history = (
...     Operation("o1", "alice", "write", "x", 1, None, 1, 2),
...     Operation("o2", "alice", "write", "x", 2, None, 3, 4),
...     Operation("o3", "bob", "read", "x", None, 2, 5, 6),
...     Operation("o4", "bob", "read", "x", None, 1, 7, 8),
... )
>>> check_sessions(history, guarantees=("MR",)).outcome.value
'holds'
>>> verdict = check_sessions(history)
>>> verdict.find(Pattern), verdict.culprits
(Pattern(pattern='MR+MW'), ('o1', 'o2', 'o3', 'o4'))
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass
from itertools import combinations

from counterpoint.checkers.causal.core import deciding_last
from counterpoint.checkers.causal.matching import Sessions, match_reads
from counterpoint.checkers.causal.matchings import judge_matchings
from counterpoint.checkers.columns.gate import is_worth_it
from counterpoint.checkers.evidence import Pattern
from counterpoint.checkers.history import History
from counterpoint.checkers.sessions.judge import SessionJudgement, judge_guarantees
from counterpoint.checkers.sessions.order import ALL, Guarantee, Guarantees
from counterpoint.checkers.sessions.reasons import WORDS, explain_guarantees
from counterpoint.checkers.words import edges
from counterpoint.model.verdict import Verdict, broken, holds

GUARANTEES: tuple[Guarantee, ...] = ("RYW", "MR", "MW", "WFR")
"""The four guarantees, in the order in which verdicts name them; together they are causal order."""


def check_sessions(
    history: History,
    *,
    guarantees: Collection[Guarantee] = GUARANTEES,
    convergent: bool = False,
    initial: Hashable = None,
    matchings_max: int | None = None,
) -> Verdict:
    """Tell whether a history of "read" and "write" operations keeps the guarantees, all at once.

    They hold when the writes can be ordered, for each session that reads on its own, or with
    `convergent` for all sessions together, so that each read returns the last of the writes that
    must be visible to it, or a later one that need not be: see `session_order`. A single guarantee
    is hard to break; MR alone hardly can be. its `Pattern` names those that a violation
    needs. A client is a session; `initial` comes before every write.

    `examined` counts the reads that were judged; without any the verdict is UNDECIDED, and so it
    is where none of `matchings_max` ways to match reads with writes fits and there are more.

    Raises:
        MalformedHistory: two calls of one client at the same instant.
        ValueError: an operation that is neither a read nor a write, or no such guarantee.
    """
    chosen = _known(guarantees)
    name = property_name(chosen, convergent=convergent)
    if chosen == ALL and is_worth_it(len(history)):
        from counterpoint.checkers.columns.guarantees import holds_for_sessions

        verdict = holds_for_sessions(history, initial, name, convergent=convergent)
        if verdict is not None:
            return verdict
    matching = match_reads(history, initial=initial)
    judge = _KeepsGuarantees(name, chosen, convergent)
    return judge_matchings(name, matching, judge, matchings_max=matchings_max)


@dataclass(frozen=True, slots=True)
class _KeepsGuarantees:
    """Some guarantees, for sessions whose reads are matched."""

    name: str
    chosen: Guarantees
    convergent: bool

    def decide(self, sessions: Sessions) -> SessionJudgement:
        """Decide the guarantees."""
        return judge_guarantees(sessions, self.chosen, convergent=self.convergent)

    def holds(self, sessions: Sessions, decision: SessionJudgement) -> Verdict:
        """Return the verdict with its witness."""
        witness = _witness(sessions, decision)
        return holds(self.name, examined=sessions.read_count, witness=witness)

    def broken(self, core: Sessions) -> Verdict:
        """Explain a smallest core."""
        return _broken(self.name, core, self.chosen, convergent=self.convergent)


def property_name(chosen: Guarantees, *, convergent: bool = False) -> str:
    """What verdicts call these guarantees.

    >>> property_name(frozenset({"MR"})), property_name(frozenset({"MW", "MR"}), convergent=True)
    ('monotonic reads', 'session guarantees MR, MW, convergent')
    """
    listed = [guarantee for guarantee in GUARANTEES if guarantee in chosen]
    words = f"session guarantees {', '.join(listed)}" if len(listed) > 1 else WORDS[listed[0]]
    return f"{words}, convergent" if convergent else words


def _known(guarantees: Collection[Guarantee]) -> Guarantees:
    chosen = frozenset(guarantees)
    if not chosen or not chosen <= ALL:
        raise ValueError(
            f"choose session guarantees from {', '.join(GUARANTEES)}, not {guarantees!r}"
        )
    return chosen


def _witness(sessions: Sessions, judgement: SessionJudgement) -> tuple[str, ...]:
    """The order of writes that suits everybody, where there is but one."""
    if len(judgement.orders) != 1:
        return ()
    (order,) = judgement.orders.values()
    return tuple(sessions.operations[index].id for index in order)


def _broken(name: str, core: Sessions, chosen: Guarantees, *, convergent: bool) -> Verdict:
    """Shrink the guarantees, and explain what is left."""

    def is_broken(guarantees: Guarantees) -> bool:
        return bool(judge_guarantees(core, guarantees, convergent=convergent).core)

    needed = next(some for some in _subsets(chosen) if is_broken(some))
    reasons = explain_guarantees(core, needed, convergent=convergent)
    return broken(
        name,
        f"{reasons.summary} ({reasons.pattern})",
        examined=core.read_count,
        because=reasons.because,
        edges=edges(core.operations, reasons.cycle),
        culprits=deciding_last(core),
        evidence=(Pattern(reasons.pattern),),
    )


def _subsets(chosen: Guarantees) -> Iterator[Guarantees]:
    """All sets of these guarantees, small ones first."""
    listed = [guarantee for guarantee in GUARANTEES if guarantee in chosen]
    for size in range(1, len(listed) + 1):
        yield from map(frozenset, combinations(listed, size))
