"""The smallest set of operations that shows a register to be broken: at most six of them.

A set counts when it holds, for every read in it, the write of the value read (where there is one),
and cannot be ordered. By the zone theorem the smallest such set is one read of a value nobody
wrote, or a read with the later write of its value, or two clusters A and B with operations
`a1` before `b2` and `b1` before `a2`. Of a cluster only a few pairs of operations can be part of a
smallest set, listed in `_spans`; so all sizes are tried in turn, each in O(n log n).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from counterpoint.checkers.history import Operation
from counterpoint.checkers.register.zones import Clusters


@dataclass(frozen=True, slots=True)
class UnwrittenRead:
    """A read of a value that no write can have left."""

    read: Operation

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The core, the deciding operation last."""
        return (self.read,)


@dataclass(frozen=True, slots=True)
class EarlyRead:
    """A read that returned before the write of its value was called."""

    read: Operation
    write: Operation

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The core, the deciding operation last."""
        return (self.write, self.read)


@dataclass(frozen=True, slots=True)
class Span:
    """Two operations on one value: the write itself, or reads of it."""

    write: Operation
    first: Operation
    last: Operation

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The write and the two operations, without repetition and without the initial write."""
        named = {op.id: op for op in (self.write, self.first, self.last)}
        return tuple(op for op in named.values() if not is_initial(op))

    @property
    def ends(self) -> float:
        """When the first operation returned."""
        return self.first.returned

    @property
    def begins(self) -> float:
        """When the last operation was called."""
        return self.last.called


def initial_write(value: Hashable) -> Operation:
    """The write that nobody called: it put the initial value there before everything else."""
    return Operation("init", "", "write", None, value, None, called=-math.inf, returned=-math.inf)


def is_initial(op: Operation) -> bool:
    """Tell whether an operation is the write that nobody called."""
    return op.returned == -math.inf


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two values of which each was in use before the other was last used.

    `stale.first` returned before `fresh.last` was called, and `fresh.first` before `stale.last`,
    which is a read and returned last of all.
    """

    stale: Span
    fresh: Span

    @property
    def deciding(self) -> Operation:
        """The read without which the operations could still be ordered."""
        return self.stale.last

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The core in call order, but the deciding operation last."""
        rest = (op for op in self.stale.operations + self.fresh.operations if op != self.deciding)
        return (*sorted(rest, key=lambda op: op.called), self.deciding)


RegisterCore = UnwrittenRead | EarlyRead | Crossing


def smallest_core(
    writes: Sequence[Operation],
    reads: Sequence[Operation],
    clusters: Clusters,
    *,
    initial: Hashable,
) -> RegisterCore | None:
    """Return a smallest set of operations that cannot be ordered, or None if there is none."""
    if clusters.unwritten_read is not None:
        return UnwrittenRead(reads[clusters.unwritten_read])
    if clusters.early_read is not None:
        written_by = clusters.cluster_of_read[clusters.early_read]
        assert written_by is not None, "an early read is of a value that was written later"
        return EarlyRead(reads[clusters.early_read], writes[written_by])
    spans = _spans_by_size([*writes, initial_write(initial)], reads, clusters)
    for size in range(2, 7):
        crossings = tuple(_crossings_of_size(size, spans))
        if crossings:
            return min(crossings, key=lambda crossing: crossing.deciding.returned)
    return None


PlacedSpan = tuple[int, Span]
"""A span and the number of its cluster."""


def _spans_by_size(
    writes: Sequence[Operation], reads: Sequence[Operation], clusters: Clusters
) -> dict[int, list[PlacedSpan]]:
    """The pairs of operations that can be part of a smallest core, by how many operations it has.

    Only clusters that are in conflict at their full width are looked at.
    """
    found: dict[int, list[PlacedSpan]] = {1: [], 2: [], 3: []}
    reads_of = _reads_by_cluster(reads, clusters, _in_conflict(clusters))
    for cluster, own in sorted(reads_of.items()):
        for span in _spans(writes[cluster], own):
            found[len(span.operations)].append((cluster, span))
    return found


