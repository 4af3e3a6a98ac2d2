"""What a checker says of a trace or a history: the verdict, and the evidence for it."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class Outcome(Enum):
    """HOLDS and BROKEN are proofs; UNDECIDED says that there was too little to judge, or no time."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Edge:
    """One reason of an explanation: `before` comes before `after`, by `rule`, because `because`.

    `before` and `after` name operations or events as the reader sees them ("o1", "m3").
    """

    before: str
    after: str
    rule: str
    because: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one property.

    `summary` is one sentence with values; `because` at most a handful of lines, each with its step;
    `edges` the small cycle behind it; `culprits` the identities of the operations in the core, the
    deciding one last; `witness` the order of operation identities that explains a HOLDS;
    `examined` how many operations, events or states were judged. Nothing examined is UNDECIDED.
    """

    property: str
    outcome: Outcome
    examined: int
    summary: str = ""
    because: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    culprits: tuple[str, ...] = ()
    witness: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @builtins.property  # the field of that name hides the decorator
    def is_broken(self) -> bool:
        """Tell whether the property was shown not to hold."""
        return self.outcome is Outcome.BROKEN


def holds(name: str, *, examined: int, witness: tuple[str, ...] = (), summary: str = "") -> Verdict:
    """The verdict of a check that found nothing wrong; UNDECIDED when it examined nothing.

    >>> holds("liveness", examined=0).outcome
    <Outcome.UNDECIDED: 'undecided'>
    """
    if examined == 0:
        return undecided(name, "nothing was examined")
    return Verdict(name, Outcome.HOLDS, examined, summary=summary, witness=witness)


def broken(
    name: str,
    summary: str,
    *,
    examined: int,
    because: tuple[str, ...] = (),
    edges: tuple[Edge, ...] = (),
    culprits: tuple[str, ...] = (),
    details: Mapping[str, object] = MappingProxyType({}),
) -> Verdict:
    """The verdict of a check that found a violation, with its sentence and its evidence."""
    if not summary:
        raise ValueError(f"a violation of {name} must say what is wrong")
    return Verdict(
        name,
        Outcome.BROKEN,
        examined,
        summary=summary,
        because=because,
        edges=edges,
        culprits=culprits,
        details=details,
    )


def undecided(name: str, why: str, *, examined: int = 0) -> Verdict:
    """The verdict of a check that ran out of budget, or had nothing to judge."""
    return Verdict(name, Outcome.UNDECIDED, examined, summary=why)
