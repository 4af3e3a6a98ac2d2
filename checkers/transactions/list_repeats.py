"""Lists to which an element was appended more than once: in which way, every way is tried.

A read that shows such an element does not tell who appended it. Where few ways are possible, each
is judged as if the elements had been told apart: the history has a property if it has it in some
way, and is broken if it is so in every way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from math import perm, prod

from counterpoint.checkers.history import History, Operation, exact_history
from counterpoint.checkers.transactions.history import are_micro_operations
from counterpoint.model.verdict import Outcome, Verdict, undecided

WAYS_MAX = 120
"""In how many ways a history is judged, at most."""

KeyedElement = tuple[Hashable, Hashable]
"""A key, and what was appended to it."""


@dataclass(frozen=True, slots=True)
class ToldElement:
    """An element together with the append that it came from: the number of that among its like."""

    value: Hashable
    number: int
    is_more: bool = False

    def __repr__(self) -> str:
        """Show the element, and whether it was there more often than it was appended."""
        return f"{self.value!r} once more" if self.is_more else repr(self.value)


def in_every_way(name: str, history: History, judge: Callable[[History], Verdict]) -> Verdict:
    """Judge a history in which elements may be appended more than once.

    One way that holds decides, and so does it if all are broken; the verdict on the first way is
    then told, with the operations that other ways break by. UNDECIDED if there are too many ways.
    """
    history = exact_history(history)
    appends = _appends(history)
    repeated = {element: names for element, names in appends.items() if len(names) > 1}
    if not repeated:
        return judge(history)
    places = _places(history, repeated)
    count = prod(max(1, perm(len(repeated[one]), len(where))) for one, where in places.items())
    what = f"{len(repeated)} elements were appended more than once"
    if count > WAYS_MAX:
        why = f"{what}, and who appended what was read can be in {count} ways"
        return undecided(name, f"{why}; {WAYS_MAX} are tried at most")
    found: list[Verdict] = []
    for way in _ways(repeated, places):
        verdict = judge(tuple(_told_apart(op, repeated, places, way) for op in history))
        if verdict.outcome is Outcome.HOLDS:
            return verdict
        found.append(verdict)
    doubtful = next((verdict for verdict in found if not verdict.is_broken), None)
    return doubtful or _together(found, what)


def _together(found: Sequence[Verdict], what: str) -> Verdict:
    first = found[0]
    if len(found) == 1:
        return first
    others = (name for verdict in found[1:] for name in verdict.culprits)
    culprits = tuple(dict.fromkeys((*first.culprits, *others)))
    why = f"{first.summary}; {what}, and so it is in each of {len(found)} ways to tell them apart"
    return replace(first, summary=why, culprits=culprits)


Append = tuple[str, int]
"""The name of an operation, and which of its own appends of that element it is."""


def _appends(history: History) -> dict[KeyedElement, list[Append]]:
    """Who appended what: in call order, those that surely failed last."""
    appends: dict[KeyedElement, list[Append]] = {}
    for op in sorted(history, key=lambda op: (op.status == "fail", op.called)):
        own: Counter[KeyedElement] = Counter()
        for element in _appended(op):
            appends.setdefault(element, []).append((op.id, own[element]))
            own[element] += 1
    return appends


def _appended(op: Operation) -> list[KeyedElement]:
    if not are_micro_operations(op.argument):
        return []
    return [(key, value) for kind, key, value in op.argument if kind == "append"]


def _shown(op: Operation) -> Iterator[tuple[Hashable, tuple[Hashable, ...]]]:
    if op.is_answered and are_micro_operations(op.result):
        for kind, key, value in op.result:
            if kind == "r" and isinstance(value, tuple):
                yield key, value


def _places(
    history: History, repeated: Mapping[KeyedElement, Sequence[Append]]
) -> dict[KeyedElement, tuple[int, ...]]:
    """Where in the longest list of its key each of the elements stands."""
    longest: dict[Hashable, tuple[Hashable, ...]] = {}
    for op in history:
        for key, elements in _shown(op):
            if len(elements) > len(longest.get(key, ())):
                longest[key] = elements
    return {
        (key, value): tuple(at for at, other in enumerate(longest.get(key, ())) if other == value)
        for key, value in repeated
    }


Way = Mapping[KeyedElement, tuple[int, ...]]
"""For each element, the numbers of the appends at its places, one after another."""


def _ways(
    repeated: Mapping[KeyedElement, Sequence[Append]],
    places: Mapping[KeyedElement, tuple[int, ...]],
) -> Iterator[Way]:
    """Walk the ways in which places can belong to appends, that in call order first.

    An element that is there more often than it was appended is so in every way.
    """
    choices = []
    for element, where in places.items():
        count = len(repeated[element])
        is_too_often = len(where) > count
        in_turn = [tuple(range(len(where)))]
        choices.append(in_turn if is_too_often else list(permutations(range(count), len(where))))
    return (dict(zip(places, chosen, strict=True)) for chosen in product(*choices))


def _told_apart(
    op: Operation,
    repeated: Mapping[KeyedElement, Sequence[Append]],
    places: Mapping[KeyedElement, tuple[int, ...]],
    way: Way,
) -> Operation:
    """Return an operation with each element told apart from its like."""

    def element(key: Hashable, value: Hashable, number: int) -> ToldElement:
        return ToldElement(value, number, number >= len(repeated[key, value]))

    def shown(key: Hashable, at: int, value: Hashable) -> Hashable:
        if (key, value) not in repeated:
            return value
        where = places[key, value]
        # At another place it contradicts the longest list, whoever appended it.
        return element(key, value, way[key, value][where.index(at)] if at in where else 0)

    def micros(value: Hashable) -> Hashable:
        if not are_micro_operations(value):
            return value
        own: Counter[KeyedElement] = Counter()
        told: list[Hashable] = []
        for kind, key, inner in value:
            if kind == "append" and (key, inner) in repeated:
                number = repeated[key, inner].index((op.id, own[key, inner]))
                own[key, inner] += 1
                inner = element(key, inner, number)
            elif kind == "r" and isinstance(inner, tuple):
                inner = tuple(shown(key, at, one) for at, one in enumerate(inner))
            told.append((kind, key, inner))
        return tuple(told)

    return replace(op, argument=micros(op.argument), result=micros(op.result))
