"""Elements added to a set stay in it: every acknowledged element is read, and nothing else is.

The history has "add"s of one element each and "read"s of all elements. A read may be stale, as
long as a later one shows the element again; so this is weaker than linearizability, which `Set` in
`specifications` judges, and it is linear in the size of what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from counterpoint.checkers.exact import exact_history
from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NAME = "no lost element"
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
    reads = [op for op in history if op.f == "read" and op.status == "ok"]
    seen = [(op, _elements(op)) for op in reads if op.result is not UNKNOWN]
    if not seen:
        return undecided(NAME, "no set was read")
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
    return holds(NAME, examined=len(seen), summary=_coverage(adds, fates))


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
        NAME,
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
        if op.status == "ok":
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
        NAME,
        f"{op.id} read {element!r}, which {reason}",
        examined=examined,
        because=(f"{op.id} read {len(elements)} such elements: {_some(elements)}",),
        culprits=(*((failed[element],) if element in failed else ()), op.id),
    )


def _lost(lost: dict[Hashable, _Fate], last: Operation, examined: int) -> Verdict:
    element, fate = min(lost.items(), key=lambda one: (one[1].known_from, repr(one[0])))
    return broken(
        NAME,
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
    never = sum(op.status == "ok" and fates[op.argument].last_seen < 0 for op in adds)
    return f"{never} acknowledged elements were never read" if never else ""
