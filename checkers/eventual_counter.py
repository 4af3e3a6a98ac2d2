"""A counter that may lag, but not lie: once all is still, every client reads what was added.

Weaker than `counter_bounds`, which needs each read to be of now: for counters that are replicated
without coordination, growing (G-counters) or not (PN-counters).
"""

from __future__ import annotations

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NAME = "eventual count"
UNCERTAIN_MAX = 100_000
"""So many sums of additions of unknown outcome are looked at, and no more."""


def check_eventual_counter(history: History, *, initial: int = 0) -> Verdict:
    """Tell whether the last read of each client, called after every addition ended, is a possible sum.

    A sum is possible if it has all additions that returned and any of those whose outcome is
    unknown. `examined` counts the last reads; where no client reads after the additions, the
    verdict is UNDECIDED.

    Raises:
        ValueError: an amount or a last read that is no whole number.
    """
    adds = [op for op in history if op.f == "add" and op.status != "fail"]
    still = max((op.returned for op in adds if op.status == "ok"), default=-1.0)
    last = {op.client: op for op in history if _is_read(op) and op.called > still}
    if not last:
        return undecided(NAME, "no client reads after the last addition ended")
    sure = initial + sum(_number(op, op.argument) for op in adds if op.status == "ok")
    possible = {0}
    for op in adds:
        if op.status != "ok":
            possible |= {value + _number(op, op.argument) for value in possible}
        if len(possible) > UNCERTAIN_MAX:
            return undecided(NAME, "too many additions have no known outcome")
    for op in last.values():
        if _number(op, op.result) - sure not in possible:
            return broken(
                NAME,
                f"{op.client} at last read {quoted(op.result)}; {_words(sure, possible)}",
                examined=len(last),
                culprits=(op.id,),
            )
    return holds(NAME, examined=len(last))


def _is_read(op: Operation) -> bool:
    return op.f == "read" and op.status == "ok" and op.result is not UNKNOWN


def _words(sure: int, possible: set[int]) -> str:
    if possible == {0}:
        return f"what was added is {sure}"
    return f"what was added is between {sure + min(possible)} and {sure + max(possible)}"


def _number(op: Operation, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"the {op.f} {op.id} has {quoted(value)}; it must be a whole number")
