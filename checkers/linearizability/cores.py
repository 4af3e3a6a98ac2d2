"""Small reasons why a history has no legal order, for any specification.

A *core* is a set of operations that cannot all have happened as told, even if every other operation
is a *bystander*: it may have taken effect as told between its call and its return, or not at all.
The last of a core is the *deciding* operation, the first whose return left no order; in a core that
is *minimal* none can be made a bystander. What a core says is true of the whole
history, whatever the object.

Source of the search: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
IEEE Trans. Software Engineering 28(2), 2002; here the complement is weakened, not deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.judging import shrink
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Plan, Table, plan_of
from counterpoint.checkers.objects.p_compositionality import known_by

QUESTION_STEPS_MIN, QUESTION_STEPS_MAX = 4_000, 200_000
"""Between what bounds the steps lie that one question may take: twice those of the search."""

STEPS_AN_ANSWER = 4
"""... and at most so many for each answer: a question that is harder is not worth the wait."""

QUESTIONS = 10
"""How many questions that long an explanation may ask; most need far fewer steps."""

WINDOW = 16
"""How large a core may be without context, and how many answers are shrunk in one."""


class Effort:
    """How many steps explanations may still take, and whether they have had enough so far."""

    def __init__(self, *, question_max: int, steps_max: int, is_over: Callable[[], bool]) -> None:
        """Allow so many steps for a question, so many in all, until time is over."""
        self._question_max = question_max
        self._left = steps_max
        self._is_over = is_over
        self.sufficed = True

    @staticmethod
    def after(search: JustInTime, is_over: Callable[[], bool]) -> Effort:
        """The effort that goes with explaining what a search found."""
        enough = min(2 * search.steps_taken, STEPS_AN_ANSWER * search.plan.length)
        steps = min(max(enough, QUESTION_STEPS_MIN), QUESTION_STEPS_MAX)
        return Effort(question_max=steps, steps_max=QUESTIONS * steps, is_over=is_over)

    def share(self, parts: int) -> Effort:
        """Set aside a part of what is left, for a try that may fail."""
        part = self._left // parts
        self._left -= part
        return Effort(question_max=self._question_max, steps_max=part, is_over=self._is_over)

    def is_legal(self, plan: Plan, *, is_due: Sequence[bool] | None = None) -> bool | None:
        """Search, if there is effort left; None if nothing is found out."""
        result = None
        if self._left > 0 and not self._is_over():
            search = JustInTime(plan, is_due=is_due)
            result = search.run(min(self._left, self._question_max))
            self._left -= search.steps_taken
        self.sufficed = self.sufficed and result is not None
        return result


def first_bad_prefix(search: JustInTime, effort: Effort) -> Plan:
    """The shortest prefix of a history without an order that has none; its last return is wrong.

    Every prefix that the search got through has an order. But it knew more than was known then,
    and may have given up early, so longer prefixes are tried. If the effort did not suffice it is
    some prefix without an order.
    """
    plan = search.plan

    def is_broken(count: int) -> bool:
        return effort.is_legal(prefix(plan, count)) is False

    legal, broken, width = search.deepest, plan.length, 1
    while legal + width < broken:
        if is_broken(legal + width):
            broken = legal + width
        else:
            legal, width = legal + width, 2 * width
    while broken - legal > 1:
        middle = (legal + broken) // 2
        legal, broken = (legal, middle) if is_broken(middle) else (middle, broken)
    return prefix(plan, broken)


def prefix(plan: Plan, count: int) -> Plan:
    """What was known when `count` operations had returned: of the others not even the answers."""
    specification = plan.table.specification
    answered = [plan.operations[index] for index in plan.index[:count]]
    return plan_of(known_by(plan.operations, answered, specification), Table(specification))


def called_by(plan: Plan, last: Operation) -> Plan:
    """What was called before an operation returned, with all answers that there are."""
    operations = [op for op in plan.operations if op.called <= last.returned]
    return plan_of(operations, Table(plan.table.specification))


@dataclass(frozen=True, slots=True)
class Core:
    """Steps that have no order together, the last one the first bad one.

    `context` counts the steps, from the first on, whose answers are taken for granted: they belong
    to the core, but nobody tried to spare them one by one. `is_minimal` says that none of `steps`
    can be spared, by what was known then.
    """

    steps: tuple[int, ...]
    context: int
    is_minimal: bool


def smallest_core(plan: Plan, effort: Effort) -> Core:
    """Shrink the answers of a history whose last one is the first bad one to a core with it.

    First without any context. Where that stays large, or takes too much effort, only the latest
    `WINDOW` answers are shrunk, in the context of all before.
    """
    core = _shrunk(plan, effort.share(4))
    if core.is_minimal and len(core.steps) <= WINDOW:
        return core
    return _shrunk(plan, effort, context=max(0, plan.length - 1 - WINDOW))


def is_minimal(plan: Plan, names: Collection[str], effort: Effort) -> bool:
    """Tell whether no answer of a core can be spared, whatever the others told, then or later.

    `plan` is what was `called_by` the end of the core. False also where the effort did not suffice.
    """
    of_core = [plan.operations[index].id in names for index in plan.index]
    return all(
        effort.is_legal(plan, is_due=[due and step != spared for step, due in enumerate(of_core)])
        for spared, is_member in enumerate(of_core)
        if is_member
    )


def _shrunk(plan: Plan, effort: Effort, *, context: int = 0) -> Core:
    last = plan.length - 1

    def is_core(steps: Collection[int]) -> bool:
        is_due = [True] * context + [False] * (last - context) + [True]
        for step in steps:
            is_due[step] = True
        return effort.is_legal(plan, is_due=is_due) is False

    steps = _latest(context, last, is_core)
    steps = shrink(steps, len, _without, is_core, is_monotone=True)
    return Core((*steps, last), context, effort.sufficed)


IsCore = Callable[[Collection[int]], bool]


def _latest(context: int, last: int, is_core: IsCore) -> tuple[int, ...]:
    """Of the answers between the context and the last, so many of the latest that all are a core."""
    if is_core(()):
        return ()
    count = 1
    while count < last - context and not is_core(range(last - count, last)):
        count *= 2
    return tuple(range(max(context, last - count), last))


def _without(steps: tuple[int, ...], gone: range) -> tuple[int, ...]:
    return steps[: gone.start] + steps[gone.stop :]
