"""What a checker says of a trace or a history: the verdict, and the evidence for it."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from counterpoint.model.quick_init import quick_init

E = TypeVar("E")


class Outcome(Enum):
    """HOLDS and BROKEN are proofs; UNDECIDED says that there was too little to judge, or no time."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of an explanation, and the steps of the run that it is about."""

    text: str
    steps: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the sentence."""
        return self.text


def said(*parts: str | Reason) -> Reason:
    """Join the parts of a sentence: it is about the steps that its parts are about.

    >>> said("o1 returned (", at_step(3), ") before o2")
    Reason(text='o1 returned (step 3) before o2', steps=(3,))
    """
    steps = (step for part in parts if isinstance(part, Reason) for step in part.steps)
    return Reason("".join(map(str, parts)), tuple(steps))


def at_step(step: int) -> Reason:
    """Name a step; -1 is the start, which a report shows no row for.

    >>> at_step(3)
    Reason(text='step 3', steps=(3,))
    """
    return Reason(f"step {step}", (step,) if step >= 0 else ())


@dataclass(frozen=True, slots=True)
class Edge:
    """One link of an explanation: `before` comes before `after`, by `rule`, for a reason.

    `before` and `after` name operations or events as the reader sees them ("o1", "m3").
    """

    before: str
    after: str
    rule: str
    reason: Reason

    @property
    def because(self) -> str:
        """The sentence of its reason."""
        return self.reason.text


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong in one moment of a run: a sentence, and the nodes that it is about."""

    sentence: str
    nodes: tuple[str, ...] = ()


@quick_init
@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one property.

    `summary` is one sentence with values; `reasons` at most a handful, each with its steps; `edges`
    the small cycle behind it; `culprits` the identities of the operations in the core, the deciding
    one last; `witness` the order of operation identities that explains a HOLDS; `evidence` what
    else was found, as values of any dataclass; `examined` how many operations, events or states
    were judged. Nothing examined is UNDECIDED.
    """

    property: str
    outcome: Outcome
    examined: int
    summary: str = ""
    reasons: tuple[Reason, ...] = ()
    edges: tuple[Edge, ...] = ()
    culprits: tuple[str, ...] = ()
    witness: tuple[str, ...] = ()
    evidence: tuple[object, ...] = ()

    @builtins.property  # the field of that name hides the decorator
    def is_broken(self) -> bool:
        """Tell whether the property was shown not to hold."""
        return self.outcome is Outcome.BROKEN

    @builtins.property
    def because(self) -> tuple[str, ...]:
        """The sentences of the reasons."""
        return tuple(reason.text for reason in self.reasons)

    def find(self, kind: type[E]) -> E | None:
        """Return the first evidence of a kind, None without any.

        >>> Verdict("p", Outcome.BROKEN, 1, evidence=(Violation("n1 leads", ("n1",)),)).find(Violation)
        Violation(sentence='n1 leads', nodes=('n1',))
        """
        return next((one for one in self.evidence if isinstance(one, kind)), None)


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
    because: Iterable[str | Reason] = (),
    edges: tuple[Edge, ...] = (),
    culprits: tuple[str, ...] = (),
    evidence: tuple[object, ...] = (),
) -> Verdict:
    """The verdict of a check that found a violation, with its sentence and its evidence.

    A plain text in `because` is a reason about no step in particular.
    """
    if not summary:
        raise ValueError(f"a violation of {name} must say what is wrong")
    return Verdict(
        name,
        Outcome.BROKEN,
        examined,
        summary=summary,
        reasons=tuple(map(said, because)),
        edges=edges,
        culprits=culprits,
        evidence=evidence,
    )


def undecided(name: str, why: str, *, examined: int = 0) -> Verdict:
    """The verdict of a check that ran out of budget, or had nothing to judge."""
    return Verdict(name, Outcome.UNDECIDED, examined, summary=why)
