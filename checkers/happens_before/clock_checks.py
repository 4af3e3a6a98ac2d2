"""Clocks and deliveries, compared with what happened before what.

Do the clocks that a system recorded agree with what happened before what?

Causal delivery: no process receives a message before another that was sent causally before it.

>>> log = EventLog(
...     process=(0, 0, 1, 1, 2, 2),
...     sent=(1, 2, -1, 3, -1, -1),
...     received=(-1, -1, 2, -1, 3, 1),
...     process_count=3,
...     places=("r1", "r2", "r3"),
... )
>>> print(check_causal_delivery(log).summary)
r3 delivered m3 before m1, although m1 was sent before m3

Lamport clocks of writes as an automaton: above the clocks of all that happened before.

What happened before a write is what its session had done and seen when it began to write. The clock
of a write may become known later than its beginning: from its answer, or from who sees it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.columns import is_worth_it
from counterpoint.checkers.happens_before.clocks import (
    NONE,
    PROGRAM_ORDER,
    EventLog,
    VectorClock,
    at,
    causal_path,
    merged,
    path_edges,
    previous_events,
    story,
    vector_clocks,
)
from counterpoint.checkers.judging import Extra, Missing
from counterpoint.checkers.visibility import Identity
from counterpoint.model.observer import Observation
from counterpoint.model.values import Value
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said

LAMPORT = "Lamport clocks"
VECTOR = "vector clocks"


def check_lamport_clocks(log: EventLog, stamps: Sequence[int | None]) -> Verdict:
    """Tell whether every stamp is above all stamps of the events that happen before its own.

    Events without a clock have None. The reverse, that a higher stamp happens later, is no
    property of Lamport clocks and is not asked. `examined` counts the stamps; the first event of
    the log that breaks the rule is reported. O(n).
    """
    assert len(stamps) == len(log.process), f"{len(stamps)} stamps for {len(log.process)} events"
    latest = [NONE] * log.process_count
    highest: list[int] = []
    for index, stamp in enumerate(stamps):
        process, message = log.process[index], log.received[index]
        before = latest[process]
        if message != NONE:
            before = _higher(stamps, before, highest[log.send_event[message]])
        if stamp is not None and before != NONE:
            known = stamps[before]
            if known is not None and stamp <= known:
                return _too_low(log, stamps, before, index)
        latest[process] = before if stamp is None else index
        highest.append(latest[process])
    return holds(LAMPORT, examined=sum(stamp is not None for stamp in stamps))


def _higher(stamps: Sequence[int | None], first: int, second: int) -> int:
    """Of two events the one with the higher stamp; `NONE` is below all."""
    if first == NONE or second == NONE:
        return second if first == NONE else first
    return max(first, second, key=lambda index: stamps[index] or 0)


def _too_low(log: EventLog, stamps: Sequence[int | None], before: int, after: int) -> Verdict:
    edges = path_edges(log, causal_path(log, before, after))
    return broken(
        LAMPORT,
        f"{at(log, after)} has clock {stamps[after]}, not above the {stamps[before]} of "
        f"{at(log, before)}, which happens before it",
        examined=sum(stamp is not None for stamp in stamps[: after + 1]),
        because=tuple(edge.reason for edge in edges),
        edges=edges,
        culprits=(log.name(before), log.name(after)),
    )


class _Difference(NamedTuple):
    """How many events of `process` a recorded clock admits, and how many are in the true past."""

    process: int
    admitted: int
    true: int


def check_recorded_clocks(log: EventLog, recorded: Sequence[Sequence[int]]) -> Verdict:
    """Tell whether recorded vector clocks admit exactly the true past of their events.

    A row has a number for each process. Any numbering will do that strictly increases at each
    process: a row admits the events of process q whose own numbers are not above its q-th number.
    The first event of the log that disagrees is reported, with the events missing from its past
    or in excess. O(n P) where the rows follow the numbering, O(n P log n) at worst.
    """
    assert len(recorded) == len(log.process), f"{len(recorded)} rows for {len(log.process)} events"
    own = _own_numbers(log, recorded)
    sizes = [0] * log.process_count
    previous = previous_events(log)
    for index, row in enumerate(recorded):
        process = log.process[index]
        sizes[process] += 1
        if previous[index] >= 0 and recorded[previous[index]][process] >= row[process]:
            return _not_increasing(log, recorded, previous[index], index)
        expected = _expected(log, recorded, previous[index], index)
        if expected is None or list(row) != expected:
            for difference in _differences(log, own, row, expected, index, sizes[process]):
                return _disagrees(log, recorded, difference, index)
    return holds(VECTOR, examined=len(recorded))


def _own_numbers(log: EventLog, recorded: Sequence[Sequence[int]]) -> list[list[int]]:
    """How each process numbers its events, up to the first number that does not increase."""
    own: list[list[int]] = [[] for _ in range(log.process_count)]
    spoilt: set[int] = set()
    for process, row in zip(log.process, recorded, strict=True):
        if own[process] and own[process][-1] >= row[process]:
            spoilt.add(process)
        if process not in spoilt:
            own[process].append(row[process])
    return own


def _expected(
    log: EventLog, recorded: Sequence[Sequence[int]], previous: int, index: int
) -> list[int] | None:
    """The row that follows from the rows of the direct causes, which are right; None without."""
    message = log.received[index]
    if message != NONE:
        learnt = recorded[log.send_event[message]]
        row = merged(learnt, recorded[previous]) if previous >= 0 else list(learnt)
    elif previous >= 0:
        row = list(recorded[previous])
    else:
        return None
    process = log.process[index]
    row[process] = recorded[index][process]
    return row


def _differences(
    log: EventLog,
    own: Sequence[Sequence[int]],
    row: Sequence[int],
    expected: Sequence[int] | None,
    index: int,
    size: int,
) -> Iterator[_Difference]:
    """Where a row admits other events than those in the past; `size` counts its own process."""
    for process, numbers in enumerate(own):
        admitted = bisect_right(numbers, row[process])
        true = bisect_right(numbers, expected[process]) if expected is not None else 0
        if process == log.process[index]:
            admitted = true = size
        if admitted != true:
            yield _Difference(process, admitted, true)


def _not_increasing(
    log: EventLog, recorded: Sequence[Sequence[int]], before: int, after: int
) -> Verdict:
    process = log.process[after]
    return broken(
        VECTOR,
        f"{at(log, after)} counts itself as {recorded[after][process]}, not above the "
        f"{recorded[before][process]} of {log.name(before)} before it",
        examined=after + 1,
        edges=path_edges(log, [before, after]),
        culprits=(log.name(before), log.name(after)),
    )


def _disagrees(
    log: EventLog, recorded: Sequence[Sequence[int]], difference: _Difference, index: int
) -> Verdict:
    process, admitted, true = difference
    events = [i for i, p in enumerate(log.process) if p == process]
    here, row = at(log, index), tuple(recorded[index])
    wrong = events[min(admitted, true) : max(admitted, true)]
    names = ", ".join(map(log.name, wrong))
    if admitted < true:
        edges = path_edges(log, causal_path(log, wrong[-1], index))
        summary = f"{here} records {row}: {names} of {log.place(process)} is missing from its past"
        evidence: Missing | Extra = Missing(tuple(map(log.name, wrong)))
    else:
        edges = ()
        summary = f"{here} records {row}: {names} of {log.place(process)} does not happen before it"
        evidence = Extra(tuple(map(log.name, wrong)))
    return broken(
        VECTOR,
        summary,
        examined=index + 1,
        because=tuple(edge.reason for edge in edges),
        edges=edges,
        culprits=(log.name(wrong[-1]), log.name(index)),
        evidence=(evidence,),
    )


CAUSAL_ORDER = "causal order"


def check_causal_delivery(log: EventLog) -> Verdict:
    """Tell whether each process received messages in an order that respects causality.

    Messages that were never received at a process are no violation, and neither are receipts of
    a message that was received there before. `examined` counts the first receipts; the first one
    that comes too late is reported, with the chain of events between the two sends. One join of
    clocks for each receipt: O(n P) time and memory with the clock pass, O(P) for each event.
    """
    if is_worth_it(len(log.process)):
        from counterpoint.checkers.columns.causality import receipts_in_order

        count = receipts_in_order(log)
        if count is not None:
            return holds(CAUSAL_ORDER, examined=count)
    return _delivered(log)


def _delivered(log: EventLog) -> Verdict:
    clocks = vector_clocks(log)
    heard: list[VectorClock] = [(0,) * log.process_count for _ in range(log.process_count)]
    done: set[tuple[int, int]] = set()
    for index, (place, message) in enumerate(zip(log.process, log.received, strict=True)):
        if message == NONE or (place, message) in done:
            continue
        done.add((place, message))
        send = log.send_event[message]
        sender = log.process[send]
        if heard[place][sender] >= clocks[send][sender]:
            return _overtaken(log, clocks, index, len(done))
        heard[place] = tuple(merged(heard[place], clocks[send]))
    return holds(CAUSAL_ORDER, examined=len(done))


def _overtaken(log: EventLog, clocks: list[VectorClock], late: int, examined: int) -> Verdict:
    """Tell the triangle: two sends, the chain between them, and the two deliveries."""
    send, place = log.send_event[log.received[late]], log.process[late]
    early = _first_that_knew(log, clocks, send, place)
    overtaker = log.send_event[log.received[early]]
    path = causal_path(log, send, overtaker)
    where, second, first = log.place(place), log.message(log.received[late]), log.sent[overtaker]
    chain = path_edges(log, path)
    delivered = path_edges(log, [overtaker, early])
    delivers = said(at(log, early), f" delivered {log.message(first)}")
    because = said(delivers, ", and ", log.named(late), f" {second}")
    wrong = Edge(log.name(early), log.name(late), PROGRAM_ORDER, because)
    return broken(
        CAUSAL_ORDER,
        f"{where} delivered {log.message(first)} before {second}, although {second} was sent "
        f"before {log.message(first)}",
        examined=examined,
        because=(story(log, path), *(edge.reason for edge in (*delivered, wrong))),
        edges=(*chain, *delivered, wrong),
        culprits=(log.name(send), log.name(overtaker), log.name(early), log.name(late)),
    )


def _first_that_knew(log: EventLog, clocks: list[VectorClock], send: int, place: int) -> int:
    """The first receipt at a process of a message that was sent after `send`, causally."""
    sender = log.process[send]
    return next(
        index
        for index, message in enumerate(log.received)
        if log.process[index] == place
        and message not in (NONE, log.sent[send])
        and clocks[log.send_event[message]][sender] >= clocks[send][sender]
    )


class Began(NamedTuple):
    """A session begins to write."""

    session: str
    write: Identity


class Stamped(NamedTuple):
    """Somebody learns of a write and its clock; a session also counts it as seen, a place does not."""

    write: Identity
    clock: int
    session: str | None = None


ReadsClock: TypeAlias = Callable[[Observation], "Began | Stamped | None"]
"""What an observation says about clocks; None if nothing."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The highest clock that each session knows; for writes of unknown clock, what it must exceed.

    `floors` has for each of these writes its session and the clock that the session knew.
    """

    known: tuple[tuple[str, int], ...] = ()
    floors: tuple[tuple[Identity, tuple[str, int]], ...] = ()
    is_broken: bool = False

    def after(self, said: Began | Stamped) -> Clocks:
        """Return the memory after one more observation.

        >>> alice, bob = Began("alice", ("x", 1)), Began("bob", ("y", 1))
        >>> clocks = Clocks().after(alice).after(Stamped(("x", 1), 2, "bob")).after(bob)
        >>> clocks.after(Stamped(("y", 1), 2)).is_broken, clocks.after(Stamped(("y", 1), 3)).is_broken
        (True, False)
        """
        known, floors = dict(self.known), dict(self.floors)
        is_broken = self.is_broken
        if isinstance(said, Began):
            floors[said.write] = (said.session, known.get(said.session, 0))
        else:
            writer, floor = floors.pop(said.write, (said.session, 0))
            is_broken = is_broken or said.clock <= floor
            for session in (writer, said.session):
                if session is not None:
                    known[session] = max(known.get(session, 0), said.clock)
        return Clocks(tuple(sorted(known.items())), tuple(sorted(floors.items())), is_broken)


@dataclass(frozen=True)
class ClockWatch:
    """The property as an automaton, for explorations."""

    notes_may_swap: ClassVar[bool] = True

    reading: ReadsClock

    @property
    def initial(self) -> Clocks:
        """Nobody knows anything."""
        return Clocks()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Clocks:
        """Follow one step."""
        assert isinstance(memory, Clocks)
        for observation in seen:
            said = self.reading(observation)
            if said is not None:
                memory = memory.after(said)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether a write got a clock that is too low."""
        assert isinstance(memory, Clocks)
        return memory.is_broken
