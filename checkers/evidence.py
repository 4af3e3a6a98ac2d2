"""What verdicts carry besides their sentences: one small type for each kind of finding.

A verdict has any number of them, `verdict.find(FirstBad)` gets one, and `check --json` writes all of
them by the names of their fields.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterpoint.checkers.convergence import ReplicaState
    from counterpoint.checkers.transactions.history import Access


@dataclass(frozen=True, slots=True)
class Pattern:
    """The bad pattern that breaks a consistency level, as the papers call it."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The anomaly of a history of transactions, as Adya and Elle call it."""

    anomaly: str


@dataclass(frozen=True, slots=True)
class Views:
    """For each client an order of what it knows that explains all its reads."""

    views: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Accesses:
    """The accesses of each transaction of a core that it takes to fail."""

    accesses: Mapping[str, tuple[Access, ...]]


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The operation whose return left no legal order, where it was found for sure."""

    first_bad: str


@dataclass(frozen=True, slots=True)
class CouldHaveReturned:
    """What the first bad operation might have returned, among the answers that others got."""

    could_have_returned: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class CoreStanding:
    """What is known of a core: "minimal and re-checked", or what is missing for that."""

    core: str


@dataclass(frozen=True, slots=True)
class BrokenKeys:
    """All keys whose objects are broken, the one that is explained first, and those left open."""

    broken_keys: tuple[Hashable, ...]
    undecided_keys: tuple[Hashable, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefix:
    """An order of what a search explained before it gave up, of so many operations."""

    prefix: tuple[str, ...]
    operations: int


@dataclass(frozen=True, slots=True)
class OfToken:
    """The token that a breach of conservation is about."""

    token: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The amounts of an event that is not balanced: by how much more is held, and what came and went."""

    change: int
    received: int
    sent: int
    minted: int


@dataclass(frozen=True, slots=True)
class Worth:
    """A message, and what it is worth."""

    message: str
    worth: int


@dataclass(frozen=True, slots=True)
class Missing:
    """The events that a recorded clock leaves out of the past."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extra:
    """The events that a recorded clock counts as past, and that did not happen before."""

    extra: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diverged:
    """Two replicas, or one at two times, that had applied the same and were not the same."""

    observations: tuple[ReplicaState, ReplicaState]
