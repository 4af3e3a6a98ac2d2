"""Lists that are appended to and read as a whole, hardly any element twice: one block per epoch.

A string to which texts are appended is one, too, where it can be taken apart in one way only.

An *epoch* begins when the list is replaced, or at the start. Whoever reads the list reads the whole
epoch so far, so the longest read of an epoch tells the order of its elements, and every other read
of it must be a beginning of that one. What nobody read comes after every read of its epoch.
Where a few elements were appended twice, one append stands for both, with the times of both: what
has no order even so has none, and an order is one if the two can be told apart in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate, islice, pairwise, permutations

from counterpoint.checkers.history import Operation
from counterpoint.checkers.linearizability.blocks import Block, Clash, arrange, order_blocks

List = tuple[Hashable, ...]


@dataclass(slots=True)
class ListFacts:
    """Who appended each element, who put each first element, and who read what.

    `appended` has all who appended an element, `doubled` the elements of which there are several.
    """

    appended: dict[Hashable, list[Operation]] = field(default_factory=dict)
    put: dict[Hashable, Operation] = field(default_factory=dict)
    reads: list[tuple[List, Operation]] = field(default_factory=list)
    doubled: list[Hashable] = field(default_factory=list)

    def add(self, element: Hashable, op: Operation) -> None:
        """Note an append."""
        makers = self.appended.setdefault(element, [])
        makers.append(op)
        if len(makers) == 2:
            self.doubled.append(element)


def order_lists(operations: Sequence[Operation]) -> tuple[Operation, ...] | Clash | None:
    """Return an order of the operations, or some that have none, or None: not of this form.

    The operations are `judged`, in call order: append, read, and put of lists with one element;
    the list is empty at first. Where elements were appended twice, None may also mean that it is
    open which append made what was read.
    """
    facts = _list_facts(operations)
    return None if facts is None else _order(facts)


def order_texts(operations: Sequence[Operation]) -> tuple[Operation, ...] | Clash | None:
    """Return the same of a string that is appended to, put and got, and empty at first.

    What was put and appended must be no beginning of each other, so that a string is one list.
    """
    facts = ListFacts()
    for op in operations:
        match op.f, op.argument:
            case "append", str(text):
                facts.add(text, op)
            case "put", str(text) if text not in facts.put:
                facts.put[text] = op
            case "get", _ if isinstance(op.result, str):
                pass
            case _:
                return None
    spell = _spelling(facts.put.keys() | facts.appended.keys())
    if spell is None:
        return None
    facts.reads = [(spell(str(op.result)), op) for op in operations if op.f == "get"]
    return None if _may_begin_in_two_ways(facts) else _order(facts)


def _spelling(texts: Collection[Hashable]) -> Callable[[str], List] | None:
    """Return how to take a string apart, or None if that may be done in several ways.

    The rest of a string that does not begin with any of the texts is an element by itself.
    """
    ordered = sorted(map(str, texts))
    if "" in ordered or any(more.startswith(text) for text, more in pairwise(ordered)):
        return None
    known, lengths = frozenset(ordered), sorted(set(map(len, ordered)))
    before: tuple[str, List] = ("", ())

    @cache
    def spell(text: str) -> List:
        # Most strings go on where the one before ended.
        nonlocal before
        start, found = before if text.startswith(before[0]) else ("", ())
        place, elements = len(start), list(found)
        while place < len(text):
            for length in lengths:
                element = text[place : place + length]
                if element in known:
                    break
            else:
                return (*elements, text[place:])
            elements.append(element)
            place += length
        before = text, tuple(elements)
        return before[1]

    return spell


def _order(facts: ListFacts) -> tuple[Operation, ...] | Clash | None:
    found = _arranged(facts)
    return _proved(found, facts) if isinstance(found, Clash) else found


def _arranged(facts: ListFacts) -> tuple[Operation, ...] | Clash | None:
    epochs = _epochs(facts)
    if isinstance(epochs, Clash):
        return epochs
    blocks = _blocks(facts, epochs)
    if isinstance(blocks, Clash):
        return blocks
    order = arrange(blocks[0], blocks[1:])
    if isinstance(order, Clash):
        return replace(order, operations=_each(order.operations, facts))
    if facts.doubled:
        return _told_apart(order, facts)
    return tuple(op for block in order for op in block)


def _list_facts(operations: Sequence[Operation]) -> ListFacts | None:
    """Sort the operations, or return None if an element may have been put into the list twice."""
    facts = ListFacts()
    for op in operations:
        match op.f, op.argument, op.result:
            case "read", _, tuple(elements):
                facts.reads.append((elements, op))
            case "append", element, _:
                facts.add(element, op)
            case "put", (element,), _ if element not in facts.put:
                facts.put[element] = op
            case _:
                return None
    return None if _may_begin_in_two_ways(facts) else facts


def _may_begin_in_two_ways(facts: ListFacts) -> bool:
    """Tell whether an element that was put may also have been the first to be appended.

    It was not if another element was, as a read shows, or if any other write had ended before.
    """
    shared = facts.put.keys() & facts.appended.keys()
    if not shared or _begun_by_append(facts):
        return False
    first_return = _first_to_end(facts).returned
    return any(op.called <= first_return for e in shared for op in facts.appended[e])


def _begun_by_append(facts: ListFacts) -> tuple[List, Operation] | None:
    """Who read a list that began with what nobody put."""
    reads = ((elements, op) for elements, op in facts.reads if elements)
    return next((read for read in reads if read[0][0] not in facts.put), None)


def _first_to_end(facts: ListFacts) -> Operation:
    """The write that returned before all others."""
    appends = (op for makers in facts.appended.values() for op in makers)
    return min((*facts.put.values(), *appends), key=lambda op: op.returned)


def _proved(clash: Clash, facts: ListFacts) -> Clash:
    """Add why a list that was read began with a put, where its first element was appended, too.

    By themselves the operations might have an order in which it was the first to be appended.
    """
    names = {op.id for op in clash.operations}
    first = {elements[0]: 0 for elements, op in facts.reads if elements and op.id in names}
    appends = [op for e in first if e in facts.put for op in facts.appended.get(e, ())]
    if not appends:
        return clash
    proof = [_first_to_end(facts)]
    if (begun := _begun_by_append(facts)) is not None:
        elements, read = begun
        proof += [*_writers(elements, facts), read]
    return replace(clash, operations=(*clash.operations, *appends, *proof))


Epochs = dict[List, list[tuple[List, Operation]]]
"""What was read in each epoch, and by whom; named by what was put, empty for the start."""


def _epochs(facts: ListFacts) -> Epochs | Clash:
    """Sort the reads into epochs, or find one that no epoch can contain."""
    epochs: Epochs = {}
    for elements, read in facts.reads:
        name = elements[:1] if elements and elements[0] in facts.put else ()
        rest = elements[len(name) :]
        if not facts.appended.keys() >= set(rest) or _has_too_many(rest, facts):
            reason = f"{read.id} read an element that nobody appended, or one too often"
            return Clash((*_writers(elements, facts), read), reason)
        epochs.setdefault(name, []).append((elements, read))
    return epochs


def _has_too_many(elements: List, facts: ListFacts) -> bool:
    """Tell whether an element is there more often than it was appended."""
    if len(set(elements)) == len(elements):
        return False
    return any(count > len(facts.appended[e]) for e, count in Counter(elements).items())


def _blocks(facts: ListFacts, epochs: Epochs) -> list[list[Operation]] | Clash:
    """The block of the start, one for each other epoch, one for each write that nobody read.

    Of several that appended one element, it is open which of them nobody read.
    """
    shown: dict[Hashable, list[tuple[List, Operation]]] = {}
    blocks: list[list[Operation]] = [[]]
    for name, reads in epochs.items():
        longest, reader = max(reads, key=lambda read: len(read[0]))
        for elements, read in reads:
            if elements != longest[: len(elements)]:
                reason = f"{read.id} and {reader.id} read lists of which neither begins the other"
                return Clash((*_writers((*elements, *longest), facts), read, reader), reason)
        for element in longest[len(name) :]:
            places = shown.setdefault(element, [])
            places.append((longest, reader))
            if len(places) > len(facts.appended[element]):
                return _shown_too_often(places, facts)
        if name:
            blocks.append(_block(longest, reads, facts))
        else:
            blocks[0] = _block(longest, reads, facts)
    for element, makers in facts.appended.items():
        if element not in shown and element not in facts.doubled and not makers[0].is_open:
            blocks.append(makers)
    for element, op in facts.put.items():
        if (element,) not in epochs and not op.is_open:
            blocks.append([op])
    return blocks


def _shown_too_often(places: Sequence[tuple[List, Operation]], facts: ListFacts) -> Clash:
    """Readers of different lists with one element, which was appended less often."""
    readers = tuple({reader.id: reader for _, reader in places}.values())
    elements = tuple(element for longest, _ in places for element in longest)
    reason = f"{' and '.join(op.id for op in readers)} read one element in different lists"
    return Clash((*_writers(elements, facts), *readers), reason)


def _block(
    longest: List, reads: Sequence[tuple[List, Operation]], facts: ListFacts
) -> list[Operation]:
    """The writes of an epoch in the order of its elements, each followed by who read so far."""
    readers: list[list[Operation]] = [[] for _ in range(len(longest) + 1)]
    for elements, read in reads:
        readers[len(elements)].append(read)
    block = readers[0]
    for place, following in enumerate(readers[1:]):
        element = longest[place]
        is_put = place == 0 and element in facts.put
        block += [facts.put[element] if is_put else _maker(element, facts), *following]
    return block


def _maker(element: Hashable, facts: ListFacts) -> Operation:
    """Who appended an element; of several, one that stands for each, with the times of all."""
    makers = facts.appended[element]
    if len(makers) == 1:
        return makers[0]
    returned = max(op.returned for op in makers)
    return replace(min(makers, key=lambda op: op.called), returned=returned)


def _each(operations: Sequence[Operation], facts: ListFacts) -> tuple[Operation, ...]:
    """The operations, with all for which one of them stands."""
    return tuple(
        each
        for op in operations
        for each in (facts.appended[op.argument] if op.f == "append" else (op,))
    )


def _told_apart(order: Sequence[Block], facts: ListFacts) -> tuple[Operation, ...] | Clash | None:
    """Choose an append wherever one stands for several.

    Some have no order whichever made what was read; None if those that were chosen lead to none.
    """
    for element in facts.doubled:
        ways = list(islice(_ways(element, order, facts), WAYS_MAX + 1))
        found = [arrange(way[0], way[1:]) for way in ways[:WAYS_MAX]]
        clashes = [one for one in found if isinstance(one, Clash)]
        if len(clashes) == len(ways):
            operations = [op for clash in clashes for op in _each(clash.operations, facts)]
            return Clash(tuple(operations), clashes[0].reason)
    return _guessed(order, facts)


WAYS_MAX = 6
"""In how many ways appends of one element may have made what was read, at most, to try them all."""


def _ways(element: Hashable, blocks: Sequence[Block], facts: ListFacts) -> Iterator[list[Block]]:
    """The blocks with each choice of those who made an element, wherever it was read.

    Whoever made none of what was read has a block alone.
    """
    makers = facts.appended[element]
    places = [
        (number, place)
        for number, block in enumerate(blocks)
        for place, op in enumerate(block)
        if op.f == "append" and op.argument == element
    ]
    for chosen in permutations(makers, len(places)):
        way = list(blocks)
        for (number, place), op in zip(places, chosen, strict=True):
            way[number] = [*way[number][:place], op, *way[number][place + 1 :]]
        yield way + [[op] for op in makers if op not in chosen and not op.is_open]


def _guessed(order: Sequence[Block], facts: ListFacts) -> tuple[Operation, ...] | None:
    """Choose, in the order of the blocks, whoever must have ended first."""
    left = {e: sorted(facts.appended[e], key=lambda op: op.returned) for e in facts.doubled}
    latest = -math.inf
    blocks: list[list[Operation]] = []
    for block in order:
        blocks.append([])
        following = list(accumulate((op.returned for op in reversed(block)), min))[::-1]
        for op, until in zip(block, following, strict=True):
            chosen = op
            if op.f == "append" and op.argument in left:
                makers = left[op.argument]
                fit = (o for o in makers if o.called <= until and o.returned >= latest)
                chosen = next(fit, makers[0])
                makers.remove(chosen)
            latest = max(latest, chosen.called)
            blocks[-1].append(chosen)
    unread = [[op] for makers in left.values() for op in makers if not op.is_open]
    found = order_blocks(blocks[0], [*blocks[1:], *unread])
    return None if isinstance(found, Clash) else found


def _writers(elements: Sequence[Hashable], facts: ListFacts) -> tuple[Operation, ...]:
    """Whoever wrote any of the elements, as far as somebody did."""
    found: dict[str, Operation] = {}
    for element in elements:
        for op in facts.appended.get(element, ()):
            found[op.id] = op
        if element in facts.put:
            found[facts.put[element].id] = facts.put[element]
    return tuple(found.values())
