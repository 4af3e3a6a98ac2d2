"""Ports of this machine that are free."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection
from contextlib import ExitStack

HOST = "127.0.0.1"

OURS = range(12_000, 32_000)
"""Out of these: the system gives others, above them, to whoever dials, also before we listen there."""

TRIES = 1_000


def free_ports(count: int, *, besides: Collection[int] = ()) -> list[int]:
    """Return ports of the loopback interface that nobody listens at, all different.

    `besides` are others that are meant to be used, though nobody listens there yet.
    """
    with ExitStack() as stack:
        return [_bound(stack.enter_context(socket.socket()), besides) for _ in range(count)]


def _bound(taken: socket.socket, besides: Collection[int]) -> int:
    """Bind a socket to a port that is free, and return the port."""
    for _ in range(TRIES):
        port = random.choice(OURS)
        if port in besides:
            continue
        try:
            taken.bind((HOST, port))
        except OSError:
            continue  # somebody is there
        return port
    taken.bind((HOST, 0))
    return int(taken.getsockname()[1])