def _spans(write: Operation, reads: Sequence[Operation]) -> Iterator[Span]:
    if is_initial(write):
        # The initial value was there before everything, so only its last read can matter.
        yield Span(write, write, max(reads, key=lambda op: op.called))
        return
    yield Span(write, write, write)
    if reads:
        soonest = min(reads, key=lambda op: op.returned)
        latest = max(reads, key=lambda op: op.called)
        yield Span(write, write, latest)
        yield Span(write, soonest, write)
        yield from (Span(write, read, read) for read in reads)
        if soonest is not latest:
            yield Span(write, soonest, latest)


def _in_conflict(clusters: Clusters) -> set[int]:
    """The clusters that conflict with some other, each at its full width."""
    ends, begins = clusters.first_return, clusters.last_call
    partners = _Partners((ends[i], begins[i], i) for i in range(len(ends)))
    return {i for i in range(len(ends)) if partners.of(ends[i], begins[i], i) is not None}


def _reads_by_cluster(
    reads: Sequence[Operation], clusters: Clusters, wanted: set[int]
) -> dict[int, list[Operation]]:
    reads_of: dict[int, list[Operation]] = {cluster: [] for cluster in wanted}
    for read, cluster in zip(reads, clusters.cluster_of_read, strict=True):
        if cluster in reads_of:
            reads_of[cluster].append(read)
    return reads_of


class _Partners:
    """Finds, for a span, one of another cluster that crosses it; O(log n) each."""

    def __init__(self, spans: Iterable[tuple[float, float, int]]) -> None:
        """Take (end of first, begin of last, cluster) and sort them by the end."""
        self._sorted = sorted(enumerate(spans), key=lambda item: item[1][0])
        self._ends = [span[0] for _, span in self._sorted]
        self._best = list(self._latest_two())

    def _latest_two(self) -> Iterator[tuple[int, int]]:
        """For each prefix, the positions of its two latest begins, of different clusters."""
        best = second = -1
        for at, (_, (_, begins, cluster)) in enumerate(self._sorted):
            if best < 0 or begins > self._begins(best):
                if best >= 0 and self._cluster(best) != cluster:
                    second = best
                best = at
            elif self._cluster(best) != cluster and (second < 0 or begins > self._begins(second)):
                second = at
            yield best, second

    def _begins(self, at: int) -> float:
        return self._sorted[at][1][1]

    def _cluster(self, at: int) -> int:
        return self._sorted[at][1][2]

    def of(self, ends: float, begins: float, cluster: int) -> int | None:
        """The index, as given, of a span of another cluster that crosses this one."""
        prefix = bisect_left(self._ends, begins)
        if prefix == 0:
            return None
        best, second = self._best[prefix - 1]
        at = second if self._cluster(best) == cluster else best
        return self._sorted[at][0] if at >= 0 and self._begins(at) > ends else None


def _crossings_of_size(size: int, spans: dict[int, list[PlacedSpan]]) -> Iterator[Crossing]:
    for smaller in range(1, size // 2 + 1):
        larger = size - smaller
        if larger not in spans:
            continue
        partners = _Partners((s.ends, s.begins, cluster) for cluster, s in spans[smaller])
        for cluster, span in spans[larger]:
            index = partners.of(span.ends, span.begins, cluster)
            if index is not None:
                yield _crossing(spans[smaller][index][1], span)


def _crossing(one: Span, other: Span) -> Crossing:
    """Tell the stale side from the fresh one: the stale one ends in the read that returned last.

    At least one side ends in a read. Were both last operations writes, each first operation
    would have to be a read that returned before the write of its value was called.
    """
    if is_initial(one.write) or is_initial(other.write):
        one_decides = is_initial(one.write)
    else:
        one_decides = one.last != one.write and (
            other.last == other.write or one.last.returned > other.last.returned
        )
    stale, fresh = (one, other) if one_decides else (other, one)
    # Among equally small sets the one that leans on the writes themselves is easier to follow.
    plain_stale = Span(stale.write, stale.write, stale.last)
    if _cross(plain_stale, fresh):
        stale = plain_stale
    plain_fresh = Span(fresh.write, fresh.first, fresh.write)
    if _cross(stale, plain_fresh):
        fresh = plain_fresh
    return Crossing(stale, fresh)


def _cross(one: Span, other: Span) -> bool:
    return one.ends < other.begins and other.ends < one.begins
