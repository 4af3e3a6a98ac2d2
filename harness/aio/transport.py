"""One end of a simulated connection, as asyncio's protocols and streams know it."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterable
from typing import Any, Protocol

from counterpoint.harness.aio.traffic import Body, Broke, Chunk, Ended


class Wire(Protocol):
    """What an end of a connection asks of its node."""

    @property
    def clock(self) -> int:
        """The time at the node, in microseconds."""
        ...

    @property
    def is_awake(self) -> bool:
        """Whether the node is in a step; what is done outside of one is done by nobody."""
        ...

    def send(self, to: str, body: Body) -> None:
        """Put a message on its way."""
        ...

    def soon(self, function: Any, *args: Any) -> None:
        """Call a function when the program waits next."""
        ...

    def at_once(self, function: Any, *args: Any) -> None:
        """Call a function as the first thing of a step."""
        ...

    def forget(self, end: End) -> None:
        """Take a connection off the open ones."""
        ...


class End(asyncio.Transport):
    """One end: `lane` is the one it writes to. Every write is a chunk of its own.

    A write never waits: the network takes what it is given.
    """

    def __init__(
        self, wire: Wire, peer: str, lane: str, protocol: asyncio.BaseProtocol, **about: Any
    ) -> None:
        super().__init__(about)
        self.wire, self.peer, self.lane = wire, peer, lane
        self.set_protocol(protocol)
        self._sent = 0
        self._is_closing = self._has_ended = False
        self.has_heard_all = False
        self._paused: deque[bytes | None] | None = None

    def __repr__(self) -> str:
        return f"<connection {self.lane}>"

    # Writing.

    def write(self, data: Any) -> None:
        """Send a chunk; after the connection is closed, nothing."""
        if self._is_closing or not self.wire.is_awake:
            return
        if self._has_ended:
            raise RuntimeError("Cannot call write() after write_eof()")
        if len(data):
            self._sent += 1
            self.wire.send(self.peer, Chunk(self.lane, self._sent, bytes(data), self.wire.clock))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Send several pieces as one chunk."""
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        """Say that no more will come; reading goes on."""
        if self._has_ended or self._is_closing or not self.wire.is_awake:
            return
        self._has_ended = True
        self.wire.send(self.peer, Ended(self.lane, self.wire.clock))

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def get_write_buffer_size(self) -> int:
        """Nothing waits to be sent."""
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """As asyncio sets them; they are never reached."""
        return (16 * 1024, 64 * 1024)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits to be sent, so that no limit is reached."""

    # Closing.

    def is_closing(self) -> bool:
        """Tell whether it is closed, or about to be; to whoever asks outside of a step it is.

        That is the collector, to which an open connection would be worth a warning.
        """
        return self._is_closing or not self.wire.is_awake

    def close(self) -> None:
        """Say that no more will come, and hear no more."""
        if self._is_closing or not self.wire.is_awake:
            return
        self.write_eof()
        self._leave(None)

    def abort(self) -> None:
        """Break the connection."""
        if self._is_closing or not self.wire.is_awake:
            return
        self.wire.send(self.peer, Broke(self.lane, self.wire.clock))
        self._leave(None)

    def _leave(self, why: Exception | None) -> None:
        self._is_closing = True
        self.wire.forget(self)
        self.wire.soon(self._protocol.connection_lost, why)

    # Reading.

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who hears what arrives."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another hear what arrives."""
        self._protocol: Any = protocol
        self._is_buffered = isinstance(protocol, asyncio.BufferedProtocol)

    def is_reading(self) -> bool:
        """Tell whether what arrives is heard at once."""
        return self._paused is None and not self._is_closing

    def pause_reading(self) -> None:
        """Keep what arrives for later."""
        if self._paused is None:
            self._paused = deque()

    def resume_reading(self) -> None:
        """Hear what was kept, and all that comes."""
        kept, self._paused = self._paused, None
        for data in kept or ():
            self.wire.soon(self._hear, data)

    # What the network does.

    def arrive(self, data: bytes | None) -> None:
        """Let a chunk arrive, or with None the end, after which nothing comes."""
        self.has_heard_all |= data is None
        if self._paused is not None:
            self._paused.append(data)
        else:
            self.wire.at_once(self._hear, data)

    def break_off(self, error: Exception) -> None:
        """Let the connection be broken, by the other end or by the network."""
        if not self._is_closing:
            self._leave(error)

    def _hear(self, data: bytes | None) -> None:
        if self._is_closing:
            return
        if data is None:
            if not self._protocol.eof_received():
                self.close()
        elif self._is_buffered:
            self._fill(self._protocol, data)
        else:
            self._protocol.data_received(data)

    @staticmethod
    def _fill(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
        while data:
            buffer = memoryview(protocol.get_buffer(len(data)))
            count = min(len(buffer), len(data))
            buffer[:count] = data[:count]
            protocol.buffer_updated(count)
            data = data[count:]


class Listening(asyncio.AbstractServer):
    """A server that listens at a port of its node."""

    def __init__(self, loop: Any, host: str, port: int, factory: Any) -> None:
        self._loop, self.host, self.port, self.factory = loop, host, port, factory
        self._waiters: list[asyncio.Future[None]] = []
        self.is_open = True

    def get_loop(self) -> Any:
        """Return the loop of its node."""
        return self._loop

    def is_serving(self) -> bool:
        """Tell whether it listens."""
        return self.is_open

    @property
    def sockets(self) -> tuple[Any, ...]:
        """What tells the port."""
        return (Named(self.host, self.port),) if self.is_open else ()

    async def start_serving(self) -> None:
        """It listens already."""

    def close(self) -> None:
        """Listen no more; connections stay open."""
        if self.is_open:
            self.is_open = False
            self._loop.unlisten(self)
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.cancel()

    async def wait_closed(self) -> None:
        """It is closed at once."""

    async def serve_forever(self) -> None:
        """Wait for ever, or until it is closed."""
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self.close()

    def close_clients(self) -> None:
        """Connections are their protocols' to close."""

    def abort_clients(self) -> None:
        """Connections are their protocols' to close."""


class Named:
    """A socket as far as programs ask for the name of one."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, 6

    def __init__(self, host: str, port: int) -> None:
        self._name = (host, port)

    def getsockname(self) -> tuple[str, int]:
        """Return the node and the port."""
        return self._name
