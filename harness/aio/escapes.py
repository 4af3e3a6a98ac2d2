"""What would leave the simulation: refused, with what to use instead."""

from __future__ import annotations

from counterpoint.model.mistakes import BadScenario


class Escaped(BadScenario):
    """A program under the scheduler reached for something that no scheduler can hold.

    The text says what, and what to use instead.
    """


INSTEAD = {
    "tls": "TLS cannot be simulated; give the program its connections without ssl= under test",
    "descriptor": "a real file descriptor cannot be simulated; use asyncio's connections",
    "subprocess": "a subprocess cannot be simulated; make what it does a node, or a function",
    "pipe": "a real pipe cannot be simulated; use a connection between nodes",
    "unix": "sockets of the file system are not simulated; listen at a port of the node",
    "datagram": "datagrams are not simulated; use connections between nodes",
    "thread": "a real thread cannot be simulated; use asyncio.to_thread or loop.run_in_executor",
    "socket": "a real socket cannot be simulated; use asyncio.open_connection or loop.create_connection",
    "process": "a real process cannot be simulated; use asyncio.to_thread or loop.run_in_executor",
    "end": "it would end the search itself; let the program return or raise, and crashes be faults",
    "signal": "signals are not simulated; tell another node over a connection",
}
"""What to use instead, by the kind of thing that was reached for."""


def escaped(what: str, kind: str) -> Escaped:
    """Return the error that says what was reached for, and what to use instead."""
    return Escaped(f"{what}: {INSTEAD[kind]}")
