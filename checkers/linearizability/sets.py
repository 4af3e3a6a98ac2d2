"""A set that only grows and is read as a whole, no element added twice: one phase for each read set.

What was read must be a chain of ever larger sets. Each of them is a phase: the additions that make
it, then the reads that show it; additions that nobody saw come last. Among the additions of one
phase the order is free, and so it is among the reads. So a history has a legal order exactly when
real time agrees with that of the phases.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.linearizability.blocks import Clash

Elements = frozenset[Hashable]


@dataclass(slots=True)
class Facts:
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
    facts = _facts(operations, initial)
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


def _facts(operations: Sequence[Operation], initial: Elements) -> Facts | None:
    """Sort the operations, or return None if an element may have got into the set twice."""
    facts = Facts()
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


def _not_a_chain(sets: Sequence[Elements], facts: Facts, initial: Elements) -> Clash | None:
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


def _clash(operations: Sequence[Operation], facts: Facts, reason: str) -> Clash:
    """Operations that have no order, with whoever added what they read."""
    adders = (
        facts.added[element]
        for op in operations
        if op.f == "read" and isinstance(op.result, tuple | frozenset)
        for element in op.result
        if element in facts.added
    )
    return Clash((*adders, *operations), reason)


def _phases(sets: Sequence[Elements], facts: Facts, initial: Elements) -> Iterator[Phase]:
    before = initial
    for elements in sets:
        added = sorted((facts.added[e] for e in elements - before), key=lambda op: op.called)
        yield added, facts.readers[elements]
        before = elements
    unseen = [op for element, op in facts.added.items() if element not in before]
    yield [op for op in unseen if not op.is_open], []


def _against_real_time(phases: Sequence[Phase], facts: Facts) -> Clash | None:
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
