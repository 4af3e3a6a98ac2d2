"""What was worked out last: the properties of one run mostly look at it in the same ways, in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from counterpoint.model.trace import Trace

WayT = TypeVar("WayT")
ToldT = TypeVar("ToldT")


class LastTold(Generic[WayT, ToldT]):
    """What a trace tells, looked at in one way; worked out anew for another trace or way."""

    def __init__(self) -> None:
        self._last: tuple[Trace, WayT, ToldT] | None = None

    def told(self, trace: Trace, way: WayT, work: Callable[[Trace, WayT], ToldT]) -> ToldT:
        """Return what was told of this trace, in this way, just before; else work it out."""
        last = self._last
        if last is not None and last[0] is trace and last[1] is way:
            return last[2]
        found = work(trace, way)
        self._last = trace, way, found
        return found
