"""The rules of the token manager that can be got wrong, and the twelve variants that do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.impl.quorum import majority


def half(members: int) -> int:
    """Return a number of members that need not meet another group of that size.

    >>> half(3), half(4)
    (1, 2)
    """
    return members // 2


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What the right system does; each variant replaces one rule."""

    quorum: Callable[[int], int] = majority
    """How many of so many servers must answer."""

    writes_back: bool = True
    """A snapshot is stored at a quorum before it is returned."""

    confirms: bool = True
    """A snapshot is returned when a quorum holds exactly it, and not when a quorum stored it."""

    finishes_payments: bool = True
    """A payment that was begun is repeated until it is made, and not given up."""

    keeps_newer: bool = True
    """A server takes a holding only if it is newer than its own."""

    transfers: bool = True
    """A new configuration starts from the merged table of the old one."""

    seals: bool = True
    """A server refuses calls of epochs that are over."""

    recounts: bool = True
    """A client counts a quorum of the present number of servers, and not of the first one."""

    version_step: int = 1
    """By how much a payment raises the version."""

    counts_servers: bool = True
    """Answers are counted once per server, and not once per message."""

    stores_first: bool = True
    """A server writes to durable storage before it answers, and not at leisure."""

    installs_first: bool = True
    """A server serves an epoch only once it was installed for it."""


RIGHT = TokenRules()

VARIANTS: Mapping[str, TokenRules] = MappingProxyType(
    {
        "A1": TokenRules(quorum=half),
        "A2": TokenRules(writes_back=False),
        "A3": TokenRules(confirms=False),
        "A4": TokenRules(finishes_payments=False),
        "A5": TokenRules(keeps_newer=False),
        "A6": TokenRules(transfers=False),
        "A7": TokenRules(seals=False),
        "A8": TokenRules(recounts=False),
        "A9": TokenRules(version_step=0),
        "A10": TokenRules(counts_servers=False),
        "A11": TokenRules(stores_first=False),
        "A12": TokenRules(installs_first=False),
    }
)
