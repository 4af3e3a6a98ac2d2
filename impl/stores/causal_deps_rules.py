"""The decisions on which `causal_deps` rests, and the variants that decide wrongly.

Each mutant replaces the one decision that its name stands for, and leaves the rest of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.impl.stores.client import Context, adding, everything, nothing
from counterpoint.impl.stores.words import Copy, Version


def all_of_it(context: Context, key: str) -> Context:
    """Depend on all that the client has seen."""
    del key
    return context


def is_empty(missing: tuple[Version, ...]) -> bool:
    """Apply an update when it misses nothing."""
    return not missing


def is_higher(offered: Copy, held: Copy) -> bool:
    """Keep the copy with the higher stamp, whichever came first."""
    return offered.version.stamp > held.version.stamp


@dataclass(frozen=True, slots=True)
class CausalDepsRules:
    """The decisions of the protocol; the defaults are the right ones.

    `may_apply(missing)`: whether an update becomes visible while these of its needs are not.
    `seen(context, version)`: what a client remembers after it read a version.
    `needs(context, key)`: what a write of a key depends on.
    `brings(context)`: what a client that moves says of what it has seen.
    `wins(offered, held)`: whether a copy replaces the one that its key holds.
    `raised(clock, heard)`: the clock of a server that heard of a stamp with that clock.
    """

    may_apply: Callable[[tuple[Version, ...]], bool] = is_empty
    seen: Callable[[Context, Version], Context] = adding
    needs: Callable[[Context, str], Context] = all_of_it
    brings: Callable[[Context], Context] = everything
    wins: Callable[[Copy, Copy], bool] = is_higher
    raised: Callable[[int, int], int] = max


RIGHT = CausalDepsRules()
"""The protocol as it should be."""


def _always(missing: tuple[Version, ...]) -> bool:
    del missing
    return True


def _forget(context: Context, version: Version) -> Context:
    del version
    return context


def _of_this_key(context: Context, key: str) -> Context:
    return tuple(version for version in context if version.key == key)


def _arrival(offered: Copy, held: Copy) -> bool:
    del offered, held
    return True


def _keep(clock: int, heard: int) -> int:
    del heard
    return clock


MUTANTS: Mapping[str, CausalDepsRules] = MappingProxyType(
    {
        "C1": CausalDepsRules(may_apply=_always),
        "C2": CausalDepsRules(seen=_forget),
        "C3": CausalDepsRules(brings=nothing),
        "C4": CausalDepsRules(wins=_arrival),
        "C5": CausalDepsRules(needs=_of_this_key),
        "C6": CausalDepsRules(raised=_keep),
    }
)
"""The wrong variants. What each breaks, and where it shows, is in the catalog of systems."""
