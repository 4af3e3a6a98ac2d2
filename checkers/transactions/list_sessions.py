"""What sessions may expect of their past, where they append to lists and read them whole.

The order of a list is known from its reads, so each expectation is a length: a read must show at
least so many elements. Terry et al., "Session guarantees for weakly consistent replicated data",
PDIS 1994.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple

from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.micro import Micro, are_micro_operations
from counterpoint.checkers.sessions.order import Guarantee
from counterpoint.checkers.transactions.list_versions import Lists, NotAListHistory, lists_of
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds, undecided

Element = tuple[Hashable, Hashable]
"""A key, and an element of its list."""

NAME = "session guarantees of lists"
CAUSAL: frozenset[Guarantee] = frozenset({"MW", "WFR"})
WORDS: dict[Guarantee, str] = {
    "RYW": "its client had appended more",
    "MR": "its client had read more",
    "MW": "more was appended before what its client had seen of the same session",
    "WFR": "more was read by whoever then appended what its client had seen",
}


class Floor(NamedTuple):
    """How long a list must be that is read, by which guarantee, and since which operation."""

    length: int
    guarantee: Guarantee
    witness: str


Floors = dict[Hashable, Floor]
"""By key."""


def check_list_sessions(history: History, *, guarantees: Collection[Guarantee]) -> Verdict:
    """Tell whether no read misses an element that a guarantee promises it.

    `examined` counts the reads. Where the lists contradict each other the verdict is UNDECIDED:
    then no order of theirs is known.
    """
    try:
        lists = lists_of(history)
    except NotAListHistory as error:
        return undecided(NAME, str(error))
    if any(fault.anomaly == "incompatible order" for fault in lists.faults):
        return undecided(NAME, "the lists that were read do not agree on one order")
    taken = [op for op in history if op.status == "ok"]
    causes = _causes(taken, lists, guarantees)
    floors: dict[str, Floors] = {op.client: {} for op in taken}
    for op in taken:
        own = floors[op.client]
        for kind, key, value in _micros(op):
            if kind == "append" and "RYW" in guarantees:
                _raise(own, key, Floor(_place(lists, key, value), "RYW", op.id))
            if kind != "r":
                continue
            seen = value if isinstance(value, tuple) else ()
            floor = own.get(key)
            if floor is not None and len(seen) < floor.length:
                return _missed(op, key, floor, lists)
            if seen and "MR" in guarantees:
                _raise(own, key, Floor(len(seen), "MR", op.id))
            for element in seen:
                for cause, length, guarantee in causes.get((key, element), ()):
                    _raise(own, cause, Floor(length, guarantee, op.id))
    return holds(NAME, examined=lists.read_count)


def _causes(
    taken: Sequence[Operation], lists: Lists, guarantees: Collection[Guarantee]
) -> dict[Element, list[tuple[Hashable, int, Guarantee]]]:
    """Return, for each element, how long other lists must be for whoever has seen it."""
    causes: dict[Element, list[tuple[Hashable, int, Guarantee]]] = {}
    pasts: dict[tuple[str, Guarantee], dict[Hashable, int]] = {}
    for op in taken:
        for kind, key, value in _micros(op):
            for guarantee in CAUSAL & set(guarantees):
                past = pasts.setdefault((op.client, guarantee), {})
                length = len(value) if isinstance(value, tuple) else 0
                if kind == "append":
                    known = causes.setdefault((key, value), [])
                    known += [(other, long, guarantee) for other, long in past.items()]
                    length = _place(lists, key, value)
                if (kind == "append") == (guarantee == "MW") and length:
                    past[key] = max(past.get(key, 0), length)
    return causes


def _micros(op: Operation) -> tuple[Micro, ...]:
    return op.result if are_micro_operations(op.result) else ()


def _place(lists: Lists, key: Hashable, element: Hashable) -> int:
    """Return how long a list is that ends with an element; one that nobody read follows all others."""
    order = lists.orders.get(key, ())
    return order.index(element) + 1 if element in order else len(order) + 1


def _raise(floors: Floors, key: Hashable, floor: Floor) -> None:
    if key not in floors or floors[key].length < floor.length:
        floors[key] = floor


def _missed(op: Operation, key: Hashable, floor: Floor, lists: Lists) -> Verdict:
    return broken(
        NAME,
        f"{op.id} of {op.client} read too short a list of {quoted(key)}: {WORDS[floor.guarantee]} "
        f"({floor.guarantee}, since {floor.witness})",
        examined=lists.read_count,
        culprits=tuple(dict.fromkeys((floor.witness, op.id))),
    )
