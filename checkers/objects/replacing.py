"""How long each value of a register is still needed, and when its successor must be there.

Where a value is written once, every read of it is a read of that write. A write that must be done
by some rank cannot replace a value that is still to be read by an operation called after that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.objects.sequential import Prospect

Place = tuple[Hashable, Hashable]
"""A key and a value of it."""

Places = Callable[[Operation], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class Replacing:
    """For values written once: the latest call of a read of it, the return of its write."""

    needed_from: dict[Place, float]
    written_by: dict[Place, float]

    def allows(self, old: Place, new: Place) -> bool:
        """Tell whether a value can be replaced by another and all due operations get theirs."""
        return self.needed_from.get(old, -math.inf) <= self.written_by.get(new, math.inf)


def replacing(
    prospect: Prospect,
    *,
    initial: Callable[[Hashable], Hashable],
    reads: Places,
    writes: Places,
) -> Replacing:
    """Note who reads and writes what; `initial` gives the value of a key before any write."""
    everything = (*prospect.due, *prospect.optional, *prospect.pending)
    times_written = Counter(place for op in everything for place in writes(op))

    def is_unique(place: Place) -> bool:
        return times_written[place] == (place[1] != initial(place[0]))

    found = Replacing({}, {})
    for op in prospect.due:
        for place in filter(is_unique, reads(op)):
            found.needed_from[place] = max(found.needed_from.get(place, -math.inf), op.called)
    for op in (*prospect.due, *prospect.optional):
        for place in filter(is_unique, writes(op)):
            found.written_by[place] = op.returned
    return found
