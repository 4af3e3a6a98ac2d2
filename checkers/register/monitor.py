"""Monitors: told of calls and returns as they happen, they name the first return that is wrong.

    monitor = RegisterMonitor(initial=0)
    monitor.call(op)                # only who asks what counts, and when
    fault = monitor.answer(op)      # "" while all returns so far have an order

Both monitors are told of events in the order of their ranks, calls first at equal ranks. Once a
return was wrong, every later answer says the same. `RegisterMonitor` takes a register whose writes
all carry different values, O(log n) per return; `ObjectMonitor` takes any object.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from typing import Protocol

from counterpoint.checkers.exact import exact
from counterpoint.checkers.history import OPEN, UNKNOWN, Operation
from counterpoint.checkers.register.range_max import RangeMax
from counterpoint.checkers.register.zones import RepeatedValue


class Monitor(Protocol):
    """Follows a history while it is made."""

    def call(self, op: Operation) -> None:
        """Note a call."""

    def answer(self, op: Operation) -> str:
        """Note a return, of whatever status, and say what is wrong by now, or ""."""


def first_fault(history: Iterable[Operation], monitor: Monitor) -> tuple[Operation, str] | None:
    """Play a history to a monitor: the first operation whose return was wrong, and why."""
    for is_return, op in events(history):
        if not is_return:
            monitor.call(op)
            continue
        fault = monitor.answer(op)
        if fault:
            return op, fault
    return None


def events(history: Iterable[Operation]) -> Iterator[tuple[bool, Operation]]:
    """The calls (False) and returns (True) of a history in the order of their ranks."""
    timed = [(op.called, False, op) for op in history]
    timed += [(op.returned, True, op) for _, _, op in timed if op.returned != OPEN]
    timed.sort(key=lambda event: event[:2])
    return ((is_return, op) for _, is_return, op in timed)


class RegisterMonitor:
    """Watches one register by its zones, which only grow: a return can conflict only when it
    extends a zone to a later call.
    """

    def __init__(self, initial: Hashable = None) -> None:
        """Start before any call."""
        self._initial = exact(initial)
        self._fault = ""
        self._write_called: dict[Hashable, float] = {self._initial: -math.inf}
        self._was_read: set[Hashable] = set()
        self._place: dict[Hashable, int] = {self._initial: 0}
        self._first_return: list[float] = [-math.inf]
        self._last_call = RangeMax([-math.inf])

    def call(self, op: Operation) -> None:
        """Note a call.

        Raises:
            RepeatedValue: if its value was written before.
        """
        if op.f == "write":
            value = exact(op.argument)
            if value in self._write_called:
                raise RepeatedValue(value)
            self._write_called[value] = op.called

    def answer(self, op: Operation) -> str:
        """Note a return, and say what is wrong with it, or ""."""
        if not self._fault and op.status != "info":
            match op.f, op.status:
                case "write", "fail":
                    self._fault = self._undo(op)
                case "write", _:
                    self._fault = self._use(op, exact(op.argument))
                case _, "ok" if op.result is not UNKNOWN:
                    self._was_read.add(exact(op.result))
                    self._fault = self._use(op, exact(op.result))
        return self._fault

    def _undo(self, op: Operation) -> str:
        """Forget a write that had no effect; whoever read its value read from nowhere."""
        if exact(op.argument) in self._was_read:
            return f"{op.id} failed, but its value had been read"
        del self._write_called[exact(op.argument)]
        return ""

    def _use(self, op: Operation, value: Hashable) -> str:
        """Extend the zone of a value by an operation that returns now."""
        if value not in self._write_called:
            return f"{op.id} returned a value that nobody had called a write of"
        place = self._place.get(value)
        if place is None:
            # Every call so far came before this return, so the new zone conflicts with none.
            self._place[value] = len(self._first_return)
            self._first_return.append(op.returned)
            self._last_call.append(max(op.called, self._write_called[value]))
            return ""
        if op.called <= self._last_call[place]:
            return ""
        self._last_call.raise_to(place, op.called)
        after = bisect_left(self._first_return, op.called)
        newest = max(
            self._last_call.largest(0, min(place, after)),
            self._last_call.largest(place + 1, after),
        )
        if newest <= self._first_return[place]:
            return ""
        return f"{op.id} returned a value after another had replaced it"
