"""Regularity of a register with several writers, in two of its forms.

Weak: each read by itself. It may return the value of a write that was called before the read
returned, unless another write came between the two: began after that write had returned, and
returned before the read was called. After Shao, Welch, Pierce and Lee, "Multiwriter consistency
conditions for shared memory registers", SIAM J. Comput. 40(1), 2011.

In one order: besides, all reads agree on one order of the writes, and each returns the last write
before it in an order that keeps every write before what was called after its return. After Viotti
and Vukolic, "Consistency in non-transactional distributed storage systems", ACM CSUR 49(1), 2016.

With one writer both are Lamport's regularity, see `single_writer`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.history import UNKNOWN, Operation, exact, exact_history, left_open
from counterpoint.checkers.linearizability.check import check_linearizability
from counterpoint.checkers.objects.p_compositionality import whole
from counterpoint.checkers.objects.specifications import Register
from counterpoint.model.verdict import Outcome, Verdict, broken, holds

WEAK = "weak regularity"
ONE_ORDER = "regularity"


def check_regular_in_one_order(
    history: Sequence[Operation],
    *,
    initial: Hashable = None,
    timeout_seconds: float | None = None,
    clock: Callable[[], float] | None = None,
) -> Verdict:
    """Judge one register: are all reads explained by one order that real time of writes allows?

    It is weak regularity, and linearizability of the history in which no read ever ends: whatever
    was called after a read need not come after it. `examined` counts reads and writes.
    """
    weak = check_weak_regular(history, initial=initial)
    if weak.outcome is not Outcome.HOLDS:
        return replace(weak, property=ONE_ORDER)
    end = max((op.returned for op in history if not op.is_open), default=0.0) + 1
    without_ends = [
        replace(op, returned=end, client=f"{op.client}, {op.id}")
        if op.f == "read" and op.is_answered
        else op
        for op in history
    ]
    return check_linearizability(
        without_ends,
        Register(initial),
        name=ONE_ORDER,
        partition=whole,
        timeout_seconds=timeout_seconds,
        clock=clock,
    )


@dataclass(frozen=True, slots=True)
class _Completed:
    """Writes that returned, in that order; `latest[i]` is the latest called of the first i + 1."""

    returns: tuple[float, ...]
    latest: tuple[Operation, ...]

    def last_called_before(self, time: float) -> Operation | None:
        """Of the writes that returned before a time, return the one that was called last."""
        count = bisect_left(self.returns, time)
        return self.latest[count - 1] if count else None


def check_weak_regular(history: Sequence[Operation], *, initial: Hashable = None) -> Verdict:
    """Judge one register: does every read return a value that was current, or of meanwhile?

    A write that failed had no effect; one that was not answered may have had it since its call.
    `examined` counts the reads; without any the verdict is UNDECIDED. O(n log n), values may repeat.
    """
    history, initial = tuple(map(left_open, exact_history(history))), exact(initial)
    writes: dict[Hashable, list[Operation]] = {}
    for op in history:
        if op.f == "write" and op.status != "fail":
            writes.setdefault(op.argument, []).append(op)
    completed = _completed(op for same in writes.values() for op in same)
    reads = [op for op in history if op.f == "read" and op.is_answered and op.result is not UNKNOWN]
    for op in reads:
        replaced_by = completed.last_called_before(op.called)
        if op.result == initial and replaced_by is None:
            continue
        possible = [write for write in writes.get(op.result, ()) if write.called <= op.returned]
        if not any(_is_current(write, replaced_by) for write in possible):
            return _violation(op, possible, replaced_by, initial, len(reads))
    return holds(WEAK, examined=len(reads))


def _completed(writes: Iterator[Operation]) -> _Completed:
    in_order = sorted((op for op in writes if not op.is_open), key=lambda op: op.returned)
    latest: list[Operation] = []
    for op in in_order:
        latest.append(max(latest[-1], op, key=lambda one: one.called) if latest else op)
    return _Completed(tuple(op.returned for op in in_order), tuple(latest))


def _is_current(write: Operation, replaced_by: Operation | None) -> bool:
    return replaced_by is None or write.returned >= replaced_by.called


def _violation(
    op: Operation,
    possible: Sequence[Operation],
    replaced_by: Operation | None,
    initial: Hashable,
    examined: int,
) -> Verdict:
    read = f"{op.id} of {op.client} read {op.result!r}"
    if replaced_by is not None and (possible or op.result == initial):
        write = possible[-1] if possible else None
        what = f"{write.id} wrote it and returned" if write else "it was the initial value"
        return broken(
            WEAK,
            f"{read} although {replaced_by.id} had replaced it by {replaced_by.argument!r}",
            examined=examined,
            because=(
                what + (f" before {replaced_by.id} was called" if write else ""),
                f"{replaced_by.id} returned before {op.id} was called",
            ),
            culprits=tuple(one.id for one in (write, replaced_by, op) if one is not None),
        )
    return broken(WEAK, f"{read}, which nobody had written", examined=examined, culprits=(op.id,))
