"""How fast causal consistency, session guarantees and clocks are judged, and in how much memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from counterpoint.checkers import columns as gate
from counterpoint.checkers.causal.check import check_causal
from counterpoint.checkers.happens_before.clock_checks import (
    check_causal_delivery,
    check_recorded_clocks,
)
from counterpoint.checkers.happens_before.clocks import NONE, EventLog, vector_clocks
from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.sessions.check import check_sessions
from tests.bench.measure import Figure, seconds

AWDIT_MILLISECONDS = 175.0
"""AWDIT, in Rust, on such a history, in a session in which this took 360 to 510 without columns."""

COUNT = 100_000
SESSIONS = 30


def figures() -> Iterator[Figure]:
    """Yield the figures."""
    by_stamp, by_arrival = store_history(COUNT, by_stamp=True), store_history(COUNT, by_stamp=False)
    for name, history, work, aim, peer in (
        ("causal consistency", by_stamp, check_causal, "<= 170", AWDIT_MILLISECONDS),
        ("causal convergence", by_stamp, lambda h: check_causal(h, level="ccv"), "<= 300", 0.0),
        ("causal memory", by_arrival, lambda h: check_causal(h, level="cm"), "<= 1,000", 0.0),
        ("session guarantees, all four", by_stamp, check_sessions, "<= 500", 0.0),
    ):
        yield from _twice(name, lambda h=history, w=work: w(h), aim, peer)  # type: ignore[misc]
    yield from _million()
    yield Figure("memory of causal consistency beside the history", peak(by_stamp), "B/op/k")
    log = event_log(COUNT, SESSIONS)
    clocks = vector_clocks(log)
    yield Figure(
        "vector clocks, 100,000 events", seconds(lambda: vector_clocks(log)) * 1e3, "ms", "<= 200"
    )
    took = seconds(lambda: check_recorded_clocks(log, clocks))
    yield Figure("recorded clocks, 100,000 events", took * 1e3, "ms", "<= 451")
    took = seconds(lambda: check_causal_delivery(log))
    yield Figure("causal delivery with its clocks, 100,000 events", took * 1e3, "ms", "<= 392")


def _twice(name: str, work: Callable[[], object], aim: str, peer: float) -> Iterator[Figure]:
    """Measure with columns and without, one after the other: their ratio is worth most."""
    what = f"{name}, {COUNT:,} in {SESSIONS} sessions"
    took = seconds(work)
    yield Figure(what, took * 1e3, "ms", aim, "", peer)
    with without_columns():
        plainly = seconds(work, rounds=1)
    yield Figure(f"the same without columns / {name}", plainly / took, "times")


@contextmanager
def without_columns() -> Iterator[None]:
    """Have every history judged with the standard library alone."""
    before = gate.OPERATIONS_MIN
    gate.OPERATIONS_MIN = 10**12
    try:
        yield
    finally:
        gate.OPERATIONS_MIN = before


def _million() -> Iterator[Figure]:
    history = store_history(10 * COUNT, by_stamp=True)
    took = seconds(lambda: check_causal(history), rounds=1)
    yield Figure(f"causal consistency, {10 * COUNT:,} in {SESSIONS} sessions", took, "s", "<= 2.5")
    # What numpy takes counts here, too: it tells the tracer.
    most = peak(history) * len(history) * SESSIONS
    yield Figure("the same, memory beside the history", most / 2**20, "MB", "<= 1,000")


def peak(history: History) -> float:
    """Bytes at the peak of a check, for each operation and session."""
    tracemalloc.start()
    check_causal(history)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / len(history) / SESSIONS


def store_history(count: int, *, by_stamp: bool, key_count: int = 100, lag: int = 200) -> History:
    """Replicas that apply one log of writes, each up to some place, and their own writes at once."""
    random = Random(1)
    log: list[tuple[tuple[int, int], str, int]] = []
    held: list[dict[str, tuple[tuple[int, int], int]]] = [{} for _ in range(SESSIONS)]
    place, clock = [0] * SESSIONS, [0] * SESSIONS
    operations: list[Operation] = []
    for number in range(count):
        here = random.randrange(SESSIONS)
        until = max(place[here], len(log) - random.randrange(lag))
        for stamp, key, value in log[place[here] : until]:
            clock[here] = max(clock[here], stamp[0])
            old = held[here].get(key)
            if stamp[1] != here and (not by_stamp or old is None or old[0] < stamp):
                held[here][key] = (stamp, value)
        place[here] = until
        key = f"k{random.randrange(key_count)}"
        times = (2 * number, 2 * number + 1)
        if random.random() < 0.5:
            clock[here] += 1
            held[here][key] = ((clock[here], here), number)
            log.append(((clock[here], here), key, number))
            operations.append(
                Operation(f"o{number}", f"c{here}", "write", key, number, None, *times)
            )
        else:
            found = held[here].get(key)
            value_read = found[1] if found else None
            operations.append(
                Operation(f"o{number}", f"c{here}", "read", key, None, value_read, *times)
            )
    return tuple(operations)


def event_log(count: int, process_count: int) -> EventLog:
    """Processes that send to each other; what one process is sent arrives in the order of sending."""
    random = Random(1)
    process, sent, received = list[int](), list[int](), list[int]()
    queues: list[list[int]] = [[] for _ in range(process_count)]
    taken = [0] * process_count
    for number in range(count):
        here = random.randrange(process_count)
        process.append(here)
        if taken[here] < len(queues[here]) and random.random() < 0.6:
            received.append(queues[here][taken[here]])
            sent.append(NONE)
            taken[here] += 1
        else:
            received.append(NONE)
            sent.append(number)
            queues[random.randrange(process_count)].append(number)
    return EventLog(tuple(process), tuple(sent), tuple(received), process_count)
