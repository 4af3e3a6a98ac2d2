"""When each element of a container can leave it, and when it must have left.

Two facts keep calls that were never answered from making the search explode. Elements that no
answer names are alike: which of them is where does not matter, so one stands for all. And of these
one whose putting in was never answered need not have got in at all: whoever took it out, if anybody
did, was not answered either, and need not have done that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum

from counterpoint.checkers.history import UNKNOWN, Operation
from counterpoint.checkers.objects.sequential import Prospect


class Some(Enum):
    """What stands for any of several elements."""

    SOME = "some element"


SOME = Some.SOME
"""Stands for every element that no answer names, in the states of a foresighted container."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """For each element the earliest rank at which it can leave, the latest at which it must.

    Elements that nobody is known to take out may leave from `otherwise` on, and never must. `named`
    are those that an answer told to have been taken out, `surely_put` those in it at first, or put
    in by a call that was answered.
    """

    earliest: dict[Hashable, float]
    latest: dict[Hashable, float]
    otherwise: float
    named: frozenset[Hashable] = frozenset()
    surely_put: frozenset[Hashable] = frozenset()

    def form(self, element: Hashable) -> Hashable:
        """The element, or `SOME` if no answer names it."""
        return element if element in self.named else SOME

    def is_needless(self, element: Hashable) -> bool:
        """Tell whether no order needs the element: nobody named it, and nobody surely put it in."""
        return element not in self.named and element not in self.surely_put

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
    answered = (*prospect.due, *prospect.optional)
    found = Leaving(
        {},
        {},
        -math.inf if anyone else math.inf,
        frozenset(op.result for op in answered if op.f == take and op.result is not UNKNOWN),
        frozenset(initial) | {op.argument for op in answered if op.f == put},
    )
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
