"""From a search that found no order to a verdict that a person can follow."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from counterpoint.checkers.evidence import CoreStanding, CouldHaveReturned, FirstBad
from counterpoint.checkers.exact import inexact
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.linearizability.core_words import CoreWords
from counterpoint.checkers.linearizability.cores import (
    Core,
    Effort,
    called_by,
    first_bad_prefix,
    is_minimal,
    smallest_core,
)
from counterpoint.checkers.linearizability.jit import JustInTime
from counterpoint.checkers.linearizability.plan import Plan, Table, plan_of
from counterpoint.checkers.objects.frontier import TooMuch
from counterpoint.checkers.objects.verify import weak_core_fault
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Verdict, broken

ANSWERS_MAX = 8
"""How many other answers are tried, to tell what would have been possible."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a verdict is called, how values are shown, when time is over, and how much is said."""

    name: str
    show: Callable[[Hashable], str]
    is_over: Callable[[], bool]
    explain: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """An object without an order: the rank of the first return that left none, and why it did."""

    when: float
    explain: Callable[[], Verdict]


def broken_by_search(
    search: JustInTime,
    wording: Wording,
    *,
    examined: int,
    whole: History | None = None,
    is_part: bool = False,
) -> Verdict:
    """Explain a search that ended without an order: a core, and what would have been possible.

    The core is re-checked by `weak_core_fault`, unless too much was pending at one time for that;
    `CoreStanding` tells "minimal and re-checked" or what is missing; where all earlier answers had
    to be taken for granted, it says so. `FirstBad` names the operation whose return no order
    allows, `CouldHaveReturned` what it might have said; both only if that was found out, and the
    search saw more than a part of what was known then. `whole` is the history of the object, where
    the search did not see it all.
    """
    if not wording.explain:
        summary = f"no order of the {len(search.plan.operations)} operations is legal"
        return broken(wording.name, summary, examined=examined)
    effort = Effort.after(search, wording.is_over)
    plan = first_bad_prefix(search, effort)
    is_first = effort.sufficed and not is_part
    possible = _possible_answers(plan, search, effort.share(4)) if is_first else ()
    found = smallest_core(plan, effort)
    core = [plan.operations[plan.index[step]] for step in found.steps]
    told = search.plan if whole is None else plan_of(whole, Table(plan.table.specification))
    evidence: tuple[object, ...] = (CoreStanding(_standing(found, core, told, effort)),)
    if is_first:
        answers = CouldHaveReturned(tuple(map(inexact, possible)))
        evidence = (*evidence, FirstBad(core[-1].id), answers)
    words = CoreWords(wording.show, possible, found.context)
    bystanders = len(plan.operations) - len(core) - found.context
    return broken(
        wording.name,
        words.summary(core),
        examined=examined,
        because=words.because(core, bystanders=bystanders),
        culprits=tuple(op.id for op in core),
        evidence=evidence,
    )


def _standing(found: Core, core: Sequence[Operation], whole: Plan, effort: Effort) -> str:
    """Re-check a core, by all that was ever told, and say what is known of it."""
    if found.context:
        return f"given the {found.context} answers before"
    plan, names = called_by(whole, core[-1]), [op.id for op in core]
    if not is_minimal(plan, names, effort):
        return "perhaps not minimal"
    matters = [
        op
        for op, class_ in zip(plan.operations, plan.class_of, strict=True)
        if op.id in names or not plan.table.is_read[class_]
    ]
    try:
        fault = weak_core_fault(matters, names, plan.table.specification)
    except TooMuch:
        return "minimal"
    if fault:
        raise OwnDefect(f"the search gave a wrong core {names}: {fault}")
    return "minimal and re-checked"


def _possible_answers(plan: Plan, search: JustInTime, effort: Effort) -> tuple[Hashable, ...]:
    """Which answers, of those that others got to the same, would have been right at the end."""
    bad = plan.operations[plan.index[-1]]
    nearest = sorted(search.plan.operations, key=lambda op: abs(op.called - bad.called))
    answers = {
        op.result: None
        for op in nearest
        if (op.f, op.argument) == (bad.f, bad.argument)
        and op.result is not UNKNOWN
        and op.result != bad.result
    }
    tried = islice(answers, ANSWERS_MAX)
    return tuple(answer for answer in tried if _would_do(plan, answer, effort))


def _would_do(plan: Plan, answer: Hashable, effort: Effort) -> bool:
    index = plan.index[-1]
    operations = list(plan.operations)
    operations[index] = replace(operations[index], result=answer)
    return effort.is_legal(plan_of(operations, plan.table)) is True
