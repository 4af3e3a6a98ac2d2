"""What the answers to come say about the elements of a queue or a stack.

Where every element is put in once, the operation that took it out again is known beforehand, and
with it when the element can leave and when it must have left. A queue in which `x` stands before
`y` has no future if `y` must have left before `x` can; a stack in which `y` lies on `x` has none if
`x` must have left before `y` can. These are the forbidden patterns of Henzinger, Sezgin and
Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013, applied to states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from counterpoint.checkers.linearizability.plan import Plan
from counterpoint.checkers.objects.sequential import Prospect, hints_of


def informed(plan: Plan, is_due: Sequence[bool]) -> Plan:
    """The plan with a specification that foresees the answers, if it can."""
    foresee = hints_of(plan.table.specification).foresee
    if foresee is None:
        return plan
    answered = [plan.operations[index] for index in plan.index]
    names = {op.id for op in answered}
    prospect = Prospect(
        due=[op for op, due in zip(answered, is_due, strict=True) if due],
        optional=[op for op, due in zip(answered, is_due, strict=True) if not due],
        pending=[op for op in plan.operations if op.id not in names],
    )
    return replace(plan, table=plan.table.informed(foresee(prospect)))
