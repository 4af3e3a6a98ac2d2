"""What a test had searched when somebody pressed Ctrl-C, and what it had found by then."""

from __future__ import annotations

from counterpoint.harness.explanation.plain import count_of
from counterpoint.model.search.failure import PropertyBroken
from counterpoint.model.search.walks.tally import Progress


class SearchStopped(KeyboardInterrupt):
    """The interruption of a search, with what it had done, and what was broken by then, minimised."""

    def __init__(
        self, runs: int, completed: int, faults: int, found: PropertyBroken | None
    ) -> None:
        super().__init__("the search was interrupted")
        self.runs, self.completed, self.faults, self.found = runs, completed, faults, found

    @classmethod
    def at(cls, progress: Progress, found: PropertyBroken | None = None) -> SearchStopped:
        """Return the interruption of a search that had come so far."""
        faults = sum(progress.faults.values())
        return cls(progress.runs, progress.completed_calls, faults, found)

    def after(self, progress: Progress) -> SearchStopped:
        """Return the interruption where another search had been finished before."""
        earlier = SearchStopped.at(progress)
        return SearchStopped(
            self.runs + earlier.runs,
            self.completed + earlier.completed,
            self.faults + earlier.faults,
            self.found,
        )

    def told(self) -> str:
        """Say what was done.

        >>> SearchStopped(1200, 2400, 7, None).told()
        'interrupted after 1,200 runs, 2.0 calls completed a run, 7 faults: nothing was broken yet'
        """
        per_run = self.completed / max(self.runs, 1)
        faults = count_of(self.faults, "fault")
        counts = f"{self.runs:,} runs, {per_run:.1f} calls completed a run, {faults}"
        if self.found is None:
            return f"interrupted after {counts}: nothing was broken yet"
        verdict = self.found.verdict
        return f"interrupted after {counts}: {verdict.property} was broken: {verdict.summary}"
