"""What a search has judged: for each property, in how many runs it held, broke, or stayed undecided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from counterpoint.model.scenario import Scenario
from counterpoint.model.verdict import Outcome, Verdict


class Ruling(NamedTuple):
    """What a verdict comes to when it is counted: whose, which, and why if it is undecided."""

    property: str
    outcome: str
    why: str = ""


def ruling_of(verdict: Verdict) -> Ruling:
    """Return what is counted of a verdict; of its reason what comes before the first colon.

    One that a space follows: that of a place, "locks.py:12", ends no reason.

    >>> from counterpoint.model.verdict import undecided
    >>> ruling_of(undecided("p", "not at rest: c1's call was still to come")).why
    'not at rest'
    >>> ruling_of(undecided("p", "left out (locks.py:12, in p); let it return a bool")).why
    'left out (locks.py:12, in p); let it return a bool'
    """
    if verdict.outcome is Outcome.UNDECIDED:
        why = verdict.summary.partition(": ")[0] or "no reason was given"
        return Ruling(verdict.property, "undecided", why)
    return Ruling(verdict.property, verdict.outcome.value)


@dataclass(frozen=True, slots=True)
class Judged:
    """In how many runs a property held, broke, or stayed undecided, and why.

    Where not runs but states or histories were judged, `of` says so.
    """

    held: int = 0
    broken: int = 0
    undecided: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    of: str = ""

    @property
    def is_decided(self) -> bool:
        """Tell whether it was decided in any run."""
        return self.held + self.broken > 0

    @property
    def undecided_count(self) -> int:
        """How many runs left it undecided."""
        return sum(self.undecided.values())

    @property
    def reason(self) -> str:
        """The most frequent reason why it stayed undecided."""
        return max(self.undecided, key=lambda why: (self.undecided[why], why), default="")

    def plus(self, other: Judged) -> Judged:
        """Return the sum of two counts."""
        reasons = dict(Counter(self.undecided) + Counter(other.undecided))
        held, broken = self.held + other.held, self.broken + other.broken
        return Judged(held, broken, reasons, self.of or other.of)


GOAL = "goal"
"""What is judged of a goal: it was met, or no run came to it."""

Judgements = Mapping[str, Judged]
"""What was judged of each property, by its name."""


def asked_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of all that a scenario claims of its runs: invariants, then properties."""
    return (
        *(invariant.name for invariant in scenario.invariants),
        *(prop.name for prop in scenario.properties),
    )


def counted(rulings: Mapping[tuple[Ruling, ...], int], asked: Iterable[str] = ()) -> Judgements:
    """Return what was judged, given how often each list of rulings was handed down.

    Of each name in `asked` there is a count, if it is of nothing.
    """
    found: dict[str, Judged] = {name: Judged() for name in asked}
    for handed_down, times in rulings.items():
        for name, outcome, why in handed_down:
            found[name] = found.get(name, Judged()).plus(
                Judged(
                    held=times if outcome == "holds" else 0,
                    broken=times if outcome == "broken" else 0,
                    undecided={why: times} if outcome == "undecided" else {},
                )
            )
    return found


def together(one: Judgements, other: Judgements) -> Judgements:
    """Return the sum of what two searches have judged."""
    names = dict.fromkeys((*one, *other))
    return {name: one.get(name, Judged()).plus(other.get(name, Judged())) for name in names}


def why_undecided(judgements: Judgements, *, what: str = "runs") -> str | None:
    """Say why a search that found nothing has decided nothing, or not all; None if it has.

    >>> why_undecided({"liveness": Judged(undecided={"not at rest": 84})})
    'liveness was decided in none of 84 runs: not at rest'
    >>> why_undecided({})
    'nothing was asked: the scenario has no property and no invariant'
    """
    if not judgements:
        return "nothing was asked: the scenario has no property and no invariant"
    for name, judged in judgements.items():
        if not judged.is_decided:
            count = judged.undecided_count
            why = (
                f"decided in none of {count:,} {what}: {judged.reason}" if count else "never judged"
            )
            return f"{name} was {why}"
    return None


def judged_goals(scenario: Scenario, left: Collection[str], runs: int) -> Judgements:
    """Return what is known of the goals of a scenario after so many runs, of which some are `left`."""
    return {
        goal.name: Judged(undecided={"no run came to it": runs} if runs else {}, of=GOAL)
        if goal.name in left
        else Judged(held=1, of=GOAL)
        for goal in scenario.goals
    }


ONE_OF: Mapping[str, str] = MappingProxyType(
    {"states": "state", "histories": "history", "ends": "end"}
)
"""What one is called of what is judged."""


def judgement_lines(judgements: Judgements) -> Iterable[str]:
    """Return a line for each property: how often it held, broke, or stayed undecided, and why.

    >>> print(*judgement_lines({"liveness": Judged(held=3, undecided={"not at rest": 2})}))
      liveness: 3 held, 2 undecided (not at rest)
    """
    for name, judged in judgements.items():
        if judged.of == GOAL and judged.is_decided:
            yield f"  {name}: met"
            continue
        of = ONE_OF.get(judged.of, judged.of) if judged.held == 1 else judged.of
        parts = [f"{judged.held:,} {of} held".replace("  ", " ")]
        if judged.broken:
            parts.append(f"{judged.broken:,} broken")
        if judged.undecided:
            others = len(judged.undecided) - 1
            more = f", and {others} other reason{'s' if others > 1 else ''}" if others else ""
            parts.append(f"{judged.undecided_count:,} undecided ({judged.reason}{more})")
        yield f"  {name}: {', '.join(parts)}"


def judgement_forms(judgements: Judgements) -> dict[str, object]:
    """Return what a JSON result says of them."""
    return {
        name: {
            **({"of": judged.of} if judged.of else {}),
            "held": judged.held,
            "broken": judged.broken,
            "undecided": judged.undecided_count,
            "reasons": dict(judged.undecided),
        }
        for name, judged in judgements.items()
    }
