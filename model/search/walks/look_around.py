"""Looking around a short failing run for a shorter one, where that can lead on.

Most runs near it fail by the same calls and faults in another order, and leaving out leads them back to
where it was. So of each kind of failing run, told by its calls, timers and faults, one alone is
minimised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from time import monotonic

from counterpoint.model.normal import Deliver
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimised, Minimiser, size_of
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.nearby import nearby
from counterpoint.model.world import Action

TRIES = 1_000
"""So many runs near one are tried; most take less than a millisecond."""

TRIES_IN_VAIN = 300
"""After so many in a row that fail in no new way there is nothing more to be expected."""

KINDS_MAX = 20
"""Of so many kinds one run is minimised; each takes some 50 milliseconds."""

Ingredients = tuple[str, ...]
"""What is done in a run besides arrivals: its calls, timers and faults, whatever their order."""


class LookAround:
    """Looks for runs that break one property near one that does."""

    def __init__(
        self, compiled: Compiled, examiner: Examiner, name: str, deadline: float = float("inf")
    ) -> None:
        self._compiled = compiled
        self._examiner = examiner
        self._minimiser = Minimiser(compiled, examiner)
        self._name = name
        self._deadline = deadline
        self._near: Choices = ()

    def shorter(self, best: Minimised, random: Random) -> Minimised | None:
        """Return what runs near the shortest lead to, None if that is no shorter."""
        self._near = best.choices
        shorter, known, in_vain = None, {ingredients_of(best.choices)}, 0
        for run in self._failing(random):
            in_vain += 1
            if in_vain > TRIES_IN_VAIN or len(known) > KINDS_MAX:
                break
            if run is None or ingredients_of(run) in known:
                continue
            in_vain = 0
            known.add(ingredients_of(run))
            left = max(self._deadline - monotonic(), 0.0)
            result = self._minimiser.minimise(run, self._name, left)
            known.add(ingredients_of(result.choices))
            if size_of(result.choices) < size_of(self._near):
                shorter, self._near = result, result.choices
        return shorter

    def _failing(self, random: Random) -> Iterator[Choices | None]:
        """Yield for each run near the shortest how it breaks the property, None if it does not."""
        for _ in range(TRIES):
            if monotonic() > self._deadline:
                return
            walked = nearby(self._compiled, self._near, random)
            is_broken = self._examiner.is_broken(walked.run, self._name, walked.failure)
            choices = tuple(walked.run.choices)
            yield self._minimiser.broken(choices, self._name) if is_broken else None


def ingredients_of(choices: Sequence[Action]) -> Ingredients:
    """Return what tells the kind of a failing run.

    >>> from counterpoint.model.actions import Call
    >>> ingredients_of([Call("b", 1), Deliver("a", "b", "x"), Call("a", 2)])
    ("Call(client='a', operation=2)", "Call(client='b', operation=1)")
    """
    return tuple(sorted(repr(choice) for choice in choices if not isinstance(choice, Deliver)))
