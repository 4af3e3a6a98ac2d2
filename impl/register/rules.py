"""The decisions on which the register's guarantees rest, and the variants that decide wrongly.

The protocol consults `RegisterRules` wherever a plausible mistake would go unnoticed by an ordinary
test. Each mutant replaces the decision that its name stands for, and leaves the rest of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from counterpoint.impl.register.messages import Request
from counterpoint.impl.register.values import Record


def majority(readers: int) -> int:
    """Return the least number of readers of which any two groups have one in common.

    >>> [majority(readers) for readers in (1, 2, 3, 4, 5)]
    [1, 2, 2, 3, 3]
    """
    return readers // 2 + 1


def is_higher(offered: Record, kept: Record) -> bool:
    """Tell whether a record is to replace the kept one: only if its stamp is higher."""
    return offered.stamp > kept.stamp


def is_same(answered: Request, waiting: Request) -> bool:
    """Tell whether an answer counts for the request that waits: only if it names that very one."""
    return answered == waiting


def kept_counter(stamp: int) -> int:
    """Return the writer's counter after a restart: what it was."""
    return stamp


@dataclass(frozen=True, slots=True)
class RegisterRules:
    """The decisions of the protocol; the defaults are the right ones.

    `quorum(readers)`: how many readers a phase waits for.
    `replaces(offered, kept)`: whether a reader takes an offered record in place of its own.
    `counts_for(answered, waiting)`: whether an answer belongs to the request under way.
    `recovered(stamp)`: what a writer's counter is after a restart.
    `writes_back`: a read stores what it is about to return at a quorum first.
    `writer_votes`: a writer that is no reader counts as one all the same.
    `is_durable_before_use`: a writer persists its counter before it sends a stamp, not at the end.
    `is_durable_before_reply`: a reader persists a record before it acknowledges it.
    `first_stamp`, `clock_jump`: stamps come from a counter that starts at 0 and never jumps; a jump
    other than 0 makes it a clock, which may once be set to that much later (earlier: below 0).
    `checked_by`: who looks up whether an operation is allowed.
    """

    quorum: Callable[[int], int] = majority
    replaces: Callable[[Record, Record], bool] = is_higher
    counts_for: Callable[[Request, Request], bool] = is_same
    recovered: Callable[[int], int] = kept_counter
    writes_back: bool = True
    writer_votes: bool = False
    is_durable_before_use: bool = True
    is_durable_before_reply: bool = True
    first_stamp: int = 0
    clock_jump: int = 0
    checked_by: Literal["server", "client"] = "server"


RIGHT = RegisterRules()
"""The protocol as it should be."""


def _half(readers: int) -> int:
    return max(1, readers // 2)


def _always(offered: Record, kept: Record) -> bool:
    del offered, kept
    return True


def _is_as_high(offered: Record, kept: Record) -> bool:
    return offered.stamp >= kept.stamp


def _is_same_client(answered: Request, waiting: Request) -> bool:
    return answered.client == waiting.client


def _zero(stamp: int) -> int:
    del stamp
    return 0


MUTANTS: Mapping[str, RegisterRules] = MappingProxyType(
    {
        "B1": RegisterRules(writes_back=False),
        "B2": RegisterRules(writer_votes=True),
        "B3": RegisterRules(quorum=_half),
        "B4": RegisterRules(replaces=_always),
        "B5": RegisterRules(replaces=_is_as_high, is_durable_before_use=False),
        "B6": RegisterRules(recovered=_zero),
        "B7": RegisterRules(first_stamp=100, clock_jump=-2),
        "B8": RegisterRules(is_durable_before_reply=False),
        "B9": RegisterRules(counts_for=_is_same_client),
        "B10": RegisterRules(checked_by="client"),
    }
)
"""The wrong variants. What each breaks, and where it shows, is in the catalog of systems."""
