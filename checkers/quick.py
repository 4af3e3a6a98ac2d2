"""Histories of which the form alone allows an exact verdict in about linear time."""

from __future__ import annotations

from collections.abc import Sequence

from counterpoint.checkers.history import Operation
from counterpoint.checkers.register import check_register
from counterpoint.checkers.registers import CasRegister, Register
from counterpoint.checkers.searched import Wording
from counterpoint.checkers.sequential import Specification
from counterpoint.model.verdict import Outcome, Verdict


def quick_verdict(
    part: Sequence[Operation], specification: Specification, wording: Wording
) -> Verdict | None:
    """Judge one object's history if its form allows it: HOLDS or BROKEN, else None."""
    match specification:
        case Register(initial):
            verdict = check_register(part, initial=initial, name=wording.name, show=wording.show)
        case CasRegister(initial) if not any(op.f == "cas" for op in part):
            verdict = check_register(part, initial=initial, name=wording.name, show=wording.show)
        case _:
            return None
    return None if verdict.outcome is Outcome.UNDECIDED else verdict
