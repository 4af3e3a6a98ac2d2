"""Histories of one object whose form alone allows an exact verdict in about linear time.

A set that only grows and is read as a whole, no element added twice: one phase for each read set.

What was read must be a chain of ever larger sets. Each of them is a phase: the additions that make
it, then the reads that show it; additions that nobody saw come last. Among the additions of one
phase the order is free, and so it is among the reads. So a history has a legal order exactly when
real time agrees with that of the phases.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.judging import FirstBad
from counterpoint.checkers.linearizability.blocks import Clash, order_chains
from counterpoint.checkers.linearizability.explanation import Broken, Wording, broken_by_search
from counterpoint.checkers.linearizability.growing import order_lists, order_texts
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.objects.containers import AppendList, Set, Text
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
        case Text(""):
            return _Blocks(specification, wording, order_texts).quick(judged)
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
            return self._first_in_turn(part)
        return verdict if verdict.outcome is Outcome.HOLDS else None

    def _by_zones(self, part: Sequence[Operation]) -> Verdict:
        name, show = self.wording.name, self.wording.show
        return judge_exact_register(part, initial=self.initial, name=name, show=show)

    def _in_turn(self, part: Sequence[Operation]) -> Verdict:
        name, show = self.wording.name, self.wording.show
        return check_writes_in_turn(part, initial=self.initial, name=name, show=show)

    def _first_in_turn(self, part: Sequence[Operation]) -> Broken:
        """The same, of writes that do not overlap."""

        def broken_by(known: History) -> float:
            last = max(op.returned for op in known if not op.is_open)
            return last if self._in_turn(known).is_broken else math.inf

        halving = Halving(part, self.specification, broken_by)
        first, known, _ = halving.first()
        return Broken.at(first.returned, lambda: _with_first_bad(self._in_turn(known), first))

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

        return Broken.at(first.returned, explain)


def _with_first_bad(verdict: Verdict, first: Operation) -> Verdict:
    if not verdict.is_broken:
        raise OwnDefect(f"{first.id} is said to be wrong, but what was known then is right")
    others = tuple(one for one in verdict.evidence if not isinstance(one, FirstBad))
    if first.id not in verdict.culprits:  # what returned at the same instant is wrong by itself
        return replace(verdict, evidence=others)
    return replace(verdict, evidence=(*others, FirstBad(first.id)))


class Halving:
    """Looks for the first answer that broke a history, by halving.

    What was known at a time is legal if all that was known later is. `broken_by` tells of what was
    known by which rank it may have been broken; infinity where it is legal, None where it cannot
    tell. That rank is asked about next: answers that came later may be why it was broken by then.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        specification: Specification,
        broken_by: Callable[[History], float | None],
        *,
        bound: float = math.inf,
    ) -> None:
        """Start with a broken history; `bound` is a rank by which it may have been broken."""
        self._operations = operations
        self._specification = specification
        self._broken_by = broken_by
        self._answered = answered_of(operations)
        self._returns = [op.returned for op in self._answered]
        self._legal, self._bad = 0, len(self._answered)
        self.is_sure = True
        self._likely = bisect_right(self._returns, bound)

    def when(self, before: float = math.inf) -> float:
        """The rank of the first bad answer, or infinity if that is not before another one."""
        self._ask(bisect_left(self._returns, before))
        if self._returns[self._legal] < before:
            self._ask(self._likely)
        while self._bad - self._legal > 1 and self._returns[self._legal] < before:
            self._ask((self._legal + self._bad) // 2)
        first = self._returns[self._legal]
        return first if first < before else math.inf

    def first(self) -> tuple[Operation, History, bool]:
        """The first bad answer, what was known then, and whether it is surely the first.

        It is not where `broken_by` cannot tell of what was known just before.
        """
        self.when()
        return self._answered[self._bad - 1], self._known(self._bad), self.is_sure

    def _known(self, count: int) -> History:
        return known_by(self._operations, self._answered[:count], self._specification)

    def _ask(self, count: int) -> None:
        """Find out about so many answers, unless it is known."""
        if not self._legal < count < self._bad:
            return
        rank = self._broken_by(self._known(count))
        if rank is None or rank == math.inf:
            self._legal, self.is_sure = count, rank is not None
        else:
            self._bad = count
            self._ask(bisect_right(self._returns, rank))


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
            case Clash() as clash:
                return self._broken(judged, clash)
            case order:
                witness = tuple(op.id for op in order)
                fault = witness_fault(judged, witness, self.specification)
                if fault:
                    raise OwnDefect(f"the order of the blocks is wrong: {fault}")
                return holds(self.wording.name, examined=len(judged), witness=witness)

    def _broken(self, judged: History, clash: Clash) -> Broken:
        bound = _last_return(clash)
        halving = Halving(judged, self.specification, self._broken_by, bound=bound)

        def explain() -> Verdict:
            first, known, is_sure = halving.first()
            clash = self.order(known)
            assert isinstance(clash, Clash), f"what was known when {first.id} returned has an order"
            verdict = _explained(clash, self.specification, self.wording, judged)
            return _with_first_bad(verdict, first) if is_sure else verdict

        return Broken(bound, halving.when, explain)

    def _broken_by(self, known: History) -> float | None:
        match self.order(known):
            case None:
                return None
            case Clash() as clash:
                return _last_return(clash)
            case _:
                return math.inf


def _last_return(clash: Clash) -> float:
    """When all answers were there that have no order by themselves."""
    return max(op.returned for op in clash.operations if not op.is_open)


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


Elements = frozenset[Hashable]


@dataclass(slots=True)
class SetFacts:
    """Who added each element, and who read what."""

    added: dict[Hashable, Operation] = field(default_factory=dict)
    readers: dict[Elements, list[Operation]] = field(default_factory=dict)


Phase = tuple[list[Operation], list[Operation]]
"""Additions, then reads."""


def order_sets(
    operations: Sequence[Operation], initial: Elements
) -> tuple[Operation, ...] | Clash | None:
    """Return an order of the operations, or some that have none, or None: not of this form.

    The operations are `judged`, in call order: add, which tells nothing, and read. Additions that
    were never answered are left out of the order unless somebody saw their element.
    """
    facts = _set_facts(operations, initial)
    if facts is None:
        return None
    sets = sorted(facts.readers, key=len)
    clash = _not_a_chain(sets, facts, initial)
    if clash is not None:
        return clash
    phases = list(_phases(sets, facts, initial))
    return _against_real_time(phases, facts) or tuple(
        op for added, reads in phases for op in (*added, *reads)
    )


def _set_facts(operations: Sequence[Operation], initial: Elements) -> SetFacts | None:
    """Sort the operations, or return None if an element may have got into the set twice."""
    facts = SetFacts()
    for op in operations:
        match op.f, op.result:
            case "read", tuple() | frozenset() as elements:
                facts.readers.setdefault(frozenset(elements), []).append(op)
            case "add", result if result is None or result is UNKNOWN:
                if op.argument in facts.added or op.argument in initial:
                    return None
                facts.added[op.argument] = op
            case _:
                return None
    return facts


def _not_a_chain(sets: Sequence[Elements], facts: SetFacts, initial: Elements) -> Clash | None:
    """Find a read of what was not there, or two of which neither shows all that the other does."""
    for elements in sets:
        reader = facts.readers[elements][0]
        if not initial <= elements:
            return _clash((reader,), facts, f"{reader.id} does not show what was there at first")
        if not elements <= facts.added.keys() | initial:
            return _clash((reader,), facts, f"{reader.id} read an element that nobody added")
    for less, more in pairwise(sets):
        if not less <= more:
            one, other = facts.readers[less][0], facts.readers[more][0]
            reason = f"{one.id} and {other.id} each show an element that the other does not"
            return _clash((one, other), facts, reason)
    return None


def _clash(operations: Sequence[Operation], facts: SetFacts, reason: str) -> Clash:
    """Operations that have no order, with whoever added what they read."""
    adders = (
        facts.added[element]
        for op in operations
        if op.f == "read" and isinstance(op.result, tuple | frozenset)
        for element in op.result
        if element in facts.added
    )
    return Clash((*adders, *operations), reason)


def _phases(sets: Sequence[Elements], facts: SetFacts, initial: Elements) -> Iterator[Phase]:
    before = initial
    for elements in sets:
        added = sorted((facts.added[e] for e in elements - before), key=lambda op: op.called)
        yield added, facts.readers[elements]
        before = elements
    unseen = [op for element, op in facts.added.items() if element not in before]
    yield [op for op in unseen if not op.is_open], []


def _against_real_time(phases: Sequence[Phase], facts: SetFacts) -> Clash | None:
    """Find an operation that returned before one of an earlier phase was called.

    A read of that earlier phase shows what was added in it, and nothing that was added later.
    """
    latest: Operation | None = None
    reader: list[Operation] = []
    for group, shows in _groups(phases):
        for op in group:
            if latest is not None and op.precedes(latest):
                reason = (
                    f"{op.id} returned before {latest.id} was called, but what was read puts "
                    f"{latest.id} first"
                )
                return _clash((*reader, latest, op), facts, reason)
        for op in group:
            if latest is None or op.called > latest.called:
                latest, reader = op, shows
    return None


def _groups(phases: Sequence[Phase]) -> Iterator[tuple[list[Operation], list[Operation]]]:
    """Additions and reads in turn, each with a read of their phase."""
    for added, reads in phases:
        yield added, reads[:1]
        yield reads, reads[:1]
