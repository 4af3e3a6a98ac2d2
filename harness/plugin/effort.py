"""How hard a test searches: what it says itself, what the options say, what holds otherwise."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

SearchStrategy: TypeAlias = Literal["mixed", "uniform", "swarm", "pct", "pos", "hypothesis"]
"""How walks choose: see `counterpoint.model.search.walks.strategy`."""

Shard: TypeAlias = tuple[int, int]
"""(i, n): of the walks of a seed those numbered i, i + n, i + 2n ... are made."""


# A named tuple, because a data class takes a millisecond to make, in every repository that has
# the plugin, whether it is used there or not.
class SearchEffort(NamedTuple):
    """How hard to search. What is None is left to others.

    `runs` and `seconds` bound the walks, whichever is over first; `examples` are the runs of the
    state machine, 0 for none. `limit` bounds all of it together, in seconds: what is left to do then is
    left out.
    """

    runs: int | None = None
    seconds: float | None = None
    strategy: SearchStrategy | None = None
    seed: int | None = None
    examples: int | None = None
    limit: float | None = None

    def over(self, other: SearchEffort) -> SearchEffort:
        """Return this effort, completed by another where it leaves something open.

        >>> SearchEffort(runs=5).over(SearchEffort(runs=9, seed=1))
        SearchEffort(runs=5, seconds=None, strategy=None, seed=1, examples=None, limit=None)
        """
        return SearchEffort(
            other.runs if self.runs is None else self.runs,
            other.seconds if self.seconds is None else self.seconds,
            other.strategy if self.strategy is None else self.strategy,
            other.seed if self.seed is None else self.seed,
            other.examples if self.examples is None else self.examples,
            other.limit if self.limit is None else self.limit,
        )

    def within(self, defaults: SearchEffort) -> SearchEffort:
        """Return this effort, completed by defaults, which bound it only if nothing else does.

        >>> SearchEffort(seconds=60).within(SearchEffort(runs=9, seconds=1, seed=1))
        SearchEffort(runs=None, seconds=60, strategy=None, seed=1, examples=None, limit=None)
        """
        if self.runs is None and self.seconds is None:
            return self.over(defaults)
        return self.over(defaults._replace(runs=None, seconds=None))


DEFAULTS = SearchEffort(runs=2_000, seconds=10.0, strategy="mixed", seed=0)
"""What holds where nothing else is said."""

UNSAID = SearchEffort()
"""An effort that leaves everything to others."""
