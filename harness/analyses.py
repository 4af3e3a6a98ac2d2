"""What re-running a failing trace tells: what had to happen, and when the failure was certain."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.harness.story import Span


@dataclass(frozen=True, slots=True)
class Need:
    """One choice of the run, left out or replaced: `passed` of `tried` other runs pass."""

    step: int
    tried: int
    passed: int

    @property
    def mark(self) -> str:
        """How a row shows it: needed, weakly needed, or not."""
        if self.tried == 0 or self.passed == 0:
            return " "
        return "◆" if self.passed == self.tried else "◇"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The passing run with the fewest choices changed: what was changed, and what it answered."""

    change: str
    steps: tuple[int, ...]
    first_difference: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """Who held a value: `holders` with the step each has held it since; `never` did not get it."""

    what: str
    holders: tuple[tuple[str, int], ...]
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Analyses:
    """Everything that re-running told, within its budget.

    `chances[k]` estimates how likely a random continuation fails after step k, from `samples` runs
    each. `unfinished` names the analyses that the budget cut short.
    """

    needs: tuple[Need, ...] = ()
    chances: tuple[float, ...] = ()
    samples: int = 0
    nearest: Nearest | None = None
    trail: Trail | None = None
    fault_free: str = ""
    unfinished: tuple[str, ...] = ()
