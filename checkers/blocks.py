"""Operations whose order the answers fix, and how such blocks fit together in real time.

A *block* is a run of operations that must take effect one right after the other, in a known order:
a write with its reads, or a chain of compare-and-sets, or a list from the moment it was replaced.
Blocks are ordered like the clusters of `counterpoint.checkers.zones`: a history has a legal order
exactly when real time agrees with the order inside each block, and no two blocks conflict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.zones import order_of_zones

Block = Sequence[Operation]
"""Operations in the order in which they must take effect, nothing else between them."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Operations that have no order: they may be taken out of the history and looked at alone."""

    operations: tuple[Operation, ...]


def order_blocks(first: Block, others: Sequence[Block]) -> tuple[Operation, ...] | Clash:
    """Return one order of all operations, or the blocks that have none.

    `first` comes before everything else; it may be empty. The others are not empty.
    """
    blocks = [*others, first]
    for block in blocks:
        if not _agrees_with_real_time(block):
            return Clash(tuple(block))
    first_return = [min(op.returned for op in block) for block in others]
    last_call = [max(op.called for op in block) for block in others]
    first_return.append(-math.inf)
    last_call.append(max((op.called for op in first), default=-math.inf))
    order, conflict = order_of_zones(first_return, last_call)
    if conflict is not None:
        return Clash((*blocks[conflict.one], *blocks[conflict.other]))
    return tuple(op for index in order for op in blocks[index])


def _agrees_with_real_time(block: Block) -> bool:
    """Tell whether nothing in the block returned before something earlier in it was called."""
    latest_call = -math.inf
    for op in block:
        if op.returned < latest_call:
            return False
        latest_call = max(latest_call, op.called)
    return True
