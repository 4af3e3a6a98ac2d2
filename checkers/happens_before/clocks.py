"""Happens-before from who sent what to whom: vector clocks in one pass, never a closure.

    >>> log = EventLog(process=(0, 1, 1), sent=(5, -1, -1), received=(-1, -1, 5), process_count=2)
    >>> vector_clocks(log)
    [(1, 0), (0, 1), (1, 2)]
    >>> happens_before(log, vector_clocks(log), 0, 2), happens_before(log, vector_clocks(log), 0, 1)
    (True, False)

After Lamport, CACM 1978; Fidge, ACSC 1988; Mattern, 1989.

Sentences and edges about events and messages: how one event led to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from counterpoint.model.verdict import Edge, Reason, at_step, said

NONE = -1
"""No message, in the columns of a log."""

VectorClock = tuple[int, ...]
"""For each process, how many of its events are known, the event's own one included."""


class MalformedLog(ValueError):
    """A log that no run can have produced. Never a verdict."""


@dataclass(frozen=True, slots=True)
class EventLog:
    """Events in an order in which they can have happened, as columns of equal length.

    Event i happens at `process[i]`, from 0 up to `process_count`. It sends the message with
    identity `sent[i]` and has received the one with identity `received[i]`, `NONE` for neither.
    A message is sent by one event, to one process or several, and received by any number; its
    receipts come after it. `names` are what reports call the events and `places` the processes;
    `messages` are the names of messages by identity, where they have one, and `steps` the steps of a
    run that the events belong to.
    """

    process: tuple[int, ...]
    sent: tuple[int, ...]
    received: tuple[int, ...]
    process_count: int
    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    send_event: dict[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the sends by message.

        Raises:
            MalformedLog: columns of unequal length, an unknown process, a message sent twice,
                received before it is sent, or by the event that sends it.
        """
        if not len(self.process) == len(self.sent) == len(self.received):
            raise MalformedLog("the columns process, sent and received are not equally long")
        if self.process and not 0 <= min(self.process) <= max(self.process) < self.process_count:
            raise MalformedLog(f"a process is not one of the {self.process_count}")
        sends = {message: index for index, message in enumerate(self.sent) if message != NONE}
        if len(sends) != len(self.sent) - self.sent.count(NONE):
            raise MalformedLog("a message is sent twice")
        for index, message in enumerate(self.received):
            if message != NONE and sends.get(message, index) >= index:
                what = f"{self.name(index)} receives {self.message(message)}"
                raise MalformedLog(f"{what}, which was not sent before")
        object.__setattr__(self, "send_event", sends)

    def name(self, index: int) -> str:
        """What reports call an event."""
        return self.named(index).text

    def named(self, index: int) -> Reason:
        """What reports call an event, with its step where it has one."""
        name = self.names[index] if self.names else f"e{index}"
        return said(name, " [", at_step(self.steps[index]), "]") if self.steps else said(name)

    def place(self, process: int) -> str:
        """What reports call a process."""
        return self.places[process] if self.places else f"p{process}"

    def message(self, message: int) -> str:
        """What reports call a message."""
        return self.messages[message] if 0 <= message < len(self.messages) else f"m{message}"

    def causes(self, index: int, previous: int) -> Iterator[int]:
        """The direct predecessors of an event, `previous` being the one at its process, or -1."""
        if previous >= 0:
            yield previous
        if self.received[index] != NONE:
            yield self.send_event[self.received[index]]


def merged(clock: Sequence[int], other: Sequence[int]) -> list[int]:
    """Return what is known to either of two clocks of as many processes.

    >>> merged((1, 5), (3, 2))
    [3, 5]
    """
    # In four tenths of the time that it takes to call max for each.
    return [one if one > more else more for one, more in zip(clock, other, strict=True)]


def vector_clocks(log: EventLog) -> list[VectorClock]:
    """Return the vector clock of each event; O(n P) for n events of P processes.

    Event a happens before b exactly when b knows as many events of a's process as a does.
    """
    current = [[0] * log.process_count for _ in range(log.process_count)]
    clocks: list[VectorClock] = []
    send_event = log.send_event
    for process, message in zip(log.process, log.received, strict=True):
        clock = current[process]
        if message != NONE:
            learnt = clocks[send_event[message]]
            current[process] = clock = merged(clock, learnt)
        clock[process] += 1
        clocks.append(tuple(clock))
    return clocks


def happens_before(log: EventLog, clocks: Sequence[VectorClock], before: int, after: int) -> bool:
    """Tell whether one event precedes another in every order in which the log can have happened."""
    process = log.process[before]
    return before != after and clocks[before][process] <= clocks[after][process]


def lamport_clocks(log: EventLog) -> list[int]:
    """Return the smallest Lamport clock of each event, from 1 on. O(n).

    >>> lamport_clocks(EventLog((0, 1, 1), (5, -1, -1), (-1, -1, 5), 2))
    [1, 1, 2]
    """
    current = [0] * log.process_count
    clocks: list[int] = []
    for process, message in zip(log.process, log.received, strict=True):
        known = clocks[log.send_event[message]] if message != NONE else 0
        current[process] = max(current[process], known) + 1
        clocks.append(current[process])
    return clocks


def previous_events(log: EventLog) -> list[int]:
    """The event before each one at its process, -1 for the first. O(n).

    >>> previous_events(EventLog((0, 1, 0), (-1, -1, -1), (-1, -1, -1), 2))
    [-1, -1, 0]
    """
    latest = [-1] * log.process_count
    previous: list[int] = []
    for index, process in enumerate(log.process):
        previous.append(latest[process])
        latest[process] = index
    return previous


def causal_path(log: EventLog, before: int, after: int) -> list[int]:
    """Return events on a path with fewest edges from one to another that it happens before. O(n)."""
    previous = previous_events(log)
    towards = {after: after}
    frontier = [after]
    while frontier and before not in towards:
        following = []
        for index in frontier:
            for cause in log.causes(index, previous[index]):
                if cause not in towards:
                    towards[cause] = index
                    following.append(cause)
        frontier = following
    assert before in towards, f"{log.name(before)} does not happen before {log.name(after)}"
    path = [before]
    while path[-1] != after:
        path.append(towards[path[-1]])
    return path


MESSAGE = "message"
PROGRAM_ORDER = "program order"


def at(log: EventLog, index: int) -> Reason:
    """An event and where it happened: "e7 at s2"."""
    return said(log.named(index), f" at {log.place(log.process[index])}")


def path_edges(log: EventLog, path: Sequence[int]) -> tuple[Edge, ...]:
    """The edges between the events of a path, each by a message or by the order of a process."""
    return tuple(_edge(log, before, after) for before, after in pairwise(path))


def _edge(log: EventLog, before: int, after: int) -> Edge:
    message = log.sent[before]
    if message != NONE and message == log.received[after]:
        sent = said(at(log, before), f" sent {log.message(message)}")
        because = said(sent, ", which ", at(log, after), " received")
        return Edge(log.name(before), log.name(after), MESSAGE, because)
    because = said(at(log, before), " came before ", log.named(after), " there")
    return Edge(log.name(before), log.name(after), PROGRAM_ORDER, because)


def story(log: EventLog, path: Sequence[int]) -> Reason:
    """A path in words: "s1 sent m1, s2 received m1, s2 sent m2".

    Events that neither send nor receive what matters are named.
    """
    parts: list[str | Reason] = []
    for place, index in enumerate(path):
        where = log.place(log.process[index])
        came = place > 0 and log.sent[path[place - 1]] == log.received[index] != NONE
        went = place + 1 < len(path) and log.sent[index] == log.received[path[place + 1]] != NONE
        last = place + 1 == len(path) and log.sent[index] != NONE
        if came:
            parts.append(f"{where} received {log.message(log.received[index])}")
        if went or last:
            parts.append(f"{where} sent {log.message(log.sent[index])}")
        if not (came or went or last):
            parts.append(said(f"{where} did ", log.named(index)))
    return said(*parts[:1], *(said(", ", part) for part in parts[1:]))
