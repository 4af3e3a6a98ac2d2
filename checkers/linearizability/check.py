"""Linearizability of any object that has a sequential specification.

    verdict = check_linearizability(history, CasRegister(initial=0))

The parts of a history that concern different keys are judged apart. For each part the cheapest
exact way is taken: where a register's writes carry different values, or come from one writer, a
scan decides; elsewhere the just-in-time search, with a budget that doubles in turn over the parts,
so that an easy violation is found before a hard part is finished.

What is assumed where an answer was not seen: an operation with status "fail" had no effect; one
with status "info", or without a return, may take effect at any time after its call, or never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace

from counterpoint.checkers.history import OPEN, History, Operation, by_key, inexact, well_formed
from counterpoint.checkers.judging import BrokenKeys, Prefix, deadline
from counterpoint.checkers.linearizability.explanation import Broken, Wording, broken_by_search
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.origins import unfounded_verdict
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.linearizability.quick import quick_verdict
from counterpoint.checkers.objects.p_compositionality import (
    DOUBTFUL,
    exactly,
    judged,
    one_order,
    unanswered,
    with_names,
)
from counterpoint.checkers.objects.sequential import Specification, searched
from counterpoint.checkers.objects.verify import real_time_fault, witness_fault
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Outcome, Verdict, holds, undecided

STEPS_MAX = 2_000_000
"""How many steps of search a check may take unless it is told otherwise; some seconds' worth."""

TURN_STEPS = 2_000
"""How many steps a part is searched before the next one has its turn, at first."""

CLOCK_STEPS = 5_000
"""How many steps may pass before the clock is looked at: some hundredths of a second."""

STEPS_AFTER_A_VIOLATION = 200_000
"""How many steps the other parts are still searched, to name all that are broken."""

NAMED_MAX = 20
"""How many keys a line names."""

Parts = Mapping[Hashable, History]


def check_linearizability(
    history: Sequence[Operation],
    specification: Specification,
    *,
    name: str = "linearizability",
    partition: Callable[[Sequence[Operation]], Parts] = by_key,
    timeout_seconds: float | None = None,
    clock: Callable[[], float] | None = None,
    steps_max: int = STEPS_MAX,
    explain: bool = True,
    in_short: bool = False,
    show: Callable[[Hashable], str] = repr,
) -> Verdict:
    """Judge whether the operations could have taken effect one at a time, each within its time.

    `partition` splits the history into objects that can be judged apart (`whole`: it is one
    object). HOLDS carries an order of the operations, failed and unanswered reads left out. BROKEN
    carries a core: operations that have no order. For a register whose writes differ these are at
    most six that say so by themselves; for other objects they cannot all be right even if any
    other operation might not have happened. The return that broke the history first is the one
    explained, by what was known then; `FirstBad` names it where it was found for sure, and
    `BrokenKeys` all keys that are broken. UNDECIDED when nothing was there to
    judge, after `steps_max` steps of search or as many configurations as may be kept, or after
    `timeout_seconds` by `clock` (`time.monotonic`, say: checkers have no clock of their own; it is
    looked at between short stretches of search, and linear passes are not interrupted);
    `Prefix` is then an order of what was explained. Without `explain`, a violation that
    the search found is reported bare, which takes a fraction of the time; `in_short` it has the same
    summary, and lacks the evidence that this does not name.

    Raises:
        MalformedHistory: what no clients can have produced, or two operations of one name.
        UnknownOperation: an operation that the specification does not describe.
    """
    ordered, specification = exactly(well_formed(history), specification)
    with_names(ordered)
    wording = Wording(name, show, deadline(timeout_seconds, clock), explain, in_short)
    parts, whole = partition(ordered), searched(specification, ordered)
    verdict = _Check(whole, wording, parts).verdict(steps_max)
    certain = getattr(specification, "certain", None)
    if certain is None or not verdict.is_broken:
        return verdict
    rest = {key: certain(part) for key, part in parts.items()}
    if rest == parts:
        return verdict
    surely = _Check(whole, wording, rest).verdict(steps_max)
    return surely if surely.is_broken else undecided(name, DOUBTFUL, examined=verdict.examined)


