"""One level of an exploration expanded by several processes.

Each process is a fork of the exploring one, so that tables and known states are shared without
copying; it expands its slice of the level with the tables as they are, and sends back the new states.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection

import numpy as np

from counterpoint.model.search.packing import Ids, Words


class WorkerDied(RuntimeError):
    """A process of the exploration ended before it had sent its share."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one process found: new states, states that it could not expand, and its counts.

    `ends` is (states without successor, those of them in which a call is open).
    """

    words: Words
    strangers: Ids
    generated: int
    ends: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The shares of all processes."""

    parts: tuple[Words, ...]
    strangers: Ids
    generated: int
    ends: tuple[int, int]


def is_possible() -> bool:
    """Tell whether this system can fork."""
    return "fork" in multiprocessing.get_all_start_methods()


def expand_in_parallel(expand: Callable[[int, int], Share], count: int, workers: int) -> Gathered:
    """Expand `count` states in equal slices, one process each.

    Raises:
        WorkerDied: a process was killed, or failed.
    """
    context = multiprocessing.get_context("fork")
    bounds = [count * k // workers for k in range(workers + 1)]
    running = []
    for start, stop in pairwise(bounds):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(expand, start, stop, sender), daemon=True)
        process.start()
        sender.close()
        running.append((process, receiver))
    try:
        shares = [_received(receiver) for _, receiver in running]
    finally:
        for process, receiver in running:
            receiver.close()
            process.kill()
            process.join()
    return Gathered(
        tuple(share.words for share in shares),
        np.concatenate([share.strangers for share in shares]),
        sum(share.generated for share in shares),
        (sum(share.ends[0] for share in shares), sum(share.ends[1] for share in shares)),
    )


def _work(expand: Callable[[int, int], Share], start: int, stop: int, sender: Connection) -> None:
    # An interrupt reaches the whole group; the process that explores ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    share = expand(start, stop)
    sender.send((len(share.words), share.generated, share.ends))
    for word in share.words:
        sender.send_bytes(word.tobytes())
    sender.send_bytes(share.strangers.astype(np.int64).tobytes())
    sender.close()


def _received(receiver: Connection) -> Share:
    try:
        word_count, generated, ends = receiver.recv()
        words = tuple(np.frombuffer(receiver.recv_bytes(), np.uint64) for _ in range(word_count))
        strangers = np.frombuffer(receiver.recv_bytes(), np.int64)
    except EOFError:
        raise WorkerDied("a process of the exploration died; is there enough memory?") from None
    return Share(words, strangers, generated, ends)
