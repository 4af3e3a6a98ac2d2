"""Detours: a failing run with one step more somewhere, after which others may be left out.

Leaving out ends at a run that needs each of its steps. With another one first it may need fewer: a
message that arrives before the faults stop makes no round afterwards, a lost vote makes no second
election. So before each step everything else that is possible there is tried, the rest follows as far
as it fits, and each single step after it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import monotonic

from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimiser
from counterpoint.model.search.options import options_of, parts
from counterpoint.model.world import Action


class Detours:
    """Shorter failing runs than one, each by one step that the run found has not."""

    def __init__(
        self, compiled: Compiled, minimiser: Minimiser, name: str, deadline: float = float("inf")
    ) -> None:
        self._compiled, self._minimiser, self._name = compiled, minimiser, name
        self._deadline = deadline

    def shorter(self, choices: Choices) -> Choices | None:
        """Return a shorter run that breaks the property, None if one step more leads to none."""
        known: set[Choices] = set()
        for detour in detours(self._compiled, choices):
            if monotonic() > self._deadline:
                return None
            for run in self._failing(detour, len(choices)):
                if len(run) < len(choices):
                    return run
                if run not in known:
                    known.add(run)
                    shorter = self._without_one(run, len(choices) - 1)
                    if shorter is not None:
                        return shorter
        return None

    def _failing(self, detour: Choices, length: int) -> Iterator[Choices]:
        for takes_newest in (False, True):
            run = self._minimiser.broken(
                detour, self._name, length_max=length + 3, takes_newest=takes_newest
            )
            if run is not None:
                yield run

    def _without_one(self, run: Choices, length_max: int) -> Choices | None:
        for at in range(len(run)):
            left = run[:at] + run[at + 1 :]
            shorter = self._minimiser.broken(left, self._name, length_max=length_max)
            if shorter is not None and len(shorter) <= length_max:
                return shorter
        return None


def detours(compiled: Compiled, choices: Sequence[Action]) -> Iterator[Choices]:
    """Yield the run with each other possible step before each of its own, the last place first.

    After the faults have stopped, what comes is no choice.
    """
    beginning, _ = parts(choices)
    kinds = {type(choice) for choice in beginning}
    for at in range(len(beginning), -1, -1):
        run = Simulation(compiled)
        for choice in choices[:at]:
            run.attempt(choice)
        for step in options_of(run, kinds):
            if at == len(choices) or step != choices[at]:
                yield (*choices[:at], step, *choices[at:])
