"""A replicated register over plain asyncio streams; it knows nothing of who runs it.

Servers keep the newest version that they heard of, clients ask a majority. A right reader writes back
what it returns.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import counterpoint as cp
from counterpoint.aio import Node, scenario

SERVERS = ("s0", "s1", "s2")
PORT = 7000


async def server(node: Node) -> None:
    """Keep one cell."""
    cell = node.disk.setdefault("cell", [0, None])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            asked = json.loads(line)
            if asked["op"] == "put" and asked["version"] > cell[0]:
                cell[:] = [asked["version"], asked["value"]]
            writer.write(line_of(id=asked["id"], version=cell[0], value=cell[1]))
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, node.name, PORT) as listening:
        await listening.serve_forever()


def line_of(**fields: Any) -> bytes:
    """Return a message."""
    return json.dumps(fields).encode() + b"\n"


class Client:
    """Asks all servers, and goes on when a majority has answered."""

    def __init__(self) -> None:
        self.asked = 0
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.listeners: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect to all servers."""
        for name in SERVERS:
            reader, writer = await asyncio.open_connection(name, PORT)
            self.writers.append(writer)
            self.listeners.append(asyncio.create_task(self.listen(reader)))

    def close(self) -> None:
        """Leave all servers."""
        for writer in self.writers:
            writer.close()
        for listener in self.listeners:
            listener.cancel()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Put what one server says into the inbox."""
        while line := await reader.readline():
            self.inbox.put_nowait(json.loads(line))

    async def ask(self, **fields: Any) -> list[dict[str, Any]]:
        """Return the answers of a majority."""
        self.asked += 1
        for writer in self.writers:
            writer.write(line_of(id=self.asked, **fields))
        found: list[dict[str, Any]] = []
        while len(found) < 2:
            answer = await self.inbox.get()
            if answer["id"] == self.asked:
                found.append(answer)
        return found


def writer_of(*values: int) -> Callable[[Node], Coroutine[Any, Any, None]]:
    """Return the program that writes these values."""

    async def main(node: Node) -> None:
        client = Client()
        await client.open()
        for version, value in enumerate(values, start=1):
            async with node.call("write", value):
                await client.ask(op="put", version=version, value=value)
        client.close()

    return main


def reader_of(count: int, *, writes_back: bool) -> Callable[[Node], Coroutine[Any, Any, None]]:
    """Return the program that reads so many times."""

    async def main(node: Node) -> None:
        client = Client()
        await client.open()
        for _ in range(count):
            async with node.call("read") as call:
                newest = max(await client.ask(op="get"), key=lambda answer: int(answer["version"]))
                if writes_back:
                    await client.ask(op="put", version=newest["version"], value=newest["value"])
                call.result = newest["value"]
        client.close()

    return main


def register(*, writes_back: bool = True, **more: Any) -> cp.Scenario:
    """Return the scenario of one writer and two readers."""
    programs: dict[str, Any] = dict.fromkeys(SERVERS, server)
    programs["c0"] = writer_of(1, 2)
    programs["c1"] = reader_of(2, writes_back=writes_back)
    programs["c2"] = reader_of(2, writes_back=writes_back)
    return scenario(nodes=programs, properties=[cp.linearizable(cp.Register())], **more)


def names(values: Sequence[Any]) -> list[str]:
    """Return values as text."""
    return [cp.show(value) for value in values]
