"""How far a broken history is legal: its longest beginning that has a legal order."""

from __future__ import annotations

import time
from dataclasses import replace

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.readers import Case
from counterpoint.harness.checking.cases import check_case
from counterpoint.harness.checking.wanted import Wanted

CLOSED = frozenset({"linearizability", "strict-serializability", "sequential-consistency"})
"""Properties that every beginning of a history has if the history has them."""


def legal_until(case: Case, wanted: Wanted, *, seconds: float) -> float | None:
    """Return the last rank up to which a broken history holds; None if it cannot be told in time.

    What was called by then and not answered counts as a call without an answer. Halving the ranks
    takes a check for each bit of their number.
    """
    if not isinstance(case.history, tuple) or not case.history:
        return None
    until = time.monotonic() + seconds
    ranks = sorted({op.returned for op in case.history if not op.is_open})
    low, high = -1, len(ranks) - 1  # what ends at `low` holds, what ends at `high` is broken
    while high - low > 1:
        left = until - time.monotonic()
        if left <= 0:
            return None
        middle = (low + high) // 2
        part = replace(case, history=beginning(case.history, ranks[middle]))
        outcome = check_case(part, replace(wanted, timeout_seconds=left)).outcome
        if outcome == "broken":
            high = middle
        elif outcome == "holds":
            low = middle
        else:
            return None
    return ranks[low] if low >= 0 else -1.0


def beginning(history: History, rank: float) -> History:
    """Return what was known at a rank.

    >>> op = Operation("o1", "a", "read", None, None, 5, 0, 9)
    >>> beginning((op,), 4)[0].status
    'info'
    """
    return tuple(_known(op, rank) for op in history if op.called <= rank)


def _known(op: Operation, rank: float) -> Operation:
    if op.returned <= rank:
        return op
    return replace(op, returned=OPEN, status="info", result=UNKNOWN, return_step=-1)
