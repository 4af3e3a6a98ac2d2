"""What was worked out last: the properties of one run mostly look at it in the same ways, in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

SubjectT = TypeVar("SubjectT")
WayT = TypeVar("WayT")
ToldT = TypeVar("ToldT")


class LastTold(Generic[SubjectT, WayT, ToldT]):
    """What a trace or a history tells, looked at in one way; worked out anew for another, or a way."""

    def __init__(self) -> None:
        self._last: tuple[SubjectT, WayT, ToldT] | None = None

    def told(self, subject: SubjectT, way: WayT, work: Callable[[SubjectT, WayT], ToldT]) -> ToldT:
        """Return what was told of this very value, in this way, just before; else work it out."""
        last = self._last
        if last is not None and last[0] is subject and last[1] is way:
            return last[2]
        found = work(subject, way)
        self._last = subject, way, found
        return found
