"""Operations whose order the answers fix, and how such blocks fit together in real time.

A *block* is a run of operations that must take effect one right after the other, in a known order:
a write with its reads, or a chain of compare-and-sets, or a list from the moment it was replaced.
Blocks are ordered like the clusters of `counterpoint.checkers.register.zones`: a history has a legal
order exactly when real time agrees with the order inside each block, and no two blocks conflict.

A compare-and-set register whose values are all different: writes and chains of cas as blocks.

A successful cas(a, b) takes effect right after the reads of `a`, so what it wrote belongs to the
same block as what it replaced. A failed cas(a, b) needs an instant at which the value is not `a`;
such operations are put into the order that the blocks have, where there is room.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.objects.registers import pair
from counterpoint.checkers.register.zones import order_of_zones


def insert_reads(
    order: Sequence[Operation],
    reads: Sequence[Operation],
    fits: Callable[[Operation, int], bool],
) -> tuple[Operation, ...] | None:
    """Return the order with every read at a place that real time allows and that fits, or None.

    `fits(read, place)` tells whether the read is legal after the first `place` operations. Each
    read takes its earliest place, which hinders the later ones least. None only says that this
    order has no room for them.
    """
    places = _places(order, reads, fits)
    if places is None:
        return None
    at: list[list[Operation]] = [[] for _ in range(len(order) + 1)]
    for read, place in places:
        at[place].append(read)
    result = list(at[0])
    for op, following in zip(order, at[1:], strict=True):
        result.append(op)
        result += following
    return tuple(result)


def _places(
    order: Sequence[Operation],
    reads: Sequence[Operation],
    fits: Callable[[Operation, int], bool],
) -> list[tuple[Operation, int]] | None:
    latest_call = list(accumulate((op.called for op in order), max, initial=-math.inf))
    backwards = (op.returned for op in reversed(order))
    first_return = list(accumulate(backwards, min, initial=math.inf))[::-1]
    places: list[tuple[Operation, int]] = []
    ended = sorted(reads, key=lambda op: op.returned)
    place_of: dict[str, int] = {}
    floor = next_end = 0
    for read in sorted(reads, key=lambda op: op.called):
        while ended[next_end].returned < read.called:
            floor = max(floor, place_of[ended[next_end].id])
            next_end += 1
        lowest = max(floor, bisect_left(first_return, read.called))
        highest = bisect_right(latest_call, read.returned) - 1
        place = next((p for p in range(lowest, highest + 1) if fits(read, p)), None)
        if place is None:
            return None
        place_of[read.id] = place
        places.append((read, place))
    return places


Block = Sequence[Operation]
"""Operations in the order in which they must take effect, nothing else between them."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Operations that have no order: they may be taken out of the history and looked at alone.

    `reason` says why, by the names of the operations that matter most.
    """

    operations: tuple[Operation, ...]
    reason: str


def order_blocks(first: Block, others: Sequence[Block]) -> tuple[Operation, ...] | Clash:
    """Return one order of all operations, or the blocks that have none.

    `first` comes before everything else; it may be empty. The others are not empty.
    """
    order = arrange(first, others)
    return order if isinstance(order, Clash) else tuple(op for block in order for op in block)


def arrange(first: Block, others: Sequence[Block]) -> list[Block] | Clash:
    """Return the blocks in an order that real time allows, `first` first, or some that have none."""
    blocks = [*others, first]
    for block in blocks:
        reason = _against_real_time(block)
        if reason:
            return Clash(tuple(block), reason)
    first_return = [min(op.returned for op in block) for block in others]
    last_call = [max(op.called for op in block) for block in others]
    first_return.append(-math.inf)
    last_call.append(max((op.called for op in first), default=-math.inf))
    order, conflict = order_of_zones(first_return, last_call)
    if conflict is not None:
        one, other = blocks[conflict.one], blocks[conflict.other]
        return Clash((*one, *other), _crossing(one, other))
    return [blocks[index] for index in order]


def _against_real_time(block: Block) -> str:
    """Say what in the block returned before something earlier in it was called, or ""."""
    latest: Operation | None = None
    for op in block:
        if latest is not None and op.precedes(latest):
            return (
                f"{op.id} returned before {latest.id} was called, "
                f"but the answers put {latest.id} first"
            )
        if latest is None or op.called > latest.called:
            latest = op
    return ""


def _crossing(one: Block, other: Block) -> str:
    """Say how each of two blocks began before the other ended."""
    began, ended = _began(one), _ended(other)
    also_began, also_ended = _began(other), _ended(one)
    return (
        f"{also_began.id} returned before {also_ended.id} was called, but by the answers "
        f"{_ends(one)} come one after the other, and so do {_ends(other)}, "
        f"and {began.id} returned before {ended.id} was called"
    )


def _began(block: Block) -> Operation:
    return min(block, key=lambda op: op.returned)


def _ended(block: Block) -> Operation:
    return max(block, key=lambda op: op.called)


def _ends(block: Block) -> str:
    return f"{block[0].id} to {block[-1].id}"


@dataclass(slots=True)
class Facts:
    """Who made each value, who saw it, who replaced it by compare-and-set, and who failed to."""

    maker: dict[Hashable, Operation] = field(default_factory=dict)
    seen_by: dict[Hashable, list[Operation]] = field(default_factory=dict)
    swaps: list[Operation] = field(default_factory=list)
    failed: list[Operation] = field(default_factory=list)


def order_chains(
    operations: Sequence[Operation], initial: Hashable
) -> tuple[Operation, ...] | Clash | None:
    """Return an order of the operations, or some that have none, or None: not of this form.

    The operations are `judged`, in call order: read, write, cas. Swaps and writes that were never
    answered are left out of the order unless somebody saw their value.
    """
    facts = _facts(operations, initial)
    if facts is None:
        return None
    blocks = _blocks(facts, initial)
    if isinstance(blocks, Clash):
        return blocks
    order = order_blocks(blocks[0], blocks[1:])
    if isinstance(order, Clash) or not facts.failed:
        return order
    # Not as `initial=` of accumulate: None, a usual first value, would mean that there is none.
    values = list(accumulate([initial, *map(_made, order)], _latest))
    return insert_reads(order, facts.failed, lambda op, place: values[place] != _old(op))


def _facts(operations: Sequence[Operation], initial: Hashable) -> Facts | None:
    """Sort the operations, or return None if a value may have been made twice."""
    facts = Facts()
    for op in operations:
        match op.f, op.result:
            case "read", _:
                facts.seen_by.setdefault(op.result, []).append(op)
                continue
            case "write", _:
                made = op.argument
            case "cas", False:
                facts.failed.append(op)
                continue
            case "cas", result:
                old, made = pair(op.argument)
                if result is not True and not op.is_open:
                    return None
                if old == made:
                    if result is True:
                        facts.seen_by.setdefault(old, []).append(op)
                    continue
                facts.swaps.append(op)
        if made == initial or made in facts.maker:
            return None
        facts.maker[made] = op
    return facts


def _blocks(facts: Facts, initial: Hashable) -> list[list[Operation]] | Clash:
    """The block of the initial value, then one for each write; or operations that fit into none."""
    replacer = _replacers(facts)
    if isinstance(replacer, Clash):
        return replacer
    placed: set[Hashable] = set()
    blocks = [_block(initial, facts, replacer, placed)]
    for value, op in facts.maker.items():
        if op.f == "write":
            block = [op, *_block(value, facts, replacer, placed)]
            if len(block) > 1 or not op.is_open:
                blocks.append(block)
    for value, readers in facts.seen_by.items():
        if value not in placed:
            reason = f"{readers[0].id} read a value that was never there"
            return Clash((*_chain_to(value, facts), readers[0]), reason)
    for old, op in replacer.items():
        if old not in placed:
            reason = f"{op.id} replaced a value that was never there"
            return Clash((*_chain_to(old, facts), op), reason)
    return blocks


def _block(
    value: Hashable,
    facts: Facts,
    replacer: dict[Hashable, Operation],
    placed: set[Hashable],
) -> list[Operation]:
    """What follows once a value is there: its reads, the swap that replaces it, and so on."""
    block: list[Operation] = []
    while True:
        placed.add(value)
        block += facts.seen_by.get(value, ())
        swap = replacer.get(value)
        if swap is None:
            return block
        block.append(swap)
        value = _made(swap)


def _replacers(facts: Facts) -> dict[Hashable, Operation] | Clash:
    """The swap that replaced each value, of those that surely happened."""
    replacer: dict[Hashable, Operation] = {}
    todo = [op for op in facts.swaps if not op.is_open]
    todo += [op for op in facts.swaps if op.is_open and _made(op) in facts.seen_by]
    while todo:
        op = todo.pop()
        old = _old(op)
        other = replacer.setdefault(old, op)
        if other is not op:
            proofs = (*_proof(other, facts, replacer), *_proof(op, facts, replacer))
            reason = f"{other.id} and {op.id} both replaced one value"
            return Clash((*_chain_to(old, facts), *proofs), reason)
        # Whoever replaced a value proves that it was there, so a swap that made it happened.
        maker = facts.maker.get(old)
        if maker is not None and maker.f == "cas" and maker.is_open and old not in facts.seen_by:
            todo.append(maker)
    return replacer


def _proof(
    swap: Operation, facts: Facts, replacer: dict[Hashable, Operation]
) -> tuple[Operation, ...]:
    """The swap and what shows that it happened: its answer, or who used the value it made."""
    proof = [swap]
    while proof[-1].is_open:
        made = _made(proof[-1])
        readers = facts.seen_by.get(made)
        proof.append(readers[0] if readers else replacer[made])
    return tuple(proof)


def _chain_to(value: Hashable, facts: Facts) -> tuple[Operation, ...]:
    """The operations that led to a value, back to a write, to the initial value, or round."""
    chain: dict[str, Operation] = {}
    while value in facts.maker and facts.maker[value].id not in chain:
        maker = facts.maker[value]
        chain[maker.id] = maker
        if maker.f == "write":
            break
        value = _old(maker)
    return tuple(chain.values())


def _old(swap: Operation) -> Hashable:
    return pair(swap.argument)[0]


def _made(op: Operation) -> Hashable:
    """The value an operation left, or nothing."""
    match op.f:
        case "write":
            return op.argument
        case "cas":
            return pair(op.argument)[1]
        case _:
            return UNKNOWN


def _latest(before: Hashable, made: Hashable) -> Hashable:
    return before if made is UNKNOWN else made
