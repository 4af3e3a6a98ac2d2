"""A replicated register in plain asyncio: servers keep a value, clients ask a majority."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "no write-back", "asks one", "waits for all"]
SERVERS = ("s0", "s1", "s2")
PORT = 7000


def line(**fields: Any) -> bytes:
    """A message."""
    return json.dumps(fields).encode() + b"\n"


async def server(node: cp.aio.Node) -> None:
    """Keep the newest version that was heard of, on disk."""
    disk = node.disk

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.readline():
            message = json.loads(asked)
            if message["version"] > disk.get("version", 0):
                disk.update(version=message["version"], value=message["value"])
            writer.write(
                line(id=message["id"], version=disk.get("version", 0), value=disk.get("value"))
            )
        writer.close()

    listening = await asyncio.start_server(serve, node.name, PORT)
    await listening.serve_forever()


class Replicas:
    """All servers, as a client knows them."""

    def __init__(self, variant: Variant) -> None:
        majority = len(SERVERS) // 2 + 1
        self.enough = {"waits for all": len(SERVERS), "asks one": 1}.get(variant, majority)
        self.asked = 0
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.listeners: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Connect to all of them."""
        for name in SERVERS:
            reader, writer = await asyncio.open_connection(name, PORT)
            self.writers.append(writer)
            self.listeners.append(asyncio.create_task(self.listen(reader)))

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hear what one of them says."""
        while answer := await reader.readline():
            self.answers.put_nowait(json.loads(answer))

    async def ask(self, version: int = 0, value: int | None = None) -> tuple[int, int | None]:
        """Tell all of them a version, 0 for none; return the newest that enough of them know."""
        self.asked += 1
        for writer in self.writers:
            writer.write(line(id=self.asked, version=version, value=value))
        found: list[tuple[int, int | None]] = []
        while len(found) < self.enough:
            answer = await self.answers.get()
            if answer["id"] == self.asked:
                found.append((answer["version"], answer["value"]))
        return max(found, key=lambda each: each[0])

    def close(self) -> None:
        """Leave all of them."""
        for listener in self.listeners:
            listener.cancel()
        for writer in self.writers:
            writer.close()


async def writer(variant: Variant, node: cp.aio.Node) -> None:
    """Write 1, then 2."""
    replicas = Replicas(variant)
    await replicas.open()
    for value in (1, 2):
        async with node.call("write", value):
            await replicas.ask(version=value, value=value)
    replicas.close()


async def reader(variant: Variant, node: cp.aio.Node) -> None:
    """Read twice; what is returned is written back, so that nobody reads less afterwards."""
    replicas = Replicas(variant)
    await replicas.open()
    for _ in range(2):
        async with node.call("read") as call:
            version, call.result = await replicas.ask()
            if variant != "no write-back":
                await replicas.ask(version, call.result)
    replicas.close()


def scenario(variant: Variant = "right") -> cp.Scenario:
    """One writer and one reader; one server may crash and come back, and connections stand still."""
    return cp.aio.scenario(
        name="async register",
        nodes={
            **dict.fromkeys(SERVERS, server),
            "c1": partial(writer, variant),
            "c2": partial(reader, variant),
        },
        properties=[cp.linearizable(cp.Register())],
        limits=cp.budgets(crash=1, delay=1),
        may_crash=SERVERS,
    )


test_async_register = cp.verify(scenario())
