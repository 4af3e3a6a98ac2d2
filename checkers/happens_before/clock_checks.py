"""Do the clocks that a system recorded agree with what happened before what?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from counterpoint.checkers.evidence import Extra, Missing
from counterpoint.checkers.happens_before.clocks import NONE, EventLog, causal_path, previous_events
from counterpoint.checkers.happens_before.words import at, path_edges
from counterpoint.model.verdict import Verdict, broken, holds

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
        row = list(map(max, learnt, recorded[previous])) if previous >= 0 else list(learnt)
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
