"""The decisions on which `causal_lamport` rests, and the variants that decide wrongly.

Each mutant replaces the one decision that its name stands for, and leaves the rest of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.impl.stores.words import Stamp

StampFields = tuple[int, ...]
"""Where an update stands in the queue; equal places are in the order of arrival."""


@dataclass(frozen=True, slots=True)
class ServerOutlook:
    """What a server knows when it asks whether an update may be applied.

    `lowest` is the lowest clock that it has heard of any other server, `last` the highest stamp
    that it has applied.
    """

    lowest: int
    last: Stamp


def none_is_to_come(outlook: ServerOutlook, stamp: Stamp) -> bool:
    """Apply an update when no server can make one with a lower stamp any more.

    >>> none_is_to_come(ServerOutlook(2, Stamp(1, 1)), Stamp(2, 3))
    True
    >>> none_is_to_come(ServerOutlook(1, Stamp(1, 1)), Stamp(2, 3))
    False
    """
    return outlook.lowest >= stamp.clock


def by_stamp(stamp: Stamp) -> StampFields:
    """Put updates in the order of their clocks, and of their servers where clocks are equal."""
    return (stamp.clock, stamp.server)


def own_clock(clock: int) -> int:
    """Promise no more than is kept: every later update gets a clock above the present one."""
    return clock


@dataclass(frozen=True, slots=True)
class CausalLamportRules:
    """The decisions of the protocol; the defaults are the right ones.

    `is_due(outlook, stamp)`: whether an update may be applied.
    `place(stamp)`: where it stands in the queue.
    `promised(clock)`: the clock below or at which a server says it will make no more updates.
    `is_in_order`: a server takes the messages of another in the order in which they were sent.
    `tells`: a server that takes an update tells its clock to all.
    """

    is_due: Callable[[ServerOutlook, Stamp], bool] = none_is_to_come
    place: Callable[[Stamp], StampFields] = by_stamp
    promised: Callable[[int], int] = own_clock
    is_in_order: bool = True
    tells: bool = True


RIGHT = CausalLamportRules()
"""The protocol as it should be."""


def _is_newer(outlook: ServerOutlook, stamp: Stamp) -> bool:
    return stamp > outlook.last


def _by_arrival(stamp: Stamp) -> StampFields:
    return (stamp.clock,)


def _one_more(clock: int) -> int:
    return clock + 1


MUTANTS: Mapping[str, CausalLamportRules] = MappingProxyType(
    {
        "D1": CausalLamportRules(is_due=_is_newer),
        "D2": CausalLamportRules(promised=_one_more),
        "D3": CausalLamportRules(place=_by_arrival),
        "D4": CausalLamportRules(is_in_order=False),
        "D5": CausalLamportRules(tells=False),
    }
)
"""The wrong variants. What each breaks, and where it shows, is in the catalog of systems."""
