"""Exhaustive search for a legal order: obviously right, and exponential.

The clever checkers are compared with it on small histories, and small cores are re-checked by it
before they are reported.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from counterpoint.checkers.exact import exact
from counterpoint.checkers.history import Operation
from counterpoint.checkers.objects.specifications import ILLEGAL, Specification


def legal_order(
    operations: Sequence[Operation], specification: Specification
) -> tuple[str, ...] | None:
    """Return some order of the operations that real time and the specification allow, or None.

    Every operation that returned is in the order; an open one may be in it or not. Failed
    operations must have been removed. Exponential in the number of operations: for a dozen or two.
    """
    must = frozenset(i for i, op in enumerate(operations) if not op.is_open)
    before = [
        frozenset(j for j, other in enumerate(operations) if other.precedes(op))
        for op in operations
    ]
    dead: set[tuple[frozenset[int], Hashable]] = set()

    def extend(done: frozenset[int], state: Hashable) -> tuple[str, ...] | None:
        if must <= done:
            return ()
        if (done, exact(state)) in dead:
            return None
        for i, op in enumerate(operations):
            if i in done or not before[i] <= done:
                continue
            after = specification.step(state, op.f, op.argument, op.result)
            if after is ILLEGAL:
                continue
            rest = extend(done | {i}, after)
            if rest is not None:
                return (op.id, *rest)
        dead.add((done, exact(state)))
        return None

    return extend(frozenset(), specification.initial)
