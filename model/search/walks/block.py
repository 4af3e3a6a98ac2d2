"""A block: some runs of a search, made anywhere, as whoever adds them up needs to know of them.

It names the runs that broke something and does not hold them: a run depends on the seed and on its
number alone, so whoever wants one makes it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from counterpoint.model.search.walks.coverage import Coverage
from counterpoint.model.search.walks.tally import Tally


@dataclass(frozen=True, slots=True)
class RunBlock:
    """What was counted in some runs, which of them broke which property, and which goals they met.

    `coverage` is what is new in it to the process that made it, where that was asked for.
    """

    tally: Tally
    findings: tuple[tuple[int, str], ...] = ()
    goals_met: tuple[str, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
