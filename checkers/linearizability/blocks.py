"""Operations whose order the answers fix, and how such blocks fit together in real time.

A *block* is a run of operations that must take effect one right after the other, in a known order:
a write with its reads, or a chain of compare-and-sets, or a list from the moment it was replaced.
Blocks are ordered like the clusters of `counterpoint.checkers.register.zones`: a history has a legal
order exactly when real time agrees with the order inside each block, and no two blocks conflict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.register.zones import order_of_zones

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
    return tuple(op for index in order for op in blocks[index])


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
