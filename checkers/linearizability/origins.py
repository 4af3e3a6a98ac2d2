"""Values that were seen before anybody had begun to put them there, or taken out too often; and sums.

Such an answer is wrong whatever all the others did, so it is named at once, and no search is needed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterpoint.checkers.history import UNKNOWN, History, Operation
from counterpoint.checkers.judging import FirstBad
from counterpoint.checkers.linearizability.explanation import (
    Broken,
    CoreWords,
    Wording,
    broken_by_search,
)
from counterpoint.checkers.linearizability.just_in_time import JustInTime
from counterpoint.checkers.linearizability.plan import Table, plan_of
from counterpoint.checkers.linearizability.sums import core_of, first_miscount
from counterpoint.checkers.objects.containers import AppendList, Queue, Set, Stack
from counterpoint.checkers.objects.p_compositionality import answered_of, known_by
from counterpoint.checkers.objects.registers import (
    CasRegister,
    MultiRegister,
    Register,
    last_writes,
    micro_of,
    outside_reads,
    pair,
)
from counterpoint.checkers.objects.sequential import Specification
from counterpoint.model.verdict import Verdict, broken

EARLIER_STEPS_MAX = 20_000
"""How many steps the search may take that tells whether something was wrong before."""

Values = Iterable[Hashable]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the operations of an object say of values.

    `shown` are those that its answer told to have been there, `put` those it may have put there,
    `at_first` how often a value was there before anything; `are_taken` tells that whoever shows a
    value takes it out.
    """

    shown: Callable[[Operation], Values]
    put: Callable[[Operation], Values]
    at_first: Callable[[Hashable], float]
    are_taken: bool = False


class Unfounded(NamedTuple):
    """An answer with a value from nowhere: the operation, and who had taken the value before."""

    operation: Operation
    value: Hashable
    takers: tuple[Operation, ...]


def traffic_of(specification: Specification) -> Traffic | None:
    """What operations say of values, for the objects of which that is known."""
    match specification:
        case Register(initial) | CasRegister(initial):
            return Traffic(_register_shown, _register_put, _one_if(lambda v: v == initial))
        case MultiRegister(default=default):
            initial = specification.initial
            assert isinstance(initial, frozenset), initial
            start: frozenset[Hashable] = initial
            return Traffic(
                lambda op: outside_reads(micro_of(op.f, op.argument, op.result)),
                lambda op: last_writes(micro_of(op.f, op.argument, op.result)),
                _one_if(lambda place: _is_first(place, start, default)),
            )
        case Queue(initial):
            return _container(initial, "enqueue", "dequeue")
        case Stack(initial):
            return _container(initial, "push", "pop")
        case Set(initial):
            return Traffic(_elements, _added, _one_if(frozenset(initial).__contains__))
        case AppendList(initial):
            return Traffic(_elements, _appended, _one_if(frozenset(initial).__contains__))
        case _:
            return None


def first_unfounded(judged: History, traffic: Traffic) -> Unfounded | None:
    """Find the first answer that no call before it can account for; linear in what was said."""
    ends = [(op.called, False, op) for op in judged]
    ends += [(op.returned, True, op) for op in judged if not op.is_open]
    ends.sort(key=lambda end: end[:2])
    put: Counter[Hashable] = Counter()
    takers: dict[Hashable, list[Operation]] = {}
    for _, is_return, op in ends:
        if not is_return:
            put.update(traffic.put(op))
            continue
        own = Counter(traffic.put(op))
        for value in traffic.shown(op):
            before = takers.setdefault(value, [])
            there = traffic.at_first(value) + put[value] - own[value]
            if there <= (len(before) if traffic.are_taken else 0):
                return Unfounded(op, value, tuple(before))
            if traffic.are_taken:
                before.append(op)
    return None


def unfounded_verdict(
    judged: History, specification: Specification, wording: Wording
) -> Broken | None:
    """Judge an object by its first answer with a value or a sum from nowhere, if there is one."""
    traffic = traffic_of(specification)
    if traffic is None:
        return _miscounted(judged, specification, wording)
    found = first_unfounded(judged, traffic)
    if found is None:
        return None
    bad, takers = found.operation, found.takers

    def explain() -> Verdict:
        why = _why(found, _later(judged, found, traffic), wording)
        return _explained(judged, (*takers, bad), why, specification, wording, is_wrong)

    def is_wrong(known: History) -> bool:
        return first_unfounded(known, traffic) is not None

    return Broken.at(bad.returned, explain)


