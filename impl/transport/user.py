"""A user of a node: dials it, asks it for operations, and waits for answers."""

from __future__ import annotations

import asyncio
import struct
from ssl import SSLContext
from typing import Any

from counterpoint.impl.host.codec import Codec
from counterpoint.impl.host.frames import BadFrame, Frame, Tag
from counterpoint.impl.host.handshake import PeerIdentity
from counterpoint.impl.host.link import LinkView
from counterpoint.impl.host.node import InputRejected
from counterpoint.impl.transport.connection import Connection
from counterpoint.model.values import NodeId, Value

_TICKET = struct.Struct(">Q")


class Unreachable(Exception):
    """The node could not be asked, or has not said what came of it. Says which."""


class User:
    """A connection to one node. Use it as an asynchronous context manager."""

    def __init__(self, identity: PeerIdentity, codec: Codec) -> None:
        self.identity = identity
        self.codec = codec
        self._connection: Connection | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: dict[int, asyncio.Future[Value]] = {}
        self._status: asyncio.Future[str] | None = None
        self._count = 0

    async def connect(self, node: NodeId, place: tuple[str, int], tls: SSLContext | None) -> None:
        """Dial a node; raises Unreachable."""
        connection = self._connection = Connection(self, node)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: connection, *place, ssl=tls)
        except OSError as error:
            self._opened.cancel()
            raise Unreachable(
                f"{node} at {place[0]}:{place[1]} cannot be reached: {error.strerror}"
            ) from None
        await self._opened

    async def ask(self, operation: Value) -> Value:
        """Return the answer to an operation; raises InputRejected or Unreachable."""
        assert self._connection is not None
        self._count += 1
        answer: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self._answers[self._count] = answer
        data = _TICKET.pack(self._count) + self.codec.encode(operation)
        self._connection.send(Frame(Tag.ASK, data))
        return await answer

    async def status(self) -> str:
        """Return what the node says of itself; raises Unreachable."""
        assert self._connection is not None
        self._status = asyncio.get_running_loop().create_future()
        self._connection.send(Frame(Tag.STATUS))
        return await self._status

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.gone()

    # ---- what the connection tells -------------------------------------------------------------------

    def is_expected(self, source: str) -> bool:
        """Nobody calls a user."""
        del source
        return False

    def view_of(self, peer: str) -> LinkView:
        """A user has no link."""
        del peer
        return LinkView(0)

    def opened(self, connection: Connection, view: LinkView) -> None:
        """Be ready."""
        del connection, view
        if not self._opened.done():
            self._opened.set_result(None)

    def heard(self, connection: Connection, frame: Frame) -> None:
        """Take an answer."""
        del connection
        number = int.from_bytes(frame.content[: _TICKET.size], "big")
        rest = frame.content[_TICKET.size :]
        match frame.tag:
            case Tag.STATUS if self._status is not None and not self._status.done():
                self._status.set_result(frame.content.decode(errors="replace"))
            case Tag.ANSWER if number in self._answers:
                answer = self.codec.decode(rest)
                self._answers.pop(number).set_result(answer)
            case Tag.SORRY if number in self._answers:
                error = InputRejected(rest.decode(errors="replace"))
                self._answers.pop(number).set_exception(error)
            case Tag.NEWS:
                pass
            case tag:
                raise BadFrame(f"a frame of kind {tag.name}, which was not asked for")

    def closed(self, connection: Connection, why: str) -> None:
        """Tell who waits that nothing will come."""
        error = Unreachable(f"{connection.peer}: {why}")
        waiting: list[asyncio.Future[Any]] = [*self._answers.values(), self._opened]
        waiting += [self._status] if self._status is not None else []
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waits for it is told; if nobody does, that is no defect
        self._answers.clear()
