"""Tests of ours in a session with a profile or a budget: what failed first, what is new, in time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from counterpoint.harness.code_fingerprint import code_fingerprint
from counterpoint.harness.plugin.budget import SessionBudget
from counterpoint.harness.plugin.earlier_failures import kept_of, try_again
from counterpoint.harness.plugin.effort import SearchEffort, Shard
from counterpoint.harness.plugin.options import PluginSession
from counterpoint.harness.plugin.searched_runs import SearchedRuns
from counterpoint.harness.plugin.verification import Searched, Verification
from counterpoint.model.search.walks.strategy import DEFAULT
from counterpoint.model.values import digest_of


class BudgetSpent(Exception):
    """The time of the session is over, so that a test was not searched."""


class ProfiledSession:
    """What the tests of a session share, in one process."""

    def __init__(self, session: PluginSession, *, tests: int) -> None:
        self._session = session
        self._kept: Mapping[str, list[Path]] = kept_of(session.directory) if session.profile else {}
        self._searched = SearchedRuns(session.directory)
        self._searched.compact()
        self._codes: dict[int, str] = {}
        self._budget = None if session.budget_seconds is None else SessionBudget(
            session.budget_seconds, started=session.started, tests=tests, workers=session.workers
        )  # fmt: skip

    def has_failed(self, test: str) -> bool:
        """Tell whether an earlier session has kept a failure of this test."""
        return test in self._kept

    def check(
        self,
        verification: Verification,
        test: str,
        shard: Shard,
        efforts: tuple[SearchEffort, SearchEffort],
        module: str,
    ) -> Searched:
        """Search for a test, after the runs that failed and those that were made are seen to.

        Raises:
            BudgetSpent: there is no time left for it.
            PropertyBroken, ExaminedNothing, NothingBroke: as `Verification.check` does.
        """
        asked, defaults = efforts
        if self._budget is not None:
            asked = asked._replace(limit=self._budget.next_share())
            if asked.limit == 0:
                raise BudgetSpent(f"the session's {self._session.budget_seconds:g} s are over")
        if not self._session.profile or verification.expect:
            return verification.check(asked, defaults, shard)
        if shard[0] == 0:
            try_again(verification.scenario, self._kept.get(test, []))
        code = self._code(verification, module)
        seed = asked.over(verification.effort).over(defaults).seed or 0
        first = self._searched.next_of(test, seed, code)
        searched = verification.check(asked, defaults, (first + shard[0], shard[1]))
        self._searched.add(test, seed, code, first + searched.walks * shard[1])
        return searched

    def _code(self, verification: Verification, module: str) -> str:
        """Return the fingerprint of what is searched, by which strategy."""
        identity = id(verification)
        if identity not in self._codes:
            scenario = verification.scenario
            how = verification.effort.strategy or DEFAULT
            code = code_fingerprint(scenario, module)
            self._codes[identity] = digest_of([code, how, dict(sorted(scenario.origin.items()))])
        return self._codes[identity]
