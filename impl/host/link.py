"""Links: between two nodes, each message is taken once, in order, whatever happens to connections.

Each side numbers its messages to the other from 1, keeps them until the other says that it has taken
them, and sends again on the next connection what was not. An incarnation is a node between two
crashes that lose its memory: numbers count within one. So a message is lost only when its sender
crashes, or when a queue is full; it is taken twice only when its receiver crashed in between.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from counterpoint.impl.host.frames import FRAME_BYTES_MAX, BadFrame

MESSAGES_MAX = 100_000
"""So many messages wait for a peer that does not take them; then the oldest is dropped."""

CHUNK_BYTES = 256 * 2**10
"""About as much goes into one frame."""

MESSAGE_BYTES_MAX = 2**20
"""No message is longer."""

_NUMBER, _SIZE = struct.Struct(">Q"), struct.Struct(">I")
_FIRST = struct.Struct(">QQ")
_VIEW = struct.Struct(">QQQ")


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a node says of a link when it connects.

    `mine` is its incarnation, `yours` that of the other as far as it knows, 0 if it does not, and
    `taken` the number of the last message that it has taken of that one.
    """

    mine: int
    yours: int = 0
    taken: int = 0

    def packed(self) -> bytes:
        """Return it as bytes."""
        return _VIEW.pack(self.mine, self.yours, self.taken)

    @staticmethod
    def unpacked(data: bytes) -> LinkView:
        """Return it from bytes; raises BadFrame."""
        if len(data) != _VIEW.size:
            raise BadFrame(f"a view of a link has {len(data)} bytes, not {_VIEW.size}")
        return LinkView(*_VIEW.unpack(data))


class Link:
    """One node's end of its link with a peer."""

    def __init__(self, incarnation: int, *, messages_max: int = MESSAGES_MAX) -> None:
        self.incarnation = incarnation
        self.sent = 0
        self.dropped = 0
        self.peer = 0
        self.taken = 0
        self.waiting: deque[bytes] = deque()
        self._written = 0
        self._messages_max = messages_max

    @property
    def view(self) -> LinkView:
        """What to say when connecting."""
        return LinkView(self.incarnation, self.peer, self.taken)

    @property
    def has_unwritten(self) -> bool:
        """Tell whether there is something to send on the present connection."""
        return self._written < self.sent

    @property
    def first_waiting(self) -> int:
        """The number of the oldest message that the peer has not taken, or of the next one."""
        return self.sent - len(self.waiting) + 1

    # ---- out

    def put(self, body: bytes) -> int:
        """Queue a message, and return its number. A full queue loses its oldest message."""
        if len(self.waiting) >= self._messages_max:
            self.waiting.popleft()
            self.dropped += 1
        self.waiting.append(body)
        self.sent += 1
        return self.sent

    def connect(self, view: LinkView) -> None:
        """Begin a connection, whose other end says this; what was not taken is to be sent again."""
        if view.yours == self.incarnation:
            self.trim(view.taken)
        if view.mine != self.peer:
            self.peer, self.taken = view.mine, 0
        self._written = self.first_waiting - 1

    def trim(self, taken: int) -> int:
        """Forget the messages up to a number, which the peer has taken; return how many that were."""
        first = self.first_waiting
        count = max(min(taken, self.sent) - first + 1, 0)
        for _ in range(count):
            self.waiting.popleft()
        return count

    def unwritten(self) -> bytes:
        """Return the content of the next frame of messages; there must be some to write."""
        first = self.first_waiting
        number = max(first, self._written + 1)
        parts, size = [_FIRST.pack(self.taken, number)], 0
        at = number - first
        while at < len(self.waiting) and size < CHUNK_BYTES:
            body = self.waiting[at]
            parts += (_SIZE.pack(len(body)), body)
            size += len(body)
            at += 1
        self._written = first + at - 1
        return b"".join(parts)

    # ---- in

    def is_news(self, number: int) -> bool:
        """Tell whether a message was not taken yet, and take it if so."""
        if number <= self.taken:
            return False
        self.taken = number
        return True


def messages_in(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return number and bytes of each message in a frame; `taken_with` tells what else it says.

    Raises:
        BadFrame: the frame does not hold what it says.
    """
    try:
        number, at = _FIRST.unpack_from(content)[1], _FIRST.size
        while at < len(content):
            size = _SIZE.unpack_from(content, at)[0]
            at += _SIZE.size
            if at + size > len(content):
                raise BadFrame(f"message {number} has {len(content) - at} bytes of {size}")
            yield number, content[at : at + size]
            number, at = number + 1, at + size
    except struct.error as error:
        raise BadFrame(f"a frame of messages: {error}") from None


def taken_with(content: bytes) -> int:
    """Return how far the sender of a frame of messages has taken ours; raises BadFrame."""
    if len(content) < _FIRST.size:
        raise BadFrame(f"a frame of messages has {len(content)} bytes")
    return int(_FIRST.unpack_from(content)[0])


def taken_content(number: int) -> bytes:
    """Return the content of a frame that says how far messages were taken."""
    return _NUMBER.pack(number)


def taken_in(content: bytes) -> int:
    """Return the number in such a frame; raises BadFrame."""
    if len(content) != _NUMBER.size:
        raise BadFrame(f"a number has {len(content)} bytes, not {_NUMBER.size}")
    return int(_NUMBER.unpack(content)[0])


assert CHUNK_BYTES + MESSAGE_BYTES_MAX + 1_000 < FRAME_BYTES_MAX, "messages must fit into a frame"
