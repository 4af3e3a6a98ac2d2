"""Is a history of reads and writes causally consistent, and if not, why not?

>>> from counterpoint.checkers.judging import Pattern
>>> from counterpoint.checkers.history import Operation
>>> history = (
...     Operation("o1", "alice", "write", "found", 1, None, 1, 2),
...     Operation("o2", "bob", "read", "found", None, 1, 3, 4),
...     Operation("o3", "bob", "write", "glad", 1, None, 5, 6),
...     Operation("o4", "carol", "read", "glad", None, 1, 7, 8),
...     Operation("o5", "carol", "read", "found", None, None, 9, 10),
... )
>>> verdict = check_causal(history)
>>> verdict.outcome.value, verdict.find(Pattern)
('broken', Pattern(pattern='WriteCOInitRead'))
>>> print(verdict.summary.split(":")[0])
glad=1 was visible to carol before found=1, although found=1 happened before glad=1
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from counterpoint.checkers.causal.levels import (
    Judgement,
    Level,
    causal_holds,
    judge_by_rows,
    named_views,
    naming_of,
)
from counterpoint.checkers.causal.reasons import Reasons, explain
from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.history import History
from counterpoint.checkers.matchings import SessionSteps, judge
from counterpoint.checkers.reads_from import Sessions, match_reads
from counterpoint.model.verdict import Verdict

PROPERTIES: dict[Level, str] = {
    "cc": "causal consistency",
    "ccv": "causal convergence",
    "cm": "causal memory",
}
"""The property that each level is called in verdicts."""


def check_causal(
    history: History,
    *,
    level: Level = "cc",
    initial: Hashable = None,
    matchings_max: int | None = None,
) -> Verdict:
    """Tell whether a history of "read" and "write" operations is causally consistent.

    A client is a session, in the order of its calls; real time plays no other part. `level` is
    "cc" (each answer is explained by some order of what is known), "ccv" (by one order for
    everybody) or "cm" (all answers of a session by one order); see `causal_levels`. `initial` is
    what every key holds before it is written, and comes before every write.

    `examined` counts the reads that were judged; without any the verdict is UNDECIDED. A broken
    verdict has as culprits a core from which nothing can be removed, and its bad `Pattern`. One that
    holds has as witness a topological order of causality, for "ccv" an order of all writes that
    explains every read, and for "cm" in its `Views` one for each session. Reads that several writes
    can explain, or the initial value that was also written, are matched in the likeliest way first,
    then in others until one fits or none is left; after `matchings_max` of them the verdict is
    UNDECIDED.

    Raises:
        MalformedHistory: two calls of one client at the same instant.
        ValueError: an operation that is neither a read nor a write.
    """
    name = PROPERTIES[level]
    if is_worth_it(len(history)):
        from counterpoint.checkers.columns.check import holds_causally

        verdict = holds_causally(history, level, initial, name)
        if verdict is not None:
            return verdict
    matching = match_reads(history, initial=initial)
    steps = SessionSteps(name, matching, _CausalLevel(name, level))
    return judge(steps, tries_max=matchings_max)


@dataclass(frozen=True, slots=True)
class _CausalLevel:
    """One level of causal consistency, for sessions whose reads are matched."""

    name: str
    level: Level

    def decide(self, sessions: Sessions) -> Judgement:
        """Decide the level, on columns where that is worth it."""
        if is_worth_it(len(sessions.operations)):
            from counterpoint.checkers.columns.check import judge_columns
            from counterpoint.checkers.columns.sessions import columns_of

            return judge_columns(columns_of(sessions), self.level, lambda: sessions)
        return judge_by_rows(sessions, self.level)

    def holds(self, sessions: Sessions, decision: Judgement) -> Verdict:
        """Return the verdict with its witness."""
        naming = naming_of(sessions)
        views = named_views(decision.views, naming)
        return causal_holds(
            self.name, naming.ids(decision.order), views, examined=sessions.read_count
        )

    def explain(self, core: Sessions) -> Reasons:
        """Explain a smallest core."""
        return explain(core, self.level)
