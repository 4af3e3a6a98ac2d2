"""What a search has found: a run that broke something, and what is left of it when it is minimised."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.model.actions import is_wrong
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action

FINDINGS_MAX = 20
"""So many failing runs are minimised, and the shortest result is kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A run that broke a property: its number, the property's name and the choices as they were.

    Its scenario has the calls of that run, where they were drawn.
    """

    run: int
    property: str
    choices: tuple[Action, ...]
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A minimised failing run with its verdicts, and what it was minimised from."""

    trace: Trace
    verdict: Verdict
    verdicts: tuple[Verdict, ...]
    finding: Finding
    is_fixpoint: bool
    tried: int

    @property
    def faults(self) -> int:
        """How many faults the minimised run needs."""
        return sum(map(is_wrong, self.trace.choices))