class _Check:
    """One check under way: the orders found so far, and the searches that have not ended.

    `_broken` are the parts without an order, each with how to explain it.
    """

    def __init__(self, specification: Specification, wording: Wording, parts: Parts) -> None:
        self._specification = specification
        self._wording = wording
        self._parts = parts
        self._judged = {key: judged(part, specification) for key, part in parts.items()}
        self._examined = sum(map(len, self._judged.values()))
        self._orders: dict[Hashable, tuple[str, ...]] = {}
        self._broken: dict[Hashable, Broken] = {}
        self._searches: dict[Hashable, JustInTime] = {}

    def verdict(self, steps_max: int) -> Verdict:
        """Try what is exact and cheap on every part, then search the others in turn."""
        if not self._examined:
            return undecided(self._wording.name, "nothing was examined")
        for key, part in self._parts.items():
            quick = quick_verdict(part, self._judged[key], self._specification, self._wording)
            if isinstance(quick, Broken):
                self._broken[key] = quick
            elif quick is not None:
                self._orders[key] = quick.witness
            elif found := self._unfounded(key):
                self._broken[key] = found
        gave_up = self._search(steps_max)
        if self._broken:
            return self._of_all()
        return gave_up or self._holds()

    def _unfounded(self, key: Hashable) -> Broken | None:
        return unfounded_verdict(self._judged[key], self._specification, self._wording)

    def _left(self) -> list[Hashable]:
        return [key for key in self._parts if key not in self._orders and key not in self._broken]

    def _search(self, steps_left: int) -> Verdict | None:
        """Search the parts that are left in turn, each time for longer, until all are decided.

        Once one is broken, the others are searched for no longer than it took, a turn at least.
        """
        budget = TURN_STEPS
        if self._broken:
            steps_left = min(steps_left, STEPS_AFTER_A_VIOLATION)
        while left := self._left():
            for key in left:
                search = self._search_of(key)
                steps_left -= self._run(search, min(budget, steps_left))
                if search.is_legal is False:
                    steps_left = min(steps_left, STEPS_AFTER_A_VIOLATION)
                    self._broken[key] = self._searched(search)
                elif search.is_legal:
                    self._orders[key] = self._order(key, search)
                elif steps_left <= 0:
                    return self._gave_up(key, search, "the steps allowed were used up")
                elif search.is_full:
                    return self._gave_up(key, search, "memory was used up")
                elif self._wording.is_over():
                    return self._gave_up(key, search, "time was over")
            budget *= 2
        return None

    def _searched(self, search: JustInTime) -> Broken:
        """How to explain a search without an order; it broke no earlier than it came."""
        plan = search.plan
        furthest = plan.operations[plan.index[min(search.deepest, plan.length - 1)]]
        return Broken.at(
            furthest.returned,
            lambda: broken_by_search(search, self._wording, examined=self._examined),
        )

    def _of_all(self) -> Verdict:
        """Explain the part that broke first, and name all others that are broken or undecided."""
        first = self._first_broken()
        verdict = self._of_part(first, self._broken[first].explain())
        if len(self._parts) == 1:
            return verdict
        show, left = self._wording.show, self._left()
        others = [key for key in self._broken if key != first]
        keys = BrokenKeys(tuple(map(inexact, (first, *others))), tuple(map(inexact, left)))
        summary = verdict.summary + _also("also broken", others, show)
        summary += _also("not decided", left, show)
        return replace(verdict, summary=summary, evidence=(*verdict.evidence, keys))

    def _first_broken(self) -> Hashable:
        """The part that broke first; the others are only asked whether they broke before it."""
        likely_first = sorted(self._broken, key=lambda key: self._broken[key].likely)
        first, earliest = likely_first[0], math.inf
        for key in likely_first:
            when = self._broken[key].when(earliest)
            if when < earliest:
                first, earliest = key, when
        return first

    def _search_of(self, key: Hashable) -> JustInTime:
        """The search of a part, prepared when it is first needed."""
        if key not in self._searches:
            plan = plan_of(self._judged[key], Table(self._specification))
            self._searches[key] = JustInTime(plan)
        return self._searches[key]

    def _run(self, search: JustInTime, steps: int) -> int:
        """Search on, looking at the clock now and then; returns the steps taken."""
        started = search.steps_taken
        while search.is_legal is None and search.steps_taken < started + steps:
            search.run(min(CLOCK_STEPS, started + steps - search.steps_taken))
            if search.is_full or self._wording.is_over():
                break
        return search.steps_taken - started

    def _order(self, key: Hashable, search: JustInTime) -> tuple[str, ...]:
        order = search.order()
        fault = witness_fault(self._judged[key], order, self._specification)
        if fault:
            raise OwnDefect(f"the order from the search is wrong: {fault}")
        return order

    def _holds(self) -> Verdict:
        operations = {op.id: op for part in self._judged.values() for op in part}
        order = one_order(self._orders.values(), operations)
        fault = real_time_fault(order, operations) if len(self._orders) > 1 else ""
        if fault:
            raise OwnDefect(f"the orders of the parts were merged wrongly: {fault}")
        still_open = {name for name, op in operations.items() if op.returned == OPEN}
        summary = unanswered([operations[name] for name in order if name in still_open])
        return holds(self._wording.name, examined=self._examined, witness=order, summary=summary)

    def _of_part(self, key: Hashable, verdict: Verdict) -> Verdict:
        """The verdict of a part as that of the whole; with several parts it names its key."""
        summary = verdict.summary
        if len(self._parts) > 1:
            summary = f"key {self._wording.show(key)}: {summary}"
        return replace(verdict, summary=summary, examined=self._examined)

    def _gave_up(self, key: Hashable, search: JustInTime, why: str) -> Verdict:
        prefix = search.order()
        name, operations = self._wording.name, len(self._judged[key])
        verdict = Verdict(
            name,
            Outcome.UNDECIDED,
            self._examined,
            summary=f"{why} after {search.steps_taken} steps of search; "
            f"{search.deepest} of {search.plan.length} answers have an order so far",
            evidence=(Prefix(prefix, operations),),
        )
        return self._of_part(key, verdict)


def _also(what: str, keys: Sequence[Hashable], show: Callable[[Hashable], str]) -> str:
    """Name keys in a clause, if there are any.

    >>> _also("also broken", ["x", "y"], str)
    '; also broken: x, y'
    """
    if not keys:
        return ""
    more = f" and {len(keys) - NAMED_MAX} more" if len(keys) > NAMED_MAX else ""
    return f"; {what}: {', '.join(map(show, keys[:NAMED_MAX]))}{more}"
