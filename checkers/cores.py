"""Small reasons why a history has no legal order, for any specification.

A *core* is a set of operations that cannot all have happened as told, even if every other operation
is a *bystander*: it may have taken effect between its call and its return, or not at all, and its
answer is ignored. In a core that is *minimal* none can be made a bystander. What a core says is
therefore true of the whole history, whatever the object.

Source of the search: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
IEEE Trans. Software Engineering 28(2), 2002; here the complement is weakened, not deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from counterpoint.checkers.jit import JustInTime
from counterpoint.checkers.plan import Plan

QUESTION_STEPS_MAX = 20_000
"""How many steps one question may take while a core is being shrunk."""


class Effort:
    """How many steps explanations may still take, and whether they have had enough so far."""

    def __init__(self, steps_max: int, is_over: Callable[[], bool]) -> None:
        """Allow so many steps in all, until time is over."""
        self._left = steps_max
        self._is_over = is_over
        self.sufficed = True

    def is_legal(
        self, plan: Plan, *, length: int, is_due: Sequence[bool] | None = None
    ) -> bool | None:
        """Search, if there is effort left; None if nothing is found out."""
        result = None
        if self._left > 0 and not self._is_over():
            search = JustInTime(plan, length=length, is_due=is_due)
            result = search.run(min(self._left, QUESTION_STEPS_MAX))
            self._left -= search.steps_taken
        self.sufficed = self.sufficed and result is not None
        return result


def first_bad_step(plan: Plan, search: JustInTime, effort: Effort) -> int:
    """The first step whose answer no order of the operations so far allows.

    Without looking ahead that is where the search that found no order gave up; with it the search
    may have given up earlier, so prefixes are tried by bisection.
    """
    if not search.looks_ahead:
        return search.deepest
    legal, broken = 0, plan.length
    while broken - legal > 1:
        middle = (legal + broken) // 2
        if effort.is_legal(plan, length=middle) is False:
            broken = middle
        else:
            legal = middle
    return broken - 1


def smallest_steps(plan: Plan, last: int, effort: Effort) -> tuple[int, ...]:
    """Shrink the answers up to the step `last`, the first bad one, to a core that ends with it.

    It is minimal if the effort sufficed; an operation is kept where nothing was found out.
    """

    def is_core(steps: Collection[int]) -> bool:
        is_due = [False] * last + [True]
        for step in steps:
            is_due[step] = True
        return effort.is_legal(plan, length=last + 1, is_due=is_due) is False

    steps = _latest(last, is_core)
    width = max(1, len(steps) // 2)
    while width >= 1:
        steps = _drop_chunks(steps, width, is_core)
        width //= 2
    return (*steps, last)


IsCore = Callable[[Collection[int]], bool]


def _latest(last: int, is_core: IsCore) -> tuple[int, ...]:
    """Of the answers before the last one, so many of the latest that all are a core."""
    if is_core(()):
        return ()
    count = 1
    while count < last and not is_core(range(last - count, last)):
        count *= 2
    return tuple(range(max(0, last - count), last))


def _drop_chunks(steps: tuple[int, ...], width: int, is_core: IsCore) -> tuple[int, ...]:
    """Drop chunk after chunk, the earliest first, as long as a core remains."""
    at = 0
    while at < len(steps):
        fewer = steps[:at] + steps[at + width :]
        if is_core(fewer):
            steps = fewer
        else:
            at += width
    return steps
