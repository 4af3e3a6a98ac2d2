"""Sentences and edges about events and messages: how one event led to another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from counterpoint.checkers.happens_before.clocks import NONE, EventLog
from counterpoint.model.verdict import Edge, Reason, said

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
