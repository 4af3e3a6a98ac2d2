"""Sequential consistency of any object: one order of all calls that keeps each client's own order.

Source: L. Lamport, "How to make a multiprocessor computer that correctly executes multiprocess
programs", IEEE Transactions on Computers C-28(9), 1979. Deciding it is NP-hard even for registers
(Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 26(4), 1997, section 3); the search
below remembers where it has been, which is enough for the histories of single runs. Unlike
linearizability it is no property of each key by itself: all keys are one object.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from counterpoint.checkers.history import OPEN, UNKNOWN, Operation, opened, sealed
from counterpoint.checkers.objects.p_compositionality import DOUBTFUL, exactly, judged
from counterpoint.checkers.objects.sequential import ILLEGAL, Specification
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NAME = "sequential consistency"
STATES_MAX = 200_000
"""So many states of the search are visited until it gives up."""

OpsByClient = Mapping[str, tuple[Operation, ...]]


class _TooMany(Exception):
    """The search has visited as many states as it may."""


@dataclass(frozen=True, slots=True)
class _Reached:
    """How many calls of each client have taken effect, and what the objects are then, sealed."""

    counts: tuple[int, ...]
    objects: frozenset[tuple[Hashable, Hashable]]


def check_sequential_consistency(
    history: Sequence[Operation],
    specification: Specification,
    *,
    name: str = NAME,
    states_max: int = STATES_MAX,
) -> Verdict:
    """Judge whether some order of all calls, each client's in its own, explains every answer.

    A call without an answer, or with status "info", may have taken effect, before its client's next,
    or not; one that failed did not. HOLDS carries the order. BROKEN names the fewest calls from the
    start of each client's session, in the order of their calls, that have none: the last of them is
    the first whose answer nothing explains. UNDECIDED where nothing was answered, and after
    `states_max` states of search.
    """
    history, specification = exactly(tuple(history), specification)
    verdict = _judged(history, specification, name, states_max)
    rest = _certain(history, specification)
    if not verdict.is_broken or len(rest) == len(history):
        return verdict
    surely = _judged(rest, specification, name, states_max)
    return surely if surely.is_broken else undecided(name, DOUBTFUL, examined=verdict.examined)


def _certain(history: Sequence[Operation], specification: Specification) -> Sequence[Operation]:
    """Leave out what rests on calls without answers, which may be anywhere in an order."""
    certain = getattr(specification, "certain", None)
    if certain is None:
        return history
    anywhere = (op if op.is_answered else replace(op, called=-math.inf) for op in history)
    names = {op.id for op in certain(tuple(anywhere))}
    return [op for op in history if op.id in names]


def _judged(
    history: Sequence[Operation], specification: Specification, name: str, states_max: int
) -> Verdict:
    kept = judged(history, specification)
    examined = sum(not op.is_open for op in kept)
    try:
        found = _order(kept, specification, states_max)
        if found is not None:
            return holds(name, examined=examined, witness=found)
        shortest = _first_unexplained(kept, specification, states_max)
    except _TooMany:
        return undecided(name, f"no order was found in {states_max:,} states", examined=examined)
    last = shortest[-1]
    others = len(shortest) - 1
    summary = (
        f"{last.client}'s {last.f} ({last.id}) cannot have had its answer {last.result!r} in any order "
        f"with the {others} calls before it"
    )
    return broken(name, summary, examined=examined, culprits=tuple(op.id for op in shortest))


def _first_unexplained(
    kept: Sequence[Operation], specification: Specification, states_max: int
) -> Sequence[Operation]:
    """Return the shortest beginning of a history, by its answers, that has no order."""
    by_end = sorted((op for op in kept if not op.is_open), key=lambda op: (op.returned, op.called))
    low, high = 0, len(by_end)
    # More answers are harder to explain, so that the first beginning without order is bisected.
    while low < high:
        middle = (low + high) // 2
        if _order(_beginning(by_end, kept, middle), specification, states_max) is None:
            high = middle
        else:
            low = middle + 1
    return _beginning(by_end, kept, low)


def _beginning(
    by_end: Sequence[Operation], kept: Sequence[Operation], count: int
) -> Sequence[Operation]:
    """Return what was called by the time of the first so many answers; the last answer comes last.

    Calls that were under way then may have taken effect: they are there without their answers.
    """
    if count == 0:
        return ()
    answered = by_end[:count]
    names = {op.id for op in answered}
    under_way = [
        replace(op, returned=OPEN, result=UNKNOWN)
        for op in kept
        if op.called <= answered[-1].returned and op.id not in names
    ]
    return (*under_way, *answered)


def _order(
    kept: Sequence[Operation], specification: Specification, states_max: int
) -> tuple[str, ...] | None:
    """Return an order of the calls, None if there is none."""
    sessions = _sessions_of(kept)
    clients = tuple(sessions)
    goal = tuple(_last_answered(sessions[client]) for client in clients)
    start = _Reached((0,) * len(clients), frozenset())
    came: dict[_Reached, tuple[_Reached, str] | None] = {start: None}
    todo = [start]
    while todo:
        at = todo.pop()
        if all(count >= wanted for count, wanted in zip(at.counts, goal, strict=True)):
            return _path(came, at)
        if len(came) > states_max:
            raise _TooMany
        for index, client in enumerate(clients):
            if at.counts[index] < len(sessions[client]):
                op = sessions[client][at.counts[index]]
                for after, is_done in _after(at, index, op, specification):
                    if after not in came:
                        came[after] = at, op.id if is_done else ""
                        todo.append(after)
    return None


def _after(
    at: _Reached, index: int, op: Operation, specification: Specification
) -> Iterator[tuple[_Reached, bool]]:
    """Yield what is reached by a client's next call, and whether it took effect."""
    counts = (*at.counts[:index], at.counts[index] + 1, *at.counts[index + 1 :])
    if op.is_open:
        yield _Reached(counts, at.objects), False
    objects = dict(at.objects)
    before = opened(objects.get(op.key, sealed(specification.initial)))
    state = specification.step(before, op.f, op.argument, op.result)
    if state is not ILLEGAL:
        yield _Reached(counts, frozenset((objects | {op.key: sealed(state)}).items())), True


def _last_answered(session: Sequence[Operation]) -> int:
    """Return how many calls of a session there are up to its last answer."""
    return max((at + 1 for at, op in enumerate(session) if not op.is_open), default=0)


def _path(came: Mapping[_Reached, tuple[_Reached, str] | None], at: _Reached) -> tuple[str, ...]:
    order: list[str] = []
    step = came[at]
    while step is not None:
        at, name = step
        if name:
            order.append(name)
        step = came[at]
    return tuple(reversed(order))


def _sessions_of(kept: Sequence[Operation]) -> OpsByClient:
    """Return the calls of each client in its order."""
    sessions: dict[str, list[Operation]] = {}
    for op in sorted(kept, key=lambda op: (op.called, op.returned)):
        sessions.setdefault(op.client, []).append(op)
    return {client: tuple(ops) for client, ops in sessions.items()}
