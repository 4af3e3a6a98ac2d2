"""Histories of one object whose form alone allows an exact verdict in about linear time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from types import MappingProxyType

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.linearizability.blocks import Clash
from counterpoint.checkers.linearizability.chains import order_chains
from counterpoint.checkers.linearizability.jit import JustInTime
from counterpoint.checkers.linearizability.lists import order_lists
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.linearizability.searched import Wording, broken_by_search
from counterpoint.checkers.objects.containers import AppendList
from counterpoint.checkers.objects.registers import CasRegister, Register
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.verify import witness_fault
from counterpoint.checkers.register.check import judge_exact_register
from counterpoint.checkers.register.monitor import RegisterMonitor, first_fault
from counterpoint.checkers.register.single_writer import check_writes_in_turn
from counterpoint.model.verdict import Outcome, Verdict, broken, holds

SEARCHED_MAX = 64
"""How many operations that have no order are searched for a smaller core, at most."""

SEARCH_STEPS_MAX = 100_000
"""How many steps that search may take."""


def quick_verdict(
    part: Sequence[Operation], judged: History, specification: Specification, wording: Wording
) -> Verdict | None:
    """Judge one object's history if its form allows it: HOLDS or BROKEN, else None.

    `part` is everything that was asked of the object, `judged` what its judgement depends on.
    """
    match specification:
        case Register(initial):
            return _register(part, judged, initial, wording)
        case CasRegister(initial) if not any(op.f == "cas" for op in part):
            return _register(part, judged, initial, wording)
        case CasRegister(initial):
            found = order_chains(judged, initial)
        case AppendList(()):
            found = order_lists(judged)
        case _:
            return None
    match found:
        case None:
            return None
        case Clash():
            return _explained(found, specification, wording, examined=len(judged))
        case order:
            witness = tuple(op.id for op in order)
            fault = witness_fault(judged, witness, specification)
            assert not fault, f"the order of the blocks is wrong: {fault}"
            return holds(wording.name, examined=len(judged), witness=witness)


def _register(
    part: Sequence[Operation], judged: History, initial: Hashable, wording: Wording
) -> Verdict | None:
    verdict = judge_exact_register(part, initial=initial, name=wording.name, show=wording.show)
    if verdict.is_broken:
        return _with_first_bad(verdict, judged, initial)
    if verdict.outcome is Outcome.UNDECIDED:
        verdict = check_writes_in_turn(part, initial=initial, name=wording.name, show=wording.show)
    return None if verdict.outcome is Outcome.UNDECIDED else verdict


def _with_first_bad(verdict: Verdict, judged: History, initial: Hashable) -> Verdict:
    """Add whose return broke the history first; no later than that of the deciding operation."""
    deciding = next(op for op in judged if op.id == verdict.culprits[-1])
    until = [op for op in judged if op.called <= deciding.returned]
    found = first_fault(until, RegisterMonitor(initial))
    assert found is not None, f"the monitor does not see what {verdict.culprits} show"
    return replace(verdict, details=MappingProxyType({"first_bad": found[0].id}))


def _explained(
    clash: Clash, specification: Specification, wording: Wording, *, examined: int
) -> Verdict:
    """Turn operations without an order into a verdict, with a core if they are few."""
    distinct = {op.id: op for op in clash.operations}
    operations = sorted(distinct.values(), key=lambda op: op.called)
    if len(operations) <= SEARCHED_MAX:
        search = JustInTime(plan_of(operations, Table(specification)))
        is_legal = search.run(SEARCH_STEPS_MAX)
        assert is_legal is not True, f"the blocks found no order of {clash}, the search did"
        if is_legal is False:
            return broken_by_search(search, wording, examined=examined, is_whole=False)
    return broken(
        wording.name,
        clash.reason,
        examined=examined,
        culprits=tuple(op.id for op in operations),
    )
