"""Ports of this machine that are free."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"

OURS = range(12_000, 32_000)
"""Out of these: the system gives others, above them, to whoever dials, also before we listen there."""

TRIES = 1_000


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens at, all different."""
    with ExitStack() as stack:
        return [_bound(stack.enter_context(socket.socket())) for _ in range(count)]


def _bound(taken: socket.socket) -> int:
    """Bind a socket to a port that is free, and return the port."""
    for _ in range(TRIES):
        try:
            taken.bind((HOST, random.choice(OURS)))
            break
        except OSError:
            continue  # somebody is there
    else:
        taken.bind((HOST, 0))
    return int(taken.getsockname()[1])
