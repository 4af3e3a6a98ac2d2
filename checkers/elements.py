"""Elements that are added stay, identifiers differ, and nobody sees a fork: rules of Jepsen's workloads.

Elements added to a set stay in it: every acknowledged element is read, and nothing else is.

The history has "add"s of one element each and "read"s of all elements. A read may be stale, as
long as a later one shows the element again; so this is weaker than linearizability, which `Set` in
`specifications` judges, and it is linear in the size of what was read.

Identifiers that are handed out differ from each other.

Long forks: two transactions that saw two independent writes in contradictory orders.

Each key is written once. A read of several keys sees some of them written; of two reads of the same
keys one must have seen all that the other saw, or no order of the writes explains both. Snapshot
isolation forbids this anomaly and parallel snapshot isolation allows it: Sovran, Power, Aguilera,
Li, "Transactional storage for geo-replicated systems", SOSP 2011.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation, exact_history
from counterpoint.checkers.links import shown
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.model.inert import quoted
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NO_LOST_ELEMENT = "no lost element"
SHOWN_MAX = 8


@dataclass(slots=True)
class _Fate:
    """What is known of one element.

    It is known to be in the set from the return of its addition, or of the first read of it.
    """

    known_from: float
    known_by: str
    known_how: str
    last_seen: float = field(default=-1.0)


def check_set_survival(history: History) -> Verdict:
    """Tell whether no element was lost, none read that nobody added, and none shown twice.

    An element is lost if a read that was called after the element was known to be in the set does
    not show it, and no read called later shows it. Elements whose addition may have happened are
    allowed, not demanded. `examined` counts the reads; without any the verdict is UNDECIDED.

    Raises:
        ValueError: a read that is no collection of elements.
    """
    history = exact_history(history)
    adds = [op for op in history if op.f == "add"]
    reads = [op for op in history if op.f == "read" and op.is_answered]
    seen = [(op, _elements(op)) for op in reads if op.result is not UNKNOWN]
    if not seen:
        return undecided(NO_LOST_ELEMENT, "no set was read")
    attempted = {op.argument for op in adds if op.status != "fail"}
    for op, elements in sorted(seen, key=lambda one: one[0].returned):
        unexpected = [element for element in elements if element not in attempted]
        if unexpected:
            return _unexpected(op, unexpected, adds, len(seen))
        if twice := _twice(op):
            return _duplicated(op, twice, len(seen))
    fates = _fates(adds, seen)
    # A read that shows an element was called no later than the last one that does, so whatever read
    # was called last of all tells whether the element is gone for good.
    last = max((op for op, _ in seen), key=lambda op: op.called)
    lost = {
        element: fate
        for element, fate in fates.items()
        if last.called > max(fate.known_from, fate.last_seen)
    }
    if lost:
        return _lost(lost, last, len(seen))
    return holds(NO_LOST_ELEMENT, examined=len(seen), summary=_coverage(adds, fates))


def _elements(op: Operation) -> frozenset[Hashable]:
    if isinstance(op.result, tuple | frozenset):
        return frozenset(op.result)
    raise ValueError(f"{op.id} read {op.result!r}; right would be a collection of elements")


def _twice(op: Operation) -> list[Hashable]:
    """The elements that a read shows more than once."""
    if not isinstance(op.result, tuple) or len(set(op.result)) == len(op.result):
        return []
    return [element for element, count in Counter(op.result).items() if count > 1]


def _duplicated(op: Operation, elements: list[Hashable], examined: int) -> Verdict:
    element = min(elements, key=repr)
    return broken(
        NO_LOST_ELEMENT,
        f"{op.id} shows {element!r} twice, and a set has an element once",
        examined=examined,
        because=(f"{op.id} shows {len(elements)} elements more than once: {_some(elements)}",),
        culprits=(op.id,),
    )


def _fates(
    adds: Sequence[Operation], seen: Sequence[tuple[Operation, frozenset[Hashable]]]
) -> dict[Hashable, _Fate]:
    fates: dict[Hashable, _Fate] = {}
    for op in adds:
        if op.is_answered:
            fates.setdefault(op.argument, _Fate(op.returned, op.id, "was acknowledged"))
    for op, elements in seen:
        for element in elements:
            fate = fates.setdefault(element, _Fate(op.returned, op.id, "read it"))
            if op.returned < fate.known_from:
                fate.known_from, fate.known_by, fate.known_how = op.returned, op.id, "read it"
            fate.last_seen = max(fate.last_seen, op.called)
    return fates


def _unexpected(
    op: Operation, elements: list[Hashable], adds: Sequence[Operation], examined: int
) -> Verdict:
    failed = {add.argument: add.id for add in adds if add.status == "fail"}
    element = min(elements, key=repr)
    reason = f"{failed[element]} failed to add" if element in failed else "nobody added"
    return broken(
        NO_LOST_ELEMENT,
        f"{op.id} read {element!r}, which {reason}",
        examined=examined,
        because=(f"{op.id} read {len(elements)} such elements: {_some(elements)}",),
        culprits=(*((failed[element],) if element in failed else ()), op.id),
    )


def _lost(lost: dict[Hashable, _Fate], last: Operation, examined: int) -> Verdict:
    element, fate = min(lost.items(), key=lambda one: (one[1].known_from, repr(one[0])))
    return broken(
        NO_LOST_ELEMENT,
        f"{element!r} is lost: {fate.known_by} {fate.known_how}, but {last.id} was called after "
        "that and does not show it",
        examined=examined,
        because=(f"{len(lost)} elements are lost: {_some(list(lost))}",),
        culprits=(fate.known_by, last.id),
    )


def _some(elements: list[Hashable]) -> str:
    shown = ", ".join(sorted(map(repr, elements))[:SHOWN_MAX])
    return shown + (" ..." if len(elements) > SHOWN_MAX else "")


def _coverage(adds: Sequence[Operation], fates: dict[Hashable, _Fate]) -> str:
    never = sum(op.is_answered and fates[op.argument].last_seen < 0 for op in adds)
    return f"{never} acknowledged elements were never read" if never else ""


UNIQUE_IDS = "unique ids"


def check_unique_ids(history: History) -> Verdict:
    """Tell whether no two answers of "generate" are equal. `examined` counts the answers."""
    first: dict[tuple[type, Hashable], Operation] = {}
    examined = 0
    for op in history:
        if op.f != "generate" or not op.is_answered or op.result is UNKNOWN:
            continue
        examined += 1
        earlier = first.setdefault((type(op.result), op.result), op)
        if earlier is not op:
            return broken(
                UNIQUE_IDS,
                f"{earlier.client} and {op.client} both got {quoted(op.result)}",
                examined=examined,
                culprits=(earlier.id, op.id),
            )
    return holds(UNIQUE_IDS, examined=examined)


NO_LONG_FORK = "no long fork"


class _Glimpse(NamedTuple):
    """What one transaction saw of its keys."""

    operation: str
    values: dict[Hashable, Hashable]

    @property
    def written(self) -> frozenset[Hashable]:
        """The keys that it saw written."""
        return frozenset(key for key, value in self.values.items() if value is not None)


def check_long_fork(history: History) -> Verdict:
    """Tell whether all reads of the same keys saw them written in one order.

    Operations are "read" or "txn" with ("r", key, value) in them; the value None is "not written
    yet". `examined` counts reads of two keys or more; without any the verdict is UNDECIDED, and so
    it is if a key was seen with two values, because the check is for keys written once.
    """
    by_keys: dict[frozenset[Hashable], list[_Glimpse]] = {}
    examined = 0
    values: dict[Hashable, Hashable] = {}
    for glimpse in _glimpses(history):
        examined += 1
        for key, value in glimpse.values.items():
            if value is not None and values.setdefault(key, value) != value:
                return undecided(
                    NO_LONG_FORK,
                    f"{shown(key)} was written more than once: {values[key]!r}, {value!r}",
                )
        by_keys.setdefault(frozenset(glimpse.values), []).append(glimpse)
    for glimpses in by_keys.values():
        # Sorted by how much they saw, each must have seen all that the one before it saw.
        in_order = sorted(glimpses, key=lambda glimpse: len(glimpse.written))
        for less, more in pairwise(in_order):
            if not less.written <= more.written:
                return _fork(less, more, examined)
    return holds(NO_LONG_FORK, examined=examined)


def _glimpses(history: History) -> Iterator[_Glimpse]:
    for op in exact_history(history):
        if op.is_answered and op.result is not UNKNOWN and are_micro_operations(op.result):
            values = {key: value for kind, key, value in op.result if kind == "r"}
            if len(values) > 1:
                yield _Glimpse(op.id, values)


def _fork(one: _Glimpse, other: _Glimpse, examined: int) -> Verdict:
    first = min(one.written - other.written, key=repr)
    second = min(other.written - one.written, key=repr)
    x, y = shown(first), shown(second)
    return broken(
        NO_LONG_FORK,
        f"{one.operation} saw {x} written and not {y}, {other.operation} saw {y} written and not "
        f"{x}: neither can have been written first",
        examined=examined,
        because=(
            f"{one.operation} read {x}={one.values[first]!r} and {y}=None",
            f"{other.operation} read {y}={other.values[second]!r} and {x}=None",
        ),
        culprits=(one.operation, other.operation),
    )
