"""Registers whose writes all carry different values: one scan that decides, and monitors that follow it.

Largest value of a range of a growing list, in O(log n).

Zones: the one scan that decides a read/write register whose writes all carry different values.

A *cluster* is a write with the reads that returned its value. Its zone runs from its first return
to its last call. Where the first return comes first the zone is *forward*: the value was certainly
in the register all that time. Two clusters can be ordered one after the other unless each has an
operation that ended before one of the other began, and a register is linearizable exactly when no
two clusters conflict in that way.

Sources: Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997; Golab, Li and
Shah, "Analyzing consistency properties for fun and profit", PODC 2011 (the zones).

Monitors: told of calls and returns as they happen, they name the first return that is wrong.

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
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, filterfalse
from operator import lt
from typing import Protocol

from counterpoint.checkers.history import OPEN, UNKNOWN, Operation, exact


class RangeMax:
    """A list of numbers that can be appended to and raised; a heap-shaped tree over it.

    >>> numbers = RangeMax([5, 1, 4])
    >>> numbers.raise_to(1, 7)
    >>> numbers.largest(0, 3), numbers.largest(2, 3), numbers.largest(2, 2)
    (7, 4, -inf)
    """

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        """Start with some numbers."""
        self._count = 0
        self._leaves = 1
        self._tree = [-math.inf, -math.inf]
        for number in numbers:
            self.append(number)

    def __getitem__(self, index: int) -> float:
        """The number at an index."""
        return self._tree[self._leaves + index]

    def append(self, number: float) -> None:
        """Add a number at the end."""
        if self._count == self._leaves:
            self._double()
        self._count += 1
        self.raise_to(self._count - 1, number)

    def raise_to(self, index: int, number: float) -> None:
        """Make a number larger."""
        tree, node = self._tree, self._leaves + index
        while node and tree[node] < number:
            tree[node] = number
            node //= 2

    def largest(self, start: int, stop: int) -> float:
        """The largest number from `start` up to, not including, `stop`; -inf if there is none."""
        tree, result = self._tree, -math.inf
        low, high = start + self._leaves, stop + self._leaves
        while low < high:
            if low & 1:
                result = max(result, tree[low])
                low += 1
            if high & 1:
                high -= 1
                result = max(result, tree[high])
            low //= 2
            high //= 2
        return result

    def _double(self) -> None:
        """Make room for as many numbers again; each number is moved once per doubling."""
        numbers = self._tree[self._leaves :]
        self._leaves *= 2
        self._tree = [-math.inf] * (2 * self._leaves)
        for index, number in enumerate(numbers):
            self.raise_to(index, number)


class RepeatedValue(ValueError):
    """A value was written twice, or is the initial one: a read of it may be of either write."""

    def __init__(self, value: Hashable) -> None:
        super().__init__(f"the value {value!r} was written more than once, or is the initial value")
        self.value = value


@dataclass(frozen=True, slots=True)
class Columns:
    """The writes and the answered reads of one register, one column per fact.

    Ranks are any numbers that order events; `math.inf` is the return of a write that stayed open.
    """

    write_values: list[Hashable]
    write_calls: list[float]
    write_returns: list[float]
    read_values: list[Hashable]
    read_calls: list[float]
    read_returns: list[float]


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which write each read took its value from, and the zone of each cluster.

    Cluster `i` belongs to write `i`; the last one to the initial value, whose write lies before
    everything. `cluster_of_read` is None where nobody wrote the value.
    """

    cluster_of_read: list[int | None]
    first_return: list[float]
    last_call: list[float]
    unwritten_read: int | None
    early_read: int | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two clusters of which neither can come first."""

    one: int
    other: int


def clusters_of(columns: Columns, initial: Hashable) -> Clusters:
    """Give each read to the write of its value.

    `unwritten_read` is the first read whose value nobody wrote; `early_read` the first that
    returned before the write of its value was called. Either settles the history.

    Raises:
        RepeatedValue: if a value does not tell which write it came from.
    """
    cluster_of = _cluster_of_value(columns.write_values, initial)
    of_read = list(map(cluster_of.get, columns.read_values))
    first_return = [*columns.write_returns, -math.inf]
    last_call = [*columns.write_calls, -math.inf]
    written_at = [*columns.write_calls, -math.inf]
    if None in of_read:
        return Clusters(of_read, first_return, last_call, of_read.index(None), None)
    early = None
    reads = zip(of_read, columns.read_calls, columns.read_returns, strict=True)
    for cluster, called, returned in reads:
        assert cluster is not None
        if returned < first_return[cluster]:
            first_return[cluster] = returned
            if returned < written_at[cluster] and early is None:
                early = cluster
        if called > last_call[cluster]:
            last_call[cluster] = called
    return Clusters(of_read, first_return, last_call, None, _first_early(early, of_read, columns))


def _cluster_of_value(written: Sequence[Hashable], initial: Hashable) -> dict[Hashable, int]:
    cluster_of = dict(zip(written, range(len(written)), strict=True))
    if len(cluster_of) != len(written):
        raise RepeatedValue(next(v for i, v in enumerate(written) if cluster_of[v] != i))
    if initial in cluster_of:
        raise RepeatedValue(initial)
    cluster_of[initial] = len(written)
    return cluster_of


def _first_early(cluster: int | None, of_read: list[int | None], columns: Columns) -> int | None:
    """The first read that returned before its value's write was called, if any did."""
    if cluster is None:
        return None
    for read, (of, returned) in enumerate(zip(of_read, columns.read_returns, strict=True)):
        if of is not None and of < len(columns.write_calls) and returned < columns.write_calls[of]:
            return read
    raise AssertionError(f"no early read in cluster {cluster}")


def order_of_zones(
    first_return: list[float], last_call: list[float]
) -> tuple[list[int], Conflict | None]:
    """Sort zones into the only order worth trying, and find the first conflict in it.

    The last zone given is that of the initial value, whose first return lies before everything.
    Each zone is placed at its low end. A forward zone then may not be entered by the first return
    of any later cluster before its own last call: that cluster would have to come both after it
    (it is later) and before it. A backward zone forbids nothing.

    >>> order_of_zones([1, 3, -math.inf], [2, 4, -math.inf])
    ([2, 0, 1], None)
    >>> order_of_zones([1, 3, -math.inf], [5, 4, -math.inf])[1]
    Conflict(one=0, other=1)
    """
    initial = len(first_return) - 1
    low_end = list(map(min, first_return, last_call))
    is_forward = list(map(lt, first_return, last_call))
    # At equal times a backward zone comes first: it only touches the forward one. The initial
    # zone comes before all; without its infinite rank the others compare fast, as integers.
    order = list(filterfalse(is_forward.__getitem__, range(initial)))
    order += compress(range(initial), is_forward)
    order.sort(key=low_end.__getitem__)
    order.insert(0, initial)
    return order, _first_conflict(order, first_return, last_call)


def _first_conflict(
    order: list[int], first_return: list[float], last_call: list[float]
) -> Conflict | None:
    held_until, holder = -math.inf, -1
    for cluster in order:
        first = first_return[cluster]
        if first < held_until:
            return Conflict(holder, cluster)
        if first < last_call[cluster]:
            held_until, holder = last_call[cluster], cluster
    return None


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
