"""The ways to match the ambiguous reads of transactions, judged at one level."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.checkers.ambiguity import Solution, solve
from counterpoint.checkers.transactions.candidates import INITIAL
from counterpoint.checkers.transactions.levels import IsolationLevel, judge_level
from counterpoint.checkers.transactions.matching import MatchedTransactions, Place


@dataclass(slots=True)
class Ways:
    """Judges one way after the other.

    `blamed` are all transactions that made one fail, `order` is the order of commits of the last
    one, if it was right.
    """

    matched: MatchedTransactions
    level: IsolationLevel
    blamed: frozenset[int] = frozenset()
    order: Sequence[int] = ()

    def solve(self, tries_max: int) -> Solution[Place]:
        """Find sources that fit, the likeliest first."""
        return solve(self.likely_first(), self._conflict, tries_max=tries_max)

    def closed(self) -> frozenset[int]:
        """The blamed transactions, with every one that their ambiguous reads may have seen."""
        sources = {
            source
            for (index, _), possible in self.matched.choices.items()
            if index in self.blamed
            for source in possible
            if source != INITIAL
        }
        return self.blamed | sources

    def _conflict(self, sources: Mapping[Place, int]) -> Collection[Place] | None:
        """Return the ambiguous reads behind a violation under these sources, if there is one."""
        self.order, core = judge_level(self.matched.with_sources(sources), self.level)
        self.blamed |= core
        if not core:
            return None
        known = core | {INITIAL}
        return [place for place in sources if place[0] in core and sources[place] in known]

    def likely_first(self) -> dict[Place, tuple[int, ...]]:
        """The possible sources of each ambiguous read, reads by time, the likeliest source first."""
        choices = self.matched.choices
        in_order = sorted(choices, key=lambda place: (self._time(place[0]), place))
        return {place: self._likely(place) for place in in_order}

    def _likely(self, place: Place) -> tuple[int, ...]:
        """The latest before the reader first, what came later last."""
        here = self._time(place[0])

        def distance(source: int) -> tuple[bool, float]:
            at = self._time(source)
            return at > here, abs(here - at)

        return tuple(sorted(self.matched.choices[place], key=distance))

    def _time(self, index: int) -> float:
        """When a transaction was called, or how many of its session came before it."""
        if index == INITIAL:
            return -1.0
        called = self.matched.transactions[index].called
        if called < math.inf:
            return called
        return float(index - self.matched.starts[self.matched.session_of[index]])
