"""A list that is appended to and read as a whole, no element twice: one block per epoch.

An *epoch* begins when the list is replaced, or at the start. Whoever reads the list reads the whole
epoch so far, so the longest read of an epoch tells the order of its elements, and every other read
of it must be a beginning of that one. What nobody read comes after every read of its epoch.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from counterpoint.checkers.history import Operation
from counterpoint.checkers.linearizability.blocks import Clash, order_blocks

List = tuple[Hashable, ...]


@dataclass(slots=True)
class Facts:
    """Who appended each element, who put each first element, and who read what."""

    appended: dict[Hashable, Operation] = field(default_factory=dict)
    put: dict[Hashable, Operation] = field(default_factory=dict)
    reads: list[tuple[List, Operation]] = field(default_factory=list)


def order_lists(operations: Sequence[Operation]) -> tuple[Operation, ...] | Clash | None:
    """Return an order of the operations, or some that have none, or None: not of this form.

    The operations are `judged`, in call order: append, read, and put of lists with one element;
    the list is empty at first.
    """
    facts = _facts(operations)
    if facts is None:
        return None
    epochs = _epochs(facts)
    if isinstance(epochs, Clash):
        return epochs
    blocks = _blocks(facts, epochs)
    if isinstance(blocks, Clash):
        return blocks
    return order_blocks(blocks[0], blocks[1:])


def _facts(operations: Sequence[Operation]) -> Facts | None:
    """Sort the operations, or return None if an element may have got into the list twice."""
    facts = Facts()
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


def _epochs(facts: Facts) -> Epochs | Clash:
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


def _blocks(facts: Facts, epochs: Epochs) -> list[list[Operation]] | Clash:
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


def _block(longest: List, reads: Sequence[tuple[List, Operation]], facts: Facts) -> list[Operation]:
    """The writes of an epoch in the order of its elements, each followed by who read so far."""
    readers: list[list[Operation]] = [[] for _ in range(len(longest) + 1)]
    for elements, read in reads:
        readers[len(elements)].append(read)
    block = readers[0]
    for place, following in enumerate(readers[1:]):
        maker = facts.put if longest[place] in facts.put and place == 0 else facts.appended
        block += [maker[longest[place]], *following]
    return block


def _writers(elements: Sequence[Hashable], facts: Facts) -> tuple[Operation, ...]:
    """Whoever wrote any of the elements, as far as somebody did."""
    found: dict[str, Operation] = {}
    for element in elements:
        for maker in (facts.put, facts.appended):
            if element in maker:
                found[maker[element].id] = maker[element]
    return tuple(found.values())
