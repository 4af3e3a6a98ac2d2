"""One TCP connection of a node, with a peer or with a user: from the first bytes to the last."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from counterpoint.impl.host import handshake
from counterpoint.impl.host.frames import (
    FRAME_BYTES_MAX,
    GREETING_BYTES_MAX,
    BadFrame,
    Frame,
    FrameReader,
    FrameWriter,
    Tag,
)
from counterpoint.impl.host.handshake import HandshakeRefused, Hello, Meeting, PeerIdentity
from counterpoint.impl.host.link import LinkView
from counterpoint.impl.host.msgpack import BadBytes
from counterpoint.model.values import NodeId

GREETING_SECONDS = 5.0
"""Who has not shown by then who it is, is cut off."""


READ_BYTES = 32 * 2**10
"""So much is read at once."""

CLOSING_SECONDS = 1.0
"""So long the other end may take to accept the last bytes."""


class ConnectionOwner(Protocol):
    """What a connection tells to whom it belongs."""

    @property
    def identity(self) -> PeerIdentity:
        """Who this end is."""
        ...

    def is_expected(self, source: str) -> bool:
        """Tell whether somebody of this name may call."""
        ...

    def view_of(self, peer: str) -> LinkView:
        """Return what to say of the link with a peer."""
        ...

    def opened(self, connection: Connection, view: LinkView) -> None:
        """Take note that a connection can be used, whose other end said this of the link."""
        ...

    def heard(self, connection: Connection, frame: Frame) -> None:
        """Take a frame; raises BadFrame or BadBytes for one that no right peer sends."""
        ...

    def closed(self, connection: Connection, why: str) -> None:
        """Take note that a connection is over, or never was."""
        ...


class Connection(asyncio.BufferedProtocol):
    """A connection that this end has dialled (`to` names the other end) or has accepted.

    It reads into a buffer of its own: asyncio would make a new one of 256 KiB for each arrival.
    """

    def __init__(self, owner: ConnectionOwner, to: NodeId | None = None) -> None:
        self.owner = owner
        self.peer = to or ""
        self.is_open = False
        self.was_open = False
        self.is_paused = False
        self.is_dialled = to is not None
        self.why_closed = ""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._space = memoryview(bytearray(READ_BYTES))
        self._reader, self._writer = FrameReader(bytes_max=GREETING_BYTES_MAX), FrameWriter()
        self._step: Callable[[Frame], None] = self._hear_hello
        self._nonce = os.urandom(handshake.NONCE_BYTES)
        self._meeting: Meeting | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ---- asyncio.BufferedProtocol --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, if this end has dialled; else wait for the greeting."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.finished.done():  # accepted just before this node was stopped
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(GREETING_SECONDS, self.close, "did not say who it is")
        if self.is_dialled:
            self._step = self._hear_challenge
            self.send(handshake.hello(self.owner.identity, self.peer, self._nonce))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where bytes are to be put that arrive.

        TLS puts what follows into a slice of it, and a slice of a bytearray would be a copy.
        """
        del sizehint
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes; whatever is wrong with them closes this connection, and nothing else."""
        self._reader.feed(self._space[:nbytes])
        self._read()

    def _read(self) -> None:
        try:
            while not self._is_deaf and (frame := self._reader.next()) is not None:
                self._step(frame)
        except (BadFrame, BadBytes) as error:
            self.close(str(error))
        except HandshakeRefused as error:
            if not self.is_dialled:
                self.send(handshake.refusal(str(error)))
            self.close(str(error))

    @property
    def _is_deaf(self) -> bool:
        return self.finished.done() or (self.is_paused and self.peer == handshake.USER)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end."""
        self._lost.set_result(None)
        self._end(str(exc) if exc else self.why_closed or "closed by the other end")

    def pause_writing(self) -> None:
        """The other end does not read as fast as this one writes; a user is not listened to meanwhile.

        All that is written to a user answers something. Peers are listened to, for two nodes that
        both waited for the other to read would wait for ever.
        """
        self.is_paused = True
        if self.peer == handshake.USER and self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.is_paused = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._read()
        if self.is_open:
            self.owner.heard(self, Frame(Tag.NEWS))

    # ---- greeting ------------------------------------------------------------------------------------

    def _hear_hello(self, frame: Frame) -> None:
        hello = handshake.read_hello(frame, self.owner.identity)
        if not self.owner.is_expected(hello.source):
            raise HandshakeRefused(f"{hello.source[:80]!r} is no node that calls here")
        self.peer = hello.source
        self._meeting = Meeting(self.owner.identity, hello, self._nonce)
        self._reader.rekey(self._meeting.key)
        self.send(handshake.challenge(self._nonce))
        self._step = self._hear_proof

    def _hear_challenge(self, frame: Frame) -> None:
        answer = handshake.read_challenge(frame)
        hello = Hello(self.owner.identity.node, self.peer, self._nonce)
        self._meeting = Meeting(self.owner.identity, hello, answer)
        self._writer.rekey(self._meeting.key)
        self._reader.rekey(self._meeting.key)
        self.send(self._meeting.proof(self.owner.view_of(self.peer)))
        self._step = self._hear_welcome

    def _hear_proof(self, frame: Frame) -> None:
        assert self._meeting is not None
        view = self._meeting.read_proof(frame)
        self._writer.rekey(self._meeting.key)
        self.send(self._meeting.welcome(self.owner.view_of(self.peer)))
        self._open(view)

    def _hear_welcome(self, frame: Frame) -> None:
        assert self._meeting is not None
        self._open(self._meeting.read_welcome(frame))

    def _open(self, view: LinkView) -> None:
        assert self._timer is not None
        self._timer.cancel()
        self._reader.bytes_max = FRAME_BYTES_MAX
        self.is_open = self.was_open = True
        self._step = self._hear
        self.owner.opened(self, view)

    def _hear(self, frame: Frame) -> None:
        self.owner.heard(self, frame)

    # ---- use -----------------------------------------------------------------------------------------

    def send(self, frame: Frame) -> None:
        """Write a frame."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._writer.write(frame))

    def close(self, why: str) -> None:
        """End the connection; what was written is still sent, what arrives is not read."""
        self.why_closed = self.why_closed or why
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
        self._end(why)

    async def gone(self) -> None:
        """Close, and wait until the socket is closed, too; what is not sent soon is not sent."""
        self.close("stopped")
        if self._transport is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._lost), CLOSING_SECONDS)
        except TimeoutError:
            self._transport.abort()
            await self._lost

    def _end(self, why: str) -> None:
        if self.finished.done():
            return
        self.finished.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        self.is_open = False
        self.owner.closed(self, why)
