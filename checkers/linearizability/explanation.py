"""From a search that found no order to a verdict that a person can follow: a core, and its sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from counterpoint.checkers.history import UNKNOWN, History, Operation, inexact
from counterpoint.checkers.judging import CoreStanding, CouldHaveReturned, FirstBad
from counterpoint.checkers.linearizability.cores import (
    Core,
    Effort,
    called_by,
    first_bad_prefix,
    is_minimal,
    smallest_core,
)
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Plan, Table, plan_of
from counterpoint.checkers.links import at
from counterpoint.checkers.objects.locks import LockStory, Mutex, told_of_lock
from counterpoint.checkers.objects.sequential import is_determined
from counterpoint.checkers.objects.verify import TooMuch, weak_core_fault
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Reason, Verdict, broken, said

OBSERVING = frozenset({"read", "get", "contains", "dequeue", "pop", "get_tokens"})
"""Operations whose answer is what matters about them."""


@dataclass(frozen=True, slots=True)
class CoreWords:
    """How the operations of a core are put into words.

    `show` prints a value; `possible` are answers that the deciding operation could have got;
    `context` counts earlier operations whose answers are taken for granted.
    """

    show: Callable[[Hashable], str]
    possible: Sequence[Hashable] = ()
    context: int = 0

    def summary(self, core: Sequence[Operation]) -> str:
        """The violation in one sentence; the deciding operation is the last of the core."""
        *others, deciding = core
        told = self.deed(deciding)
        match others:
            case [] if self.possible:
                return f"{told} where {self._possible()} was possible"
            case [] if self.context:
                return f"{told}, which the earlier answers rule out"
            case []:
                return f"{told}, which nothing before it can have led to"
            case [other] if other.precedes(deciding):
                return f"{told} {self._although(other, deciding)}"
            case [other]:
                return f"{told} while {self.deed(other)}, and neither can come first"
            case _ if len(others) <= 4:
                return f"{told}, which has no place in any order with {self._list(others)}"
            case _:
                return f"{told}, which no order of the {len(others)} operations before it allows"

    def because(self, core: Sequence[Operation], *, bystanders: int) -> tuple[Reason, ...]:
        """At most four reasons: what was told when, and that nothing else helps."""
        *others, deciding = core
        lines = [self._told(op) for op in others]
        if len(lines) > 4:
            lines = [said(f"{len(lines)} operations, from ", lines[0], ", to ", lines[-1])]
        elif len(lines) > 2:
            lines = [lines[0], said(lines[1], *(said("; ", line) for line in lines[2:]))]
        instead = f", where {self._possible()} would have been possible" if self.possible else ""
        lines.append(said(self._told(deciding), instead))
        given = f"given the answers of the {self.context} before, and " if self.context else ""
        if bystanders or given:
            lines.append(
                said(
                    f"{given}whether the other {bystanders} operations took effect or not, "
                    "no order within their times makes all of this true"
                )
            )
        return tuple(lines)

    def deed(self, op: Operation) -> str:
        """What a client was told.

        >>> read = Operation("o1", "c2", "read", "x", None, 5, 0, 1)
        >>> CoreWords(repr).deed(read)
        'c2 read 5'
        """
        match op.f, op.result:
            case (("read" | "get"), answer):
                return f"{op.client} read {self.show(answer)}"
            case _, True:
                return f"{self.call(op)} by {op.client} succeeded"
            case _, False:
                return f"{self.call(op)} by {op.client} failed"
            case f, answer if f in OBSERVING or (answer is not None and answer is not UNKNOWN):
                return f"{self.call(op)} by {op.client} returned {self.show(answer)}"
            case _:
                return f"{self.call(op)} by {op.client} completed"

    def call(self, op: Operation) -> str:
        """An operation as it was asked.

        >>> CoreWords(repr).call(Operation("o1", "c2", "cas", "x", (1, 2), True, 0, 1))
        'cas(1, 2)'
        """
        match op.argument:
            case None:
                return f"{op.f}()"
            case tuple() as several:
                return f"{op.f}({', '.join(map(self.show, several))})"
            case one:
                return f"{op.f}({self.show(one)})"

    def _although(self, other: Operation, deciding: Operation) -> str:
        who = "it" if other.client == deciding.client else other.client
        match other.f, other.result:
            case (("read" | "get"), answer):
                return f"after {who} had already read {self.show(answer)}"
            case _, True:
                return f"although {self.call(other)} by {other.client} had succeeded"
            case _, False:
                return f"although {self.call(other)} by {other.client} had failed"
            case f, answer if f in OBSERVING or (answer is not None and answer is not UNKNOWN):
                return f"after {self.call(other)} by {who} had returned {self.show(answer)}"
            case _:
                return f"although {self.call(other)} by {other.client} had completed"

    def _told(self, op: Operation) -> Reason:
        called = said("called", at(op.call_step), ", ") if op.call_step >= 0 else said()
        return said(f"{op.id}: ", called, self.deed(op), at(op.return_step))

    def _possible(self) -> str:
        return " or ".join(map(self.show, self.possible))

    def _list(self, operations: Sequence[Operation]) -> str:
        """Name a few operations with what was told.

        >>> CoreWords(repr)._list([Operation("o1", "c2", "read", "x", None, 5, 0, 1)])
        'o1 (c2 read 5)'
        """
        return ", ".join(f"{op.id} ({self.deed(op)})" for op in operations)


ANSWERS_MAX = 8
"""How many other answers are tried, to tell what would have been possible."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a verdict is called, how values are shown, when time is over, and how much is said.

    `in_short` leaves out what the summary of a violation does not say.
    """

    name: str
    show: Callable[[Hashable], str]
    is_over: Callable[[], bool]
    explain: bool = True
    in_short: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """An object without an order: the rank of the first return that left none, and why it did.

    `likely` is a guess at the rank; `when` is asked for the one that is before another rank, and
    answers with infinity if there is none.
    """

    likely: float
    when: Callable[[float], float]
    explain: Callable[[], Verdict]

    @staticmethod
    def at(when: float, explain: Callable[[], Verdict]) -> Broken:
        """What is known to have broken at a return."""
        return Broken(when, lambda before: when if when < before else math.inf, explain)


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
    the search did not see it all. In short, the core is not re-checked, no standing is told, and
    other answers only where the summary names them.
    """
    if not wording.explain:
        summary = f"no order of the {len(search.plan.operations)} operations is legal"
        return broken(wording.name, summary, examined=examined)
    effort = Effort.after(search, wording.is_over)
    plan = first_bad_prefix(search, effort)
    is_first = effort.sufficed and not is_part and _is_followed(plan, search.plan)
    for_answers = effort.share(4) if is_first else None
    found = smallest_core(plan, effort)
    core = [plan.operations[plan.index[step]] for step in found.steps]
    possible: tuple[Hashable, ...] = ()
    evidence: tuple[object, ...] = ()
    if not wording.in_short:
        told = search.plan if whole is None else plan_of(whole, Table(plan.table.specification))
        evidence = (CoreStanding(_standing(found, core, told, effort)),)
    if for_answers is not None:
        evidence = (*evidence, FirstBad(core[-1].id))
    if for_answers is not None and (len(core) == 1 or not wording.in_short):
        possible = _possible_answers(plan, search, for_answers)
        evidence = (*evidence, CouldHaveReturned(tuple(map(inexact, possible))))
    words = CoreWords(wording.show, possible, found.context)
    bystanders = len(plan.operations) - len(core) - found.context
    lock = _lock_story(plan, core[-1])
    return broken(
        wording.name,
        lock.summary if lock else words.summary(core),
        examined=examined,
        because=lock.reasons if lock else words.because(core, bystanders=bystanders),
        culprits=tuple(op.id for op in core),
        evidence=evidence,
    )


def _is_followed(plan: Plan, whole: Plan) -> bool:
    """Tell whether it was known at the end of a plan what each call had done, whatever it said later.

    It was not where an object may answer in several ways, and another call was under way.
    """
    if is_determined(plan.table.specification):
        return True
    last = plan.operations[plan.index[-1]]
    others = (op for op in whole.operations if op.id != last.id)
    return not any(op.called <= last.returned <= op.returned for op in others)


def _lock_story(plan: Plan, deciding: Operation) -> LockStory | None:
    """Return what is wrong in the words of a lock, where the object is one that nobody has at first."""
    return told_of_lock(plan.operations, deciding) if plan.table.specification == Mutex() else None


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
