"""Putting operations that change nothing into an order that the others already have."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from counterpoint.checkers.history import Operation


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
