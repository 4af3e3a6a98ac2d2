"""What nodes that are asyncio programs send each other: the life of a connection, in messages.

Each direction of a connection is a lane, in which nothing overtakes: "c1>s0#1" is what c1 sends on its
first connection to s0, "c1<s0#1" what comes back. `at` is the moment of sending, in microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.model.quick_init import quick_init

SHOWN_MAX = 160
"""So many bytes of a chunk are shown."""


@quick_init
@dataclass(frozen=True, slots=True)
class Opening:
    """A connection to a port is asked for; `is_asked` if whoever opens it waits for the answer."""

    lane: str
    port: int
    is_asked: bool
    at: int

    def __str__(self) -> str:
        return f"{self.lane} opens, port {self.port}"


@quick_init
@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody listens there: the connection is open at both ends."""

    lane: str
    at: int

    def __str__(self) -> str:
        return f"{self.lane} is open"


@quick_init
@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Nobody listens there."""

    lane: str
    at: int

    def __str__(self) -> str:
        return f"{self.lane} is refused"


@quick_init
@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes, as one write gave them; `number` counts those of its lane."""

    lane: str
    number: int
    data: bytes
    at: int

    def __str__(self) -> str:
        return f"{self.lane} no. {self.number}: {text_of(self.data)}"


@quick_init
@dataclass(frozen=True, slots=True)
class Ended:
    """No more bytes will come: end of file."""

    lane: str
    at: int

    def __str__(self) -> str:
        return f"{self.lane} ends"


@quick_init
@dataclass(frozen=True, slots=True)
class Broke:
    """The connection is no more: a reset."""

    lane: str
    at: int

    def __str__(self) -> str:
        return f"{self.lane} is reset"


@quick_init
@dataclass(frozen=True, slots=True)
class Job:
    """A function that a node gave to an executor gets its turn, and is done."""

    lane: str
    name: str
    at: int

    def __str__(self) -> str:
        return f"{self.lane}: {self.name}"


Body: TypeAlias = Opening | Accepted | NotAccepted | Chunk | Ended | Broke | Job


def way_back(lane: str) -> str:
    """Return the lane of the other direction of a connection.

    >>> way_back("c1>s0#1"), way_back("c1<s0#1")
    ('c1<s0#1', 'c1>s0#1')
    """
    return lane.replace(">", "<") if ">" in lane else lane.replace("<", ">")


def ends_of(lane: str) -> tuple[str, str]:
    """Return who writes to a lane, and who reads it.

    >>> ends_of("c1>s0#1"), ends_of("c1<s0#1")
    (('c1', 's0'), ('s0', 'c1'))
    """
    ends = lane.rpartition("#")[0]
    if ">" in ends:
        writer, _, reader = ends.partition(">")
    else:
        reader, _, writer = ends.partition("<")
    return writer, reader


def text_of(data: bytes) -> str:
    r"""Return how bytes are shown: as text where they are some, else in hexadecimal.

    >>> text_of(b"GET x\r\n"), text_of(bytes([0, 255]))
    ('GET x', '00ff')
    """
    cut = data[:SHOWN_MAX]
    more = "" if len(data) <= SHOWN_MAX else f"… ({len(data)} bytes)"
    try:
        text = cut.decode()
    except UnicodeDecodeError:
        return cut.hex() + more
    shown = " ".join(text.split())
    return (shown if shown.isprintable() else cut.hex()) + more
