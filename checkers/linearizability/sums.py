"""Sums that were read although no choice of the changes makes them: counters, and banks.

What had ended before a read was called is in it, what began before it returned may be. If no such
choice adds up to what was read, the answer is wrong whatever all the others did; no search is needed,
which would try the choices in every order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import add

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.objects.containers import Counter
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.checkers.objects.services import Bank

SUMS_MAX = 10_000
"""How many sums are looked at for one read, at most; with more of them nothing is claimed."""

ALL_SUMS_MAX = 500_000
"""... and for all reads together."""

SPARED_MAX = 64
"""Of how many changes it is tried to spare them in a core."""

SumTerms = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Miscount:
    """A read that no choice of changes explains.

    `before` are the changes that surely were before it, and `made` their sums; `choices` counts
    those that may have been.
    """

    operation: Operation
    before: tuple[Operation, ...]
    made: SumTerms
    choices: int

    def why(self, show: Callable[[Hashable], str]) -> str:
        """Say what should have been read, and what cannot account for the difference."""
        made = show(self.made[0] if len(self.made) == 1 else self.made)
        more = f"no choice of the {self.choices} under way makes up the difference"
        return f"though the {len(self.before)} changes that had ended before make {made}" + (
            f", and {more}" if self.choices else ""
        )


def first_miscount(judged: History, specification: Specification) -> Miscount | None:
    """Find the first read whose sums no choice makes; None also where there are no sums.

    >>> add, read = ("add", 2, None), ("read", None, 3)
    >>> made = [Operation(f, f, f, None, a, r, i, i + 0.5) for i, (f, a, r) in enumerate((add, read))]
    >>> first_miscount(tuple(made), Counter()).operation.id
    'read'
    """
    places = _places(specification)
    # A change that was refused is none.
    if places is None or any(op.result is False for op in judged if op.f != "read"):
        return None
    changes = {op.id: _change(op, places) for op in judged if op.f != "read"}
    if any(amounts is None for amounts in changes.values()):
        return None
    known = {name: amounts for name, amounts in changes.items() if amounts is not None}
    first = _amounts(specification.initial, places)
    assert first is not None, "an object begins with sums"
    return _sweep(judged, known, first, places)


def _sweep(
    judged: History, changes: Mapping[str, SumTerms], first: SumTerms, places: Sequence[Hashable]
) -> Miscount | None:
    """Look at the reads in call order: what had ended before each then only grows."""
    timeline = _Timeline([op for op in judged if op.id in changes])
    sums, left = first, ALL_SUMS_MAX
    found: Miscount | None = None
    reads = (op for op in judged if op.f == "read" and op.result is not UNKNOWN)
    for read in sorted(reads, key=lambda op: op.called):
        if found is not None and found.operation.returned < read.called:
            break
        for op in timeline.until(read.called):
            sums = _plus(sums, changes[op.id])
        shown = _amounts(read.result, places)
        if shown is None:
            continue
        perhaps = [changes[op.id] for op in timeline.under_way(read.returned)]
        is_made, tried = can_make(_minus(shown, sums), perhaps, sums_max=min(left, SUMS_MAX))
        left -= tried
        is_first = found is None or read.returned < found.operation.returned
        if is_made is False and is_first:
            found = Miscount(read, tuple(timeline.ended()), sums, len(perhaps))
    return found


class _Timeline:
    """Operations by their ends, walked from the past to the future."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._by_call = sorted(operations, key=lambda op: op.called)
        self._calls = [op.called for op in self._by_call]
        self._by_return = sorted(operations, key=lambda op: op.returned)
        self._begun = self._ended = 0
        self._pending: dict[str, Operation] = {}

    def until(self, called: float) -> list[Operation]:
        """Go on to a call; return what ended before it, and had not been told before."""
        begun = bisect_right(self._calls, called)
        for op in self._by_call[self._begun : begun]:
            self._pending[op.id] = op
        self._begun = max(begun, self._begun)
        start = self._ended
        while self._ended < len(self._by_return) and self._by_return[self._ended].returned < called:
            del self._pending[self._by_return[self._ended].id]
            self._ended += 1
        return self._by_return[start : self._ended]

    def ended(self) -> list[Operation]:
        """Return what has ended."""
        return self._by_return[: self._ended]

    def under_way(self, returned: float) -> list[Operation]:
        """Return what has begun and not ended, and what begins before a return."""
        last = bisect_right(self._calls, returned)
        return [*self._pending.values(), *self._by_call[self._begun : last]]


