"""Zones: the one scan that decides a read/write register whose writes all carry different values.

A *cluster* is a write with the reads that returned its value. Its zone runs from its first return
to its last call. Where the first return comes first the zone is *forward*: the value was certainly
in the register all that time. Two clusters can be ordered one after the other unless each has an
operation that ended before one of the other began, and a register is linearizable exactly when no
two clusters conflict in that way.

Sources: Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997; Golab, Li and
Shah, "Analyzing consistency properties for fun and profit", PODC 2011 (the zones).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import compress, filterfalse
from operator import lt


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
