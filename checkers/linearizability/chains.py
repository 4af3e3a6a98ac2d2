"""A compare-and-set register whose values are all different: writes and chains of cas as blocks.

A successful cas(a, b) takes effect right after the reads of `a`, so what it wrote belongs to the
same block as what it replaced. A failed cas(a, b) needs an instant at which the value is not `a`;
such operations are put into the order that the blocks have, where there is room.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.linearizability.blocks import Clash, order_blocks
from counterpoint.checkers.linearizability.insertion import insert_reads
from counterpoint.checkers.objects.registers import pair


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
