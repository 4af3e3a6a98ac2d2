"""Collections that only grow and are read as a whole, no element twice: decided by what each read shows.

A list that is appended to and read as a whole, no element twice: one block per epoch.

An *epoch* begins when the list is replaced, or at the start. Whoever reads the list reads the whole
epoch so far, so the longest read of an epoch tells the order of its elements, and every other read
of it must be a beginning of that one. What nobody read comes after every read of its epoch.

A set that only grows and is read as a whole, no element added twice: one phase for each read set.

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
from counterpoint.checkers.linearizability.blocks import Clash, order_blocks

List = tuple[Hashable, ...]


@dataclass(slots=True)
class ListFacts:
    """Who appended each element, who put each first element, and who read what."""

    appended: dict[Hashable, Operation] = field(default_factory=dict)
    put: dict[Hashable, Operation] = field(default_factory=dict)
    reads: list[tuple[List, Operation]] = field(default_factory=list)


def order_lists(operations: Sequence[Operation]) -> tuple[Operation, ...] | Clash | None:
    """Return an order of the operations, or some that have none, or None: not of this form.

    The operations are `judged`, in call order: append, read, and put of lists with one element;
    the list is empty at first.
    """
    facts = _list_facts(operations)
    if facts is None:
        return None
    epochs = _epochs(facts)
    if isinstance(epochs, Clash):
        return epochs
    blocks = _blocks(facts, epochs)
    if isinstance(blocks, Clash):
        return blocks
    return order_blocks(blocks[0], blocks[1:])


def _list_facts(operations: Sequence[Operation]) -> ListFacts | None:
    """Sort the operations, or return None if an element may have got into the list twice."""
    facts = ListFacts()
    for op in operations:
        match op.f, op.argument, op.result:
            case "read", _, tuple(elements):
                facts.reads.append((elements, op))
            case "append", element, _ if element not in facts.appended:
                facts.appended[element] = op
            case "put", (element,), _ if element not in facts.put:
                facts.put[element] = op
            case _:
                return None
    return None if facts.put.keys() & facts.appended.keys() else facts


Epochs = dict[List, list[tuple[List, Operation]]]
"""What was read in each epoch, and by whom; named by what was put, empty for the start."""


def _epochs(facts: ListFacts) -> Epochs | Clash:
    """Sort the reads into epochs, or find one that no epoch can contain."""
    epochs: Epochs = {}
    for elements, read in facts.reads:
        name = elements[:1] if elements and elements[0] in facts.put else ()
        rest = elements[len(name) :]
        if len(set(rest)) < len(rest) or not all(e in facts.appended for e in rest):
            reason = f"{read.id} read an element that nobody appended, or one twice"
            return Clash((*_writers(elements, facts), read), reason)
        epochs.setdefault(name, []).append((elements, read))
    return epochs


def _blocks(facts: ListFacts, epochs: Epochs) -> list[list[Operation]] | Clash:
    """The block of the start, one for each other epoch, one for each write that nobody read."""
    epoch_of: dict[Hashable, tuple[List, Operation]] = {}
    blocks: list[list[Operation]] = [[]]
    for name, reads in epochs.items():
        longest, reader = max(reads, key=lambda read: len(read[0]))
        for elements, read in reads:
            if elements != longest[: len(elements)]:
                reason = f"{read.id} and {reader.id} read lists of which neither begins the other"
                return Clash((*_writers((*elements, *longest), facts), read, reader), reason)
        for element in longest[len(name) :]:
            elsewhere = epoch_of.setdefault(element, (longest, reader))
            if elsewhere[1] is not reader:
                reason = f"{elsewhere[1].id} and {reader.id} read one element in different lists"
                return Clash(
                    (*_writers((*elsewhere[0], *longest), facts), elsewhere[1], reader), reason
                )
        if name:
            blocks.append(_block(longest, reads, facts))
        else:
            blocks[0] = _block(longest, reads, facts)
    for element, op in facts.appended.items():
        if element not in epoch_of and not op.is_open:
            blocks.append([op])
    for element, op in facts.put.items():
        if (element,) not in epochs and not op.is_open:
            blocks.append([op])
    return blocks


def _block(
    longest: List, reads: Sequence[tuple[List, Operation]], facts: ListFacts
) -> list[Operation]:
    """The writes of an epoch in the order of its elements, each followed by who read so far."""
    readers: list[list[Operation]] = [[] for _ in range(len(longest) + 1)]
    for elements, read in reads:
        readers[len(elements)].append(read)
    block = readers[0]
    for place, following in enumerate(readers[1:]):
        maker = facts.put if longest[place] in facts.put and place == 0 else facts.appended
        block += [maker[longest[place]], *following]
    return block


def _writers(elements: Sequence[Hashable], facts: ListFacts) -> tuple[Operation, ...]:
    """Whoever wrote any of the elements, as far as somebody did."""
    found: dict[str, Operation] = {}
    for element in elements:
        for maker in (facts.put, facts.appended):
            if element in maker:
                found[maker[element].id] = maker[element]
    return tuple(found.values())


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
