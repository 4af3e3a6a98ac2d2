"""When a nemesis was at work: periods, from what opens one to what ends it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from counterpoint.checkers.readers.case import Interference

ENDS = frozenset({"stop", "heal", "resume", "recover", "reset", "fix", "unpartition", "cont"})
"""First words of what ends a period."""

PAIRS = {"kill": "start", "stop": "start", "pause": "resume", "crash": "start"}
"""What ends a period that such a word began, besides the words that always end one."""


class Period(NamedTuple):
    """From which step to which something was wrong with the system, and what."""

    begin: float
    end: float
    what: str


def periods_of(interferences: Iterable[Interference], end: float) -> list[Period]:
    """Return the periods; one that nothing ended lasts to the end.

    A nemesis reports twice, when it begins and when it is done; the second report changes nothing.

    >>> told = [Interference(0.5, 1, "start-partition"), Interference(3.5, 5, "stop-partition")]
    >>> periods_of(told, 9)
    [Period(begin=1, end=5, what='start-partition')]
    """
    found: list[Period] = []
    begun: dict[str, Interference] = {}
    for one in interferences:
        verb, _, what = one.what.partition("-")
        ended = _ended(begun, verb, what)
        if ended is not None:
            found.append(Period(begun[ended].step, one.step, begun.pop(ended).what))
        elif verb not in ENDS:
            begun.setdefault(one.what, one)
    found += [Period(one.step, end, one.what) for one in begun.values()]
    return sorted(found)


def _ended(begun: dict[str, Interference], verb: str, what: str) -> str | None:
    """Return the period that a report ends: of the same thing, or else the only one."""
    fitting = [
        name
        for name in begun
        if verb in ENDS or PAIRS.get(name.partition("-")[0]) == verb != name.partition("-")[0]
    ]
    same = [name for name in fitting if what and name.partition("-")[2] == what]
    return same[0] if same else fitting[-1] if fitting else None
