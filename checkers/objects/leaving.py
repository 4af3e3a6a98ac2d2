"""When each element of a container can leave it, and when it must have left."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.objects.sequential import Prospect


@dataclass(frozen=True, slots=True)
class Leaving:
    """For each element the earliest rank at which it can leave, the latest at which it must.

    Elements that nobody is known to take out may leave from `otherwise` on, and never must.
    """

    earliest: dict[Hashable, float]
    latest: dict[Hashable, float]
    otherwise: float

    def can_leave_from(self, element: Hashable) -> float:
        """The rank from which on the element can be taken out."""
        return self.earliest.get(element, self.otherwise)

    def must_leave_by(self, element: Hashable) -> float:
        """The rank by which the element must have been taken out."""
        return self.latest.get(element, math.inf)


def leaving(prospect: Prospect, *, initial: Sequence[Hashable], put: str, take: str) -> Leaving:
    """Note for the elements that get in once, at first or later, who takes them out.

    An operation of which the answer is unknown may take any element that no other one must take.
    """
    everything = (*prospect.due, *prospect.optional, *prospect.pending)
    times_put = Counter(initial)
    times_put.update(op.argument for op in everything if op.f == put)
    anyone = any(op.f == take and op.result is UNKNOWN for op in everything)
    found = Leaving({}, {}, -math.inf if anyone else math.inf)
    for element, times in times_put.items():
        if times > 1:
            found.earliest[element] = -math.inf
    for op in _takers(prospect.optional, take, times_put):
        found.earliest[op.result] = -math.inf if anyone else op.called
    for op in _takers(prospect.due, take, times_put):
        found.earliest[op.result] = op.called
        found.latest[op.result] = op.returned
    return found


def _takers(
    operations: Sequence[Operation], take: str, times_put: Counter[Hashable]
) -> list[Operation]:
    """The operations that took out an element that got in once."""
    return [
        op
        for op in operations
        if op.f == take and op.result is not None and times_put[op.result] == 1
    ]