def _miscounted(judged: History, specification: Specification, wording: Wording) -> Broken | None:
    found = first_miscount(judged, specification)
    if found is None:
        return None

    def explain() -> Verdict:
        core, why = core_of(found, judged, specification), found.why(wording.show)
        return _explained(judged, core, why, specification, wording, is_wrong)

    def is_wrong(known: History) -> bool:
        return first_miscount(known, specification) is not None

    return Broken.at(found.operation.returned, explain)


def _explained(
    judged: History,
    core: Sequence[Operation],
    why: str,
    specification: Specification,
    wording: Wording,
    is_wrong: Callable[[History], bool],
) -> Verdict:
    """Explain why the last of a core is wrong, unless something was wrong before.

    It is the first bad answer for sure where what was known then `is_wrong`: a refusal that came later
    tells that a call put nothing there, and then it might have.
    """
    bad = core[-1]
    answered = [op for op in answered_of(judged) if op.returned <= bad.returned and op is not bad]
    is_first: bool | None = True
    at_once = known_by(judged, [*answered, bad], specification)
    if answered:
        known = known_by(judged, answered, specification)
        search = JustInTime(plan_of(known, Table(specification)))
        is_first = search.run(EARLIER_STEPS_MAX)
        if is_first is False:
            return broken_by_search(search, wording, examined=len(judged), whole=judged)
    words = CoreWords(wording.show)
    return broken(
        wording.name,
        f"{words.deed(bad)}, {why}",
        examined=len(judged),
        because=words.because(core, bystanders=0),
        culprits=tuple(op.id for op in core),
        evidence=(FirstBad(bad.id),) if is_first and is_wrong(at_once) else (),
    )


def _later(judged: History, found: Unfounded, traffic: Traffic) -> Operation | None:
    """Who put the value there later, the first to begin."""
    return next(
        (op for op in judged if op is not found.operation and found.value in traffic.put(op)), None
    )


def _why(found: Unfounded, later: Operation | None, wording: Wording) -> str:
    value = wording.show(found.value)
    if found.takers:
        names = " and ".join(op.id for op in found.takers[:3])
        return f"but {value} had got in no more than {len(found.takers)} times, and {names} took it"
    if later is None:
        return f"but nobody put {value} there"
    return f"but {later.id}, which put {value} there, was called after that"


def _is_first(place: Hashable, initial: frozenset[Hashable], default: Hashable) -> bool:
    """Tell whether a key holds a value before any write."""
    assert isinstance(place, tuple), place
    key, value = place
    return place in initial if any(k == key for k, _ in _pairs(initial)) else value == default


def _pairs(initial: frozenset[Hashable]) -> Iterable[tuple[Hashable, Hashable]]:
    return (place for place in initial if isinstance(place, tuple))


def _one_if(is_there: Callable[[Hashable], bool]) -> Callable[[Hashable], float]:
    return lambda value: math.inf if is_there(value) else 0


def _register_shown(op: Operation) -> Values:
    match op.f, op.result:
        case "read", result if result is not UNKNOWN:
            return (result,)
        case "cas", True:
            return (pair(op.argument)[0],)
        case _:
            return ()


def _register_put(op: Operation) -> Values:
    match op.f, op.result:
        case "write", _:
            return (op.argument,)
        case "cas", result if result is not False:
            return (pair(op.argument)[1],)
        case _:
            return ()


def _container(initial: Sequence[Hashable], put: str, take: str) -> Traffic:
    times = Counter(initial)

    def taken(op: Operation) -> Values:
        is_taker = op.f == take and op.result is not UNKNOWN and op.result is not None
        return (op.result,) if is_taker else ()

    return Traffic(
        taken,
        lambda op: (op.argument,) if op.f == put else (),
        lambda value: times[value],
        are_taken=True,
    )


def _added(op: Operation) -> Values:
    return (op.argument,) if op.f == "add" else ()


def _elements(op: Operation) -> Values:
    match op.f, op.result:
        case "read", tuple() | frozenset() as elements:
            return elements
        case (("contains" | "remove"), True) | ("add", False):
            return (op.argument,)
        case _:
            return ()


def _appended(op: Operation) -> Values:
    match op.f, op.argument:
        case "append", element:
            return (element,)
        case "put", tuple() as elements:
            return elements
        case _:
            return ()
