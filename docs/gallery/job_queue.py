"""A queue of jobs with leases: who takes a job has so much time, then another gets it."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any, Literal

import counterpoint as cp

Variant = Literal["right", "charges each", "forgets", "no end"]
LEASE_SECONDS = 5.0
WORKERS = ("w1", "w2")


async def serve_lines(node: cp.aio.Node, port: int, answer: Any) -> None:
    """Answer each line of JSON with one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.readline():
            writer.write(json.dumps(await answer(json.loads(asked))).encode() + b"\n")
        writer.close()

    listening = await asyncio.start_server(serve, node.name, port)
    await listening.serve_forever()


class Peer:
    """A server, as those know it that ask it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, host: str, port: int) -> Peer:
        """Connect to it."""
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, question: Any) -> Any:
        """Return its answer."""
        self.writer.write(json.dumps(question).encode() + b"\n")
        answer = await self.reader.readline()
        if not answer:
            raise ConnectionResetError("it is gone")
        return json.loads(answer)


async def queue(variant: Variant, node: cp.aio.Node) -> None:
    """Give each job to one worker, and to another when its lease has ended."""
    waiting: asyncio.Queue[str] = asyncio.Queue()
    done: dict[str, asyncio.Event] = {}

    def end_lease(job: str) -> None:
        if not done[job].is_set():
            waiting.put_nowait(job)

    async def answer(question: list[str]) -> str:
        match question:
            case ["submit", job]:
                done[job] = asyncio.Event()
                waiting.put_nowait(job)
                await done[job].wait()
            case ["take"]:
                job = await waiting.get()
                if variant != "no end":
                    asyncio.get_running_loop().call_later(LEASE_SECONDS, end_lease, job)
                return job
            case ["done", job]:
                done[job].set()
        return "yes"

    await serve_lines(node, 80, answer)


async def ledger(variant: Variant, node: cp.aio.Node) -> None:
    """Charge for a job, once: who comes again is told the same."""
    charged = {} if variant == "forgets" else node.disk

    async def answer(job: str) -> str:
        if variant == "charges each" or job not in charged:
            charged[job] = True
            node.note("charged", job)
        return "charged"

    await serve_lines(node, 81, answer)


async def worker(_: cp.aio.Node) -> None:
    """Work, and begin anew where a connection breaks."""
    while True:
        try:
            await work()
        except ConnectionError:
            await asyncio.sleep(1)


async def work() -> None:
    """Take jobs, and charge for them."""
    jobs, books = await Peer.at("queue", 80), await Peer.at("ledger", 81)
    try:
        while job := await jobs.ask(["take"]):
            await books.ask(job)
            await jobs.ask(["done", job])
    finally:
        jobs.writer.close()
        books.writer.close()


async def customer(node: cp.aio.Node) -> None:
    """Submit a job, and wait until it is done."""
    jobs = await Peer.at("queue", 80)
    async with node.call("job"):
        await jobs.ask(["submit", "job 1"])
    jobs.writer.close()


def charged_once(trace: cp.Trace) -> None:
    """No job is charged for twice."""
    notes = [event.value for event in trace.events if event.kind == "note"]
    assert len(set(notes)) == len(notes), "a job was charged for twice"


def scenario(variant: Variant = "right") -> cp.Scenario:
    """One job and two workers; workers and the ledger may crash, and connections stand still."""
    return cp.aio.scenario(
        name="job queue",
        nodes={
            "queue": partial(queue, variant),
            "ledger": partial(ledger, variant),
            **dict.fromkeys(WORKERS, worker),
            "customer": customer,
        },
        properties=[cp.Property("charged once", charged_once)],
        limits=cp.budgets(crash=1, delay=1),
        may_crash=(*WORKERS, "ledger"),
        horizon=60.0,
    )


test_job_queue = cp.verify(scenario())
