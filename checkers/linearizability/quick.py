"""Histories of one object whose form alone allows an exact verdict in about linear time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.judging import FirstBad
from counterpoint.checkers.linearizability.blocks import Clash, order_chains
from counterpoint.checkers.linearizability.explanation import Broken, Wording, broken_by_search
from counterpoint.checkers.linearizability.growing import order_lists, order_sets
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.objects.containers import AppendList, Set
from counterpoint.checkers.objects.p_compositionality import answered_of, known_by
from counterpoint.checkers.objects.registers import CasRegister, Register
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.verify import witness_fault
from counterpoint.checkers.register.check import judge_exact_register
from counterpoint.checkers.register.single_writer import check_writes_in_turn
from counterpoint.checkers.register.zones import RegisterMonitor, first_fault
from counterpoint.model.mistakes import OwnDefect
from counterpoint.model.verdict import Outcome, Verdict, broken, holds

SEARCHED_MAX = 64
"""How many operations that have no order are searched for a smaller core, at most."""

SEARCH_STEPS_MAX = 100_000
"""How many steps that search may take."""


Quick = Verdict | Broken | None
"""HOLDS with its order, or why there is none, or None: the form does not tell."""


def quick_verdict(
    part: Sequence[Operation], judged: History, specification: Specification, wording: Wording
) -> Quick:
    """Judge one object's history if its form allows it.

    `part` is everything that was asked of the object, `judged` what its judgement depends on.
    """
    match specification:
        case Register(initial):
            return _Registers(specification, initial, wording).quick(part, judged)
        case CasRegister(initial) if not any(op.f == "cas" for op in part):
            return _Registers(specification, initial, wording).quick(part, judged)
        case CasRegister(initial):
            return _Blocks(specification, wording, lambda ops: order_chains(ops, initial)).quick(
                judged
            )
        case AppendList(()):
            return _Blocks(specification, wording, order_lists).quick(judged)
        case Set(initial):
            return _Blocks(specification, wording, lambda ops: order_sets(ops, initial)).quick(
                judged
            )
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Registers:
    """Registers without compare-and-set: by zones, or by versions where writes come in turn."""

    specification: Specification
    initial: Hashable
    wording: Wording

    def quick(self, part: Sequence[Operation], judged: History) -> Quick:
        """Judge a register if its writes differ, or do not overlap."""
        verdict = self._by_zones(part)
        if verdict.is_broken:
            return self._first_by_zones(part, judged)
        if verdict.outcome is Outcome.HOLDS:
            return verdict
        verdict = self._in_turn(part)
        if verdict.is_broken:
            answered, _ = until_first_bad(
                part, self.specification, lambda known: not self._in_turn(known).is_broken
            )
            first = answered[-1]
            known = known_by(part, answered, self.specification)
            return Broken(first.returned, lambda: _with_first_bad(self._in_turn(known), first))
        return verdict if verdict.outcome is Outcome.HOLDS else None

    def _by_zones(self, part: Sequence[Operation]) -> Verdict:
        name, show = self.wording.name, self.wording.show
        return judge_exact_register(part, initial=self.initial, name=name, show=show)

    def _in_turn(self, part: Sequence[Operation]) -> Verdict:
        name, show = self.wording.name, self.wording.show
        return check_writes_in_turn(part, initial=self.initial, name=name, show=show)

    def _first_by_zones(self, part: Sequence[Operation], judged: History) -> Broken:
        """The first return that is wrong, explained by what was known then."""
        found = first_fault(judged, RegisterMonitor(self.initial))
        if found is None:
            raise OwnDefect("the monitor does not see what the zones show")
        first = found[0]

        def explain() -> Verdict:
            answered = [op for op in answered_of(part) if op.returned <= first.returned]
            known = known_by(part, answered, self.specification)
            later = [op for op in judged if op.f == "write" and op.called > first.returned]
            written = next((op for op in later if op.argument == first.result), None)
            if first.f == "read" and written is not None:  # nobody had begun to write it
                known = (first, written)
            return _with_first_bad(self._by_zones(known), first)

        return Broken(first.returned, explain)


def _with_first_bad(verdict: Verdict, first: Operation) -> Verdict:
    if not verdict.is_broken:
        raise OwnDefect(f"{first.id} is said to be wrong, but what was known then is right")
    others = tuple(one for one in verdict.evidence if not isinstance(one, FirstBad))
    if first.id not in verdict.culprits:  # what returned at the same instant is wrong by itself
        return replace(verdict, evidence=others)
    return replace(verdict, evidence=(*others, FirstBad(first.id)))


def until_first_bad(
    operations: Sequence[Operation],
    specification: Specification,
    is_legal: Callable[[History], bool | None],
) -> tuple[list[Operation], bool]:
    """Return the answers up to the first that broke a history, and whether that is sure.

    The history is broken; what was known at a time is legal if all that was known later is, so
    halving finds it. It is not sure where `is_legal` cannot tell of what was known just before.
    """
    answered = answered_of(operations)
    legal, bad, is_sure = 0, len(answered), True
    while bad - legal > 1:
        middle = (legal + bad) // 2
        found = is_legal(known_by(operations, answered[:middle], specification))
        if found is False:
            bad = middle
        else:
            legal, is_sure = middle, found is True
    return answered[:bad], is_sure


Ordering = tuple[Operation, ...] | Clash | None


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Objects whose answers fix the order of blocks of operations."""

    specification: Specification
    wording: Wording
    order: Callable[[History], Ordering]

    def quick(self, judged: History) -> Quick:
        """Judge an object if its blocks tell."""
        match self.order(judged):
            case None:
                return None
            case Clash():
                return self._broken(judged)
            case order:
                witness = tuple(op.id for op in order)
                fault = witness_fault(judged, witness, self.specification)
                if fault:
                    raise OwnDefect(f"the order of the blocks is wrong: {fault}")
                return holds(self.wording.name, examined=len(judged), witness=witness)

    def _broken(self, judged: History) -> Broken:
        answered, is_sure = until_first_bad(judged, self.specification, self._is_legal)
        first = answered[-1]

        def explain() -> Verdict:
            known = known_by(judged, answered, self.specification)
            clash = self.order(known)
            assert isinstance(clash, Clash), f"what was known when {first.id} returned has an order"
            verdict = _explained(clash, self.specification, self.wording, judged)
            return _with_first_bad(verdict, first) if is_sure else verdict

        return Broken(first.returned, explain)

    def _is_legal(self, known: History) -> bool | None:
        order = self.order(known)
        return None if order is None else not isinstance(order, Clash)


def _explained(
    clash: Clash, specification: Specification, wording: Wording, judged: History
) -> Verdict:
    """Turn operations without an order into a verdict, with a core if they are few."""
    distinct = {op.id: op for op in clash.operations}
    operations = sorted(distinct.values(), key=lambda op: op.called)
    if len(operations) <= SEARCHED_MAX:
        search = JustInTime(plan_of(operations, Table(specification)))
        is_legal = search.run(SEARCH_STEPS_MAX)
        if is_legal is True:
            raise OwnDefect(f"the blocks found no order of {clash}, the search did")
        if is_legal is False:
            return broken_by_search(
                search, wording, examined=len(judged), whole=judged, is_part=True
            )
    return broken(
        wording.name,
        clash.reason,
        examined=len(judged),
        culprits=tuple(op.id for op in operations),
    )
