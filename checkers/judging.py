"""What checkers share on the way to a verdict: evidence, explanations, shrinking and deadlines.

Evidence is what verdicts carry besides their sentences: one small type for each kind of finding. A
verdict has any number of them, `verdict.find(FirstBad)` gets one, and `check --json` writes all of
them by the names of their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from counterpoint.model.verdict import Edge, Reason, Verdict, broken

if TYPE_CHECKING:
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


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why something cannot be: one sentence, a few reasons, the circle of "comes before" behind them.

    `culprits` are the operations of the core, the deciding one last.
    """

    summary: str
    reasons: tuple[Reason, ...]
    edges: tuple[Edge, ...] = ()
    culprits: tuple[str, ...] = ()
    evidence: tuple[object, ...] = ()

    def verdict(self, name: str, *, examined: int) -> Verdict:
        """Return the verdict of a property that is broken for this reason."""
        return broken(
            name,
            self.summary,
            examined=examined,
            because=self.reasons,
            edges=self.edges,
            culprits=self.culprits,
            evidence=self.evidence,
        )


def shrink(
    whole: T,
    size: Callable[[T], int],
    without: Callable[[T, range], T | None],
    fails: Callable[[T], bool],
    *,
    is_monotone: bool = False,
) -> T:
    """Leave out chunks of something that fails while the rest fails: halves first, at last singles.

    `without` leaves out a chunk by its places, and what depends on it; None where nothing would be
    left. No single part of the result can be spared. Where whatever contains a failure fails
    (`is_monotone`), a chunk that could not be spared is not tried again at the same size. The
    reduction to complements of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
    input", TSE 28(2), 2002.

    >>> def without(text, gone): return text[: gone.start] + text[gone.stop :]
    >>> shrink("all broken", len, without, lambda text: "k" in text and "b" in text)
    'bk'
    """
    chunk, start = max(1, size(whole) // 2), 0
    while True:
        while start < size(whole):
            smaller = without(whole, range(start, min(start + chunk, size(whole))))
            if smaller is None or not fails(smaller):
                start += chunk
                continue
            whole = smaller
            if not is_monotone:
                chunk, start = min(chunk, max(1, size(whole) // 2)), 0
        if chunk <= 1:
            return whole
        chunk, start = min((chunk + 1) // 2, max(1, size(whole) // 2)), 0


def deadline(seconds: float | None, clock: Callable[[], float] | None) -> Callable[[], bool]:
    """Return a function that tells whether so many seconds have passed; None of them never do.

    Raises:
        ValueError: seconds without a clock.

    >>> deadline(None, None)()
    False
    """
    if seconds is None:
        return lambda: False
    if clock is None:
        raise ValueError("timeout_seconds needs a clock, for example clock=time.monotonic")
    now, end = clock, clock() + seconds
    return lambda: now() >= end
