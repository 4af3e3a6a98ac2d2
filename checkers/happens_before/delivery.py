"""Causal delivery: no process receives a message before another that was sent causally before it.

>>> log = EventLog(
...     process=(0, 0, 1, 1, 2, 2),
...     sent=(1, 2, -1, 3, -1, -1),
...     received=(-1, -1, 2, -1, 3, 1),
...     process_count=3,
...     places=("r1", "r2", "r3"),
... )
>>> print(check_causal_delivery(log).summary)
r3 delivered m3 before m1, although m1 was sent before m3
"""

from __future__ import annotations

from counterpoint.checkers.happens_before.clocks import (
    NONE,
    Clock,
    EventLog,
    causal_path,
    vector_clocks,
)
from counterpoint.checkers.happens_before.words import PROGRAM_ORDER, at, path_edges, story
from counterpoint.model.verdict import Edge, Verdict, broken, holds, said

NAME = "causal order"


def check_causal_delivery(log: EventLog) -> Verdict:
    """Tell whether each process received messages in an order that respects causality.

    Messages that were never received at a process are no violation, and neither are receipts of
    a message that was received there before. `examined` counts the first receipts; the first one
    that comes too late is reported, with the chain of events between the two sends. One join of
    clocks for each receipt: O(n P) time and memory with the clock pass, O(P) for each event.
    """
    clocks = vector_clocks(log)
    heard: list[Clock] = [(0,) * log.process_count for _ in range(log.process_count)]
    done: set[tuple[int, int]] = set()
    for index, (place, message) in enumerate(zip(log.process, log.received, strict=True)):
        if message == NONE or (place, message) in done:
            continue
        done.add((place, message))
        send = log.send_event[message]
        sender = log.process[send]
        if heard[place][sender] >= clocks[send][sender]:
            return _overtaken(log, clocks, index, len(done))
        heard[place] = tuple(map(max, heard[place], clocks[send]))
    return holds(NAME, examined=len(done))


def _overtaken(log: EventLog, clocks: list[Clock], late: int, examined: int) -> Verdict:
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
        NAME,
        f"{where} delivered {log.message(first)} before {second}, although {second} was sent "
        f"before {log.message(first)}",
        examined=examined,
        because=(story(log, path), *(edge.reason for edge in (*delivered, wrong))),
        edges=(*chain, *delivered, wrong),
        culprits=(log.name(send), log.name(overtaker), log.name(early), log.name(late)),
    )


def _first_that_knew(log: EventLog, clocks: list[Clock], send: int, place: int) -> int:
    """The first receipt at a process of a message that was sent after `send`, causally."""
    sender = log.process[send]
    return next(
        index
        for index, message in enumerate(log.received)
        if log.process[index] == place
        and message not in (NONE, log.sent[send])
        and clocks[log.send_event[message]][sender] >= clocks[send][sender]
    )
