"""Causal consistency by trying every order: obviously right, and exponential.

The definitions of Bouajjani, Enea, Guerraoui, Hamza, POPL 2017, section 3, followed to the letter:
no bad patterns, no clocks. `check_causal` is compared with it on small histories."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import product

from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation, same

Sources = tuple[int, ...]
"""For each operation the index of the write it read from; -1 for the initial value, and writes."""

Past = tuple[frozenset[int], ...]
"""For each operation those that causally precede it."""


def is_causal(history: History, *, level: Level = "cc", initial: Hashable = None) -> bool:
    """Tell whether some choice of what happened and of who read from whom is consistent.

    Late writes (open, or "info") may have happened or not; failed operations did not. For
    histories of up to eight or nine operations.
    """
    sure = [op for op in history if op.status == "ok" and op.returned != OPEN]
    sure = [op for op in sure if op.f == "write" or op.result is not UNKNOWN]
    late = [op for op in history if op.status != "fail" and op.f == "write" and op not in sure]
    return any(
        _explained(sorted([*sure, *happened], key=lambda op: op.called), level, initial)
        for happened in _subsets(late)
    )


def _subsets(late: Sequence[Operation]) -> Iterator[list[Operation]]:
    for chosen in product((False, True), repeat=len(late)):
        yield [op for op, happened in zip(late, chosen, strict=True) if happened]


def _explained(operations: list[Operation], level: Level, initial: Hashable) -> bool:
    explains: dict[Level, Callable[[list[Operation], Sources, Past], bool]] = {
        "cc": _each_read,
        "ccv": _all_together,
        "cm": _each_session,
    }
    for sources in _matchings(operations, initial):
        past = _causal_past(operations, sources)
        if past is not None and explains[level](operations, sources, past):
            return True
    return False


def _matchings(operations: list[Operation], initial: Hashable) -> Iterator[Sources]:
    yield from product(*(_possible_sources(operations, op, initial) for op in operations))


def _possible_sources(
    operations: list[Operation], op: Operation, initial: Hashable
) -> tuple[int, ...]:
    if op.f == "write":
        return (-1,)
    writes = tuple(
        index
        for index, other in enumerate(operations)
        if other.f == "write" and same(other.key, op.key) and same(other.argument, op.result)
    )
    return (*writes, -1) if same(op.result, initial) else writes


def _causal_past(operations: list[Operation], sources: Sources) -> Past | None:
    """Session order and reads-from, closed; None where they form a cycle."""
    count = len(operations)
    past = [
        {j for j in range(i) if _in_session(operations[j], operations[i])} for i in range(count)
    ]
    for index, source in enumerate(sources):
        if source >= 0:
            past[index].add(source)
    for middle in range(count):
        for known in past:
            if middle in known:
                known |= past[middle]
    if any(index in known for index, known in enumerate(past)):
        return None
    return tuple(map(frozenset, past))


def _in_session(before: Operation, after: Operation) -> bool:
    """A late write comes after what its client did before, and says nothing of what it did next."""
    is_late = before.status == "info" or before.is_open
    return before.client == after.client and before.called < after.called and not is_late


def _orders(chosen: frozenset[int], past: Past) -> Iterator[tuple[int, ...]]:
    """Every order of these operations that respects causality."""
    if not chosen:
        yield ()
    for last in sorted(chosen):
        if not any(last in past[other] for other in chosen):
            for rest in _orders(chosen - {last}, past):
                yield (*rest, last)


def _last_write(operations: list[Operation], order: Sequence[int], key: Hashable) -> int:
    for index in reversed(order):
        if operations[index].f == "write" and same(operations[index].key, key):
            return index
    return -1


def _is_right(
    operations: list[Operation], sources: Sources, order: Sequence[int], read: int
) -> bool:
    """Tell whether a read returns the last write of its key before it in this order."""
    before = order[: order.index(read)]
    return _last_write(operations, before, operations[read].key) == sources[read]


def _writes(operations: list[Operation], chosen: frozenset[int]) -> frozenset[int]:
    return frozenset(i for i in chosen if operations[i].f == "write")


def _each_read(operations: list[Operation], sources: Sources, past: Past) -> bool:
    """CC: for each read some order of what it knows explains what it returned."""
    return all(
        any(
            _last_write(operations, order, op.key) == sources[read]
            for order in _orders(_writes(operations, past[read]), past)
        )
        for read, op in enumerate(operations)
        if op.f == "read"
    )


def _all_together(operations: list[Operation], sources: Sources, past: Past) -> bool:
    """CCv: one order of all writes explains, restricted to what each read knows, every read."""
    reads = [i for i, op in enumerate(operations) if op.f == "read"]
    everything = frozenset(range(len(operations)))
    return any(
        all(
            _last_write(operations, [i for i in order if i in past[r]], operations[r].key)
            == sources[r]
            for r in reads
        )
        for order in _orders(_writes(operations, everything), past)
    )


def _each_session(operations: list[Operation], sources: Sources, past: Past) -> bool:
    """CM: for each operation, one order of its past explains all reads of its session so far."""
    for index, op in enumerate(operations):
        known = past[index] | {index}
        own = frozenset(
            i for i in known if operations[i].client == op.client and operations[i].f == "read"
        )
        orders = _orders(_writes(operations, known) | own, past)
        if not any(all(_is_right(operations, sources, o, r) for r in own) for o in orders):
            return False
    return True
