"""Libraries as they are: aiohttp, websockets and redis-py, each with a known bug that is found."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.aio import Node, scenario
from tests.aio.searching import found, searched

pytestmark = pytest.mark.slow


def at_most_once(word: str) -> cp.Property:
    """Claim that no more than one call of that word is answered with True."""

    def check(trace: cp.Trace) -> bool:
        won = [e for e in trace.events if e.kind == "return" and e.value is True]
        return len(won) <= 1

    return cp.Property(f"at most one {word}", check)


# ---- aiohttp: two buyers of the last one ---------------------------------------------------------


def shop_of(*, is_locked: bool) -> Any:
    """Return the program of a shop that has one left, and asks somebody else before it sells."""

    async def shop(node: Node) -> None:
        web = pytest.importorskip("aiohttp.web")
        left, lock = [1], asyncio.Lock()

        async def sell() -> bool:
            before = left[0]
            await asyncio.sleep(0.01)
            left[0] = before - 1
            return before > 0

        async def buy(_: Any) -> Any:
            if not is_locked:
                return web.json_response({"sold": await sell()})
            async with lock:
                return web.json_response({"sold": await sell()})

        app = web.Application()
        app.router.add_post("/buy", buy)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, node.name, 80).start()
        await asyncio.Event().wait()

    return shop


async def buyer(node: Node) -> None:
    """Buy one."""
    aiohttp = pytest.importorskip("aiohttp")
    async with (
        aiohttp.ClientSession() as session,
        node.call("buy") as call,
        session.post("http://shop/buy") as answer,
    ):
        call.result = (await answer.json())["sold"]


def shopping(*, is_locked: bool) -> cp.Scenario:
    """Return the scenario of two buyers."""
    programs = {"shop": shop_of(is_locked=is_locked), "b1": buyer, "b2": buyer}
    return scenario(nodes=programs, properties=[at_most_once("buy")], name="shop")


def test_aiohttp_an_update_is_lost_where_a_handler_waits_in_its_middle() -> None:
    pytest.importorskip("aiohttp")
    assert not searched(shopping(is_locked=True), 20).findings
    example = found(shopping(is_locked=False), 20)
    assert example.verdict.property == "at most one buy"
    assert len(example.trace.choices) <= 7


# ---- websockets: a lock whose holder has gone ----------------------------------------------------


def lock_of(*, frees: bool) -> Any:
    """Return the program of a lock server, which frees what somebody held who has gone, or forgets."""

    async def server(node: Node) -> None:
        serve = pytest.importorskip("websockets.asyncio.server").serve
        lock = asyncio.Lock()

        async def handler(socket: Any) -> None:
            holds = False
            try:
                async for _ in socket:
                    await lock.acquire()
                    holds = True
                    await socket.send("yours")
            finally:
                if holds and frees:
                    lock.release()

        async with serve(handler, node.name, 8765, ping_interval=None) as listening:
            await listening.serve_forever()

    return server


async def locker(node: Node) -> None:
    """Take the lock, and leave."""
    connect = pytest.importorskip("websockets.asyncio.client").connect
    async with connect("ws://lock:8765", ping_interval=None) as socket, node.call("enter"):
        await socket.send("mine")
        await socket.recv()


def locking(*, frees: bool) -> cp.Scenario:
    """Return the scenario of two who take a lock one after the other.

    No end says every 20 seconds that it is there: a run would go on and on, and be cut, undecided.
    """
    return scenario(
        nodes={"lock": lock_of(frees=frees), "u1": locker, "u2": locker},
        properties=[cp.Property("entered", lambda trace: bool(trace.events))],
        name="lock",
    )


@pytest.mark.nightly
def test_websockets_a_holder_that_has_gone_keeps_the_lock() -> None:
    pytest.importorskip("websockets")
    assert not searched(locking(frees=True), 10).findings
    verdict = found(locking(frees=False), 5).verdict
    assert verdict.property == "answers"
    assert "test_libraries.py" in verdict.summary
    assert "in locker" in verdict.summary


# ---- redis-py: a retry that counts twice, an update that is lost ---------------------------------


async def little_redis(node: Node) -> None:
    """Speak as much of RESP as counting needs."""
    data: dict[bytes, bytes] = {}

    async def asked(reader: asyncio.StreamReader) -> list[bytes]:
        count = int((await reader.readline())[1:] or b"0")
        parts = []
        for _ in range(count):
            size = int((await reader.readline())[1:])
            parts.append((await reader.readexactly(size + 2))[:-2])
        return parts

    def answer(parts: list[bytes]) -> bytes:
        match parts[0].upper(), parts[1:]:
            case b"GET", [key]:
                value = data.get(key)
                return b"$-1\r\n" if value is None else b"$%d\r\n%b\r\n" % (len(value), value)
            case b"SET", [key, value, *_]:
                data[key] = value
            case b"INCRBY", [key, _]:
                data[key] = b"%d" % (int(data.get(key, b"0")) + 1)
                return b":%b\r\n" % data[key]
        return b"+OK\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while parts := await asked(reader):
            writer.write(answer(parts))
        writer.close()

    async with await asyncio.start_server(serve, node.name, 6379) as listening:
        await listening.serve_forever()


def counter_of(*, retries: int, is_atomic: bool) -> Any:
    """Return the program that adds one to a number, by INCRBY or by reading and writing."""

    async def main(node: Node) -> None:
        redis = pytest.importorskip("redis.asyncio")
        backoff = pytest.importorskip("redis.backoff")
        retry = pytest.importorskip("redis.asyncio.retry").Retry(backoff.NoBackoff(), retries)
        client = redis.Redis(host="store", port=6379, protocol=2, retry=retry)
        try:
            async with node.call("add") as call:
                if is_atomic:
                    call.result = await client.incr("n")
                else:
                    call.result = int(await client.get("n") or 0) + 1
                    await client.set("n", call.result)
        except redis.ConnectionError:
            node.note("gave up")
        await client.aclose()

    return main


def counting(clients: int, *, retries: int, is_atomic: bool, **more: Any) -> cp.Scenario:
    """Return the scenario of some clients that count, whose answers must be 1, 2, ... each once."""

    def check(trace: cp.Trace) -> bool:
        told = [e.value for e in trace.events if e.kind == "return" and isinstance(e.value, int)]
        asked = sum(e.kind == "invoke" for e in trace.events)
        return len(set(told)) == len(told) and all(1 <= n <= asked for n in told)

    counter = counter_of(retries=retries, is_atomic=is_atomic)
    programs = {"store": little_redis} | {f"c{k}": counter for k in range(1, clients + 1)}
    return scenario(
        nodes=programs, properties=[cp.Property("counts right", check)], name="counting", **more
    )


def test_redis_an_update_is_lost_between_a_read_and_a_write() -> None:
    pytest.importorskip("redis")
    assert not searched(counting(2, retries=0, is_atomic=True), 20).findings
    example = found(counting(2, retries=0, is_atomic=False), 20)
    assert example.verdict.property == "counts right"


def test_redis_a_retry_counts_twice_where_the_connection_breaks_after_the_command() -> None:
    pytest.importorskip("redis")
    limits = cp.budgets(reset=1)
    assert not searched(counting(1, retries=0, is_atomic=True, limits=limits), 50).findings
    example = found(counting(1, retries=1, is_atomic=True, limits=limits), 500)
    assert example.verdict.property == "counts right"
    assert [type(choice).kind for choice in example.trace.choices].count("reset") == 1
