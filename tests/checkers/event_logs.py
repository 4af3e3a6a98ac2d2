"""Small random event logs, and what happens before what in them by following every path."""

from __future__ import annotations

from random import Random

from counterpoint.checkers.happens_before.clocks import NONE, EventLog


def random_log(
    random: Random, event_count: int = 8, process_count: int = 3, *, duplicates: float = 0.0
) -> EventLog:
    """Draw a log in which messages are lost, overtake each other, and may be received again."""
    process: list[int] = []
    sent: list[int] = []
    received: list[int] = []
    target: dict[int, int] = {}
    in_flight: set[int] = set()
    for index in range(event_count):
        here = random.randrange(process_count)
        process.append(here)
        arriving = sorted(m for m in in_flight if target[m] == here)
        taken = random.choice(arriving) if arriving and random.random() < 0.7 else NONE
        received.append(taken)
        if taken != NONE and random.random() >= duplicates:
            in_flight.discard(taken)
        if random.random() < 0.6:
            sent.append(index)
            target[index] = random.randrange(process_count)
            in_flight.add(index)
        else:
            sent.append(NONE)
    return EventLog(tuple(process), tuple(sent), tuple(received), process_count)


def pasts(log: EventLog) -> list[set[int]]:
    """For each event all events on some path to it, itself not included."""
    found: list[set[int]] = []
    for index, process in enumerate(log.process):
        causes = [i for i in range(index) if log.process[i] == process]
        if log.received[index] != NONE:
            causes.append(log.sent.index(log.received[index]))
        found.append({e for cause in causes for e in (cause, *found[cause])})
    return found
