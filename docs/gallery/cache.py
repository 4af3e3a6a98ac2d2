"""A cache in front of a store: what is changed in the store is taken out of the cache."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "fills late", "forgets to tell", "tells first"]


async def serve_lines(node: cp.aio.Node, answer: Any) -> None:
    """Answer each line of JSON with one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.readline():
            writer.write(json.dumps(await answer(json.loads(asked))).encode() + b"\n")
        writer.close()

    listening = await asyncio.start_server(serve, node.name, 80)
    await listening.serve_forever()


async def ask(host: str, question: Any) -> Any:
    """Return the answer of a server."""
    reader, writer = await asyncio.open_connection(host, 80)
    writer.write(json.dumps(question).encode() + b"\n")
    answer = json.loads(await reader.readline())
    writer.close()
    return answer


async def store(node: cp.aio.Node) -> None:
    """Keep one value, with the number of the write that made it."""
    kept: list[Any] = [0, None]

    async def answer(question: list[Any]) -> list[Any]:
        match question:
            case ["write", value]:
                kept[:] = [kept[0] + 1, value]
        return kept

    await serve_lines(node, answer)


async def cache(variant: Variant, node: cp.aio.Node) -> None:
    """Answer from memory, and ask the store where nothing is there."""
    held: list[Any] = []  # a version and its value, if it is there
    oldest = [0]  # what is older than that was changed since

    async def answer(question: list[Any]) -> Any:
        match question:
            case ["changed", version]:
                oldest[0] = max(oldest[0], version)
                held.clear()
                return "yes"
        if not held:
            found = await ask("store", ["read"])
            is_newest = found[0] >= oldest[0] and (not held or found[0] > held[0])
            if variant == "fills late" or is_newest:
                held[:] = found
            return found[1]
        return held[1]

    await serve_lines(node, answer)


async def writer(variant: Variant, node: cp.aio.Node) -> None:
    """Write, and have the cache forget what was there."""
    async with node.call("write", 1):
        if variant == "tells first":
            await ask("cache", ["changed", 0])
        version, _ = await ask("store", ["write", 1])
        if variant not in ("forgets to tell", "tells first"):
            await ask("cache", ["changed", version])
    async with node.call("read") as call:
        call.result = await ask("cache", ["read"])


async def reader(node: cp.aio.Node) -> None:
    """Read twice."""
    for _ in range(2):
        async with node.call("read") as call:
            call.result = await ask("cache", ["read"])


def scenario(variant: Variant = "right") -> cp.Scenario:
    """One who writes, and reads it, and one who reads; the network alone decides who is first."""
    return cp.aio.scenario(
        name="cache",
        nodes={
            "store": store,
            "cache": partial(cache, variant),
            "writer": partial(writer, variant),
            "reader": reader,
        },
        properties=[cp.linearizable(cp.Register())],
    )


test_cache = cp.verify(scenario())
