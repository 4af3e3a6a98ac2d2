"""Session guarantees by their rules, applied until nothing changes, and every order of the writes.

The obvious twin of `check_sessions`, for histories of six or seven writes: sets of sets, no graph."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import permutations, product

from counterpoint.checkers.history import History, Operation, same

Sources = tuple[int, ...]


def keeps_guarantees(
    history: History,
    *,
    guarantees: Sequence[str],
    convergent: bool = False,
    initial: Hashable = None,
) -> bool:
    """Tell whether some matching of reads with writes keeps the guarantees.

    For histories of answered operations.
    """
    operations = sorted(history, key=lambda op: op.called)
    possible = [_possible_sources(operations, op, initial) for op in operations]
    return any(_kept(operations, way, guarantees, convergent) for way in product(*possible))


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


def _kept(
    operations: list[Operation], sources: Sources, guarantees: Sequence[str], convergent: bool
) -> bool:
    visible = _visible(operations, sources, guarantees)
    writes = [i for i, op in enumerate(operations) if op.f == "write"]
    clients = {op.client for op in operations if op.f == "read"}
    groups = [clients] if convergent else [{client} for client in sorted(clients)]
    if any(index in visible[index] for index in writes):
        return False
    return all(
        any(
            _suits(operations, sources, visible, order, group, "RYW" in guarantees)
            for order in permutations(writes)
        )
        for group in groups
    )


def _visible(
    operations: list[Operation], sources: Sources, guarantees: Sequence[str]
) -> list[set[int]]:
    """For each read the writes visible to it; for each write those that any server has before it."""
    visible: list[set[int]] = [set() for _ in operations]
    while True:
        before = [set(known) for known in visible]
        for index, op in enumerate(operations):
            if sources[index] >= 0:
                visible[index] |= {sources[index], *visible[sources[index]]}
            for earlier, other in enumerate(operations):
                if other.client == op.client and other.called < op.called:
                    visible[index] |= _handed_on(earlier, other, op, visible, guarantees)
        if visible == before:
            return visible


def _handed_on(
    index: int,
    earlier: Operation,
    later: Operation,
    visible: list[set[int]],
    guarantees: Sequence[str],
) -> set[int]:
    match earlier.f, later.f:
        case "write", "read" if "RYW" in guarantees:
            return {index, *visible[index]}
        case "read", "read" if "MR" in guarantees:
            return visible[index]
        case "write", "write" if "MW" in guarantees:
            return {index, *visible[index]}
        case "read", "write" if "WFR" in guarantees:
            return visible[index]
    return set()


def _suits(
    operations: list[Operation],
    sources: Sources,
    visible: list[set[int]],
    order: Sequence[int],
    clients: set[str],
    own_in_order: bool,
) -> bool:
    place = {-1: -1} | {index: number for number, index in enumerate(order)}
    for write in order:
        if any(place[other] > place[write] for other in visible[write]):
            return False
    for read, op in enumerate(operations):
        if op.f != "read" or op.client not in clients:
            continue
        known = [i for i in visible[read] if same(operations[i].key, op.key)]
        if any(place[other] > place[sources[read]] for other in known):
            return False
        own = [
            place[i]
            for i in order
            if operations[i].client == op.client
            and same(operations[i].key, op.key)
            and operations[i].called < op.called
        ]
        in_time = [
            place[i] for i in sorted(order, key=lambda i: operations[i].called) if place[i] in own
        ]
        if own_in_order and in_time != sorted(own):
            return False
    return True