def can_make(
    target: SumTerms, choices: Sequence[SumTerms], *, sums_max: int = SUMS_MAX
) -> tuple[bool | None, int]:
    """Tell whether some of the choices add up to the target, and how many sums were looked at.

    None if there are more than `sums_max`.

    >>> can_make((3,), [(1,), (2,), (5,)])[0], can_make((4,), [(1,), (2,), (5,)])[0]
    (True, False)
    """
    if not any(target):
        return True, 0
    for wanted, *amounts in zip(target, *choices, strict=True):
        if not sum(min(0, one) for one in amounts) <= wanted <= sum(max(0, one) for one in amounts):
            return False, 0
    sums = {tuple(0 for _ in target)}
    for choice in choices:
        sums |= {_plus(one, choice) for one in sums}
        if target in sums:
            return True, len(sums)
        if len(sums) > sums_max:
            return None, len(sums)
    return False, len(sums)


def core_of(found: Miscount, judged: History, specification: Specification) -> list[Operation]:
    """Leave changes out of those before a read as long as no choice of all others explains it.

    One that is left out may have taken effect, or not. The read comes last.
    """
    places = _places(specification)
    assert places is not None, "who miscounts has sums"
    changes = {op.id: _change(op, places) or () for op in judged if op.f != "read"}
    first, shown = _amounts(specification.initial, places), _amounts(found.operation.result, places)
    assert first is not None, "an object begins with sums"
    assert shown is not None, "who miscounts shows sums"
    kept, certain = list(found.before), {op.id for op in found.before}
    perhaps = [
        changes[op.id]
        for op in judged
        if op.id in changes and op.called <= found.operation.returned and op.id not in certain
    ]
    missing = _minus(shown, first)
    for op in kept:
        missing = _minus(missing, changes[op.id])
    for op in found.before[:SPARED_MAX]:
        amounts = changes[op.id]
        if can_make(_plus(missing, amounts), [*perhaps, amounts])[0] is False:
            kept.remove(op)
            perhaps.append(amounts)
            missing = _plus(missing, amounts)
    return [*kept, found.operation]


def _places(specification: Specification) -> Sequence[Hashable] | None:
    """What there are sums of; None if there are none."""
    match specification:
        case Counter():
            return (None,)
        case Bank(accounts, overdraft=True):
            return tuple(account for account, _ in accounts)
        case _:
            return None


def _change(op: Operation, places: Sequence[Hashable]) -> SumTerms | None:
    """What an operation adds to each sum; None if it cannot be told."""
    match op.f, op.argument:
        case "add", int(amount):
            return (amount,)
        case "transfer", (source, target, int(amount)) if {source, target} <= set(places):
            return tuple(amount * ((place == target) - (place == source)) for place in places)
        case _:
            return None


def _amounts(shown: Hashable, places: Sequence[Hashable]) -> SumTerms | None:
    """The sums in an answer or a state, None if there are others in it, or not all."""
    if isinstance(shown, int):
        return (shown,)
    if not isinstance(shown, frozenset | tuple) or len(shown) != len(places):
        return None
    pairs = [one for one in shown if isinstance(one, tuple) and len(one) == 2]
    sums = {place: amount for place, amount in pairs if isinstance(amount, int)}
    return tuple(sums[place] for place in places) if sums.keys() == set(places) else None


def _plus(one: SumTerms, other: SumTerms) -> SumTerms:
    return tuple(map(add, one, other))


def _minus(one: SumTerms, other: SumTerms) -> SumTerms:
    return tuple(a - b for a, b in zip(one, other, strict=True))
