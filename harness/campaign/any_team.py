"""What a lead asks of those who work for it, wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from counterpoint.harness.campaign.assignment import Assignment, MinimisedRun, Minimising
from counterpoint.model.search.walks.block import RunBlock


class AnyTeam(Protocol):
    """Workers of one search."""

    def answers(
        self, given: Iterable[Assignment | Minimising], *, seconds: float | None = None
    ) -> Iterator[tuple[int, RunBlock | MinimisedRun]]:
        """Give out what is to be done, and return what comes back as it comes, with its index."""
        ...
