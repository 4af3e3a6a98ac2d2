"""One seed has one outcome, whatever of asyncio a program is made of."""

from __future__ import annotations

import asyncio

import pytest

from counterpoint.aio import Node
from tests.aio.searching import Program, alone, notes
from tests.support.nights import by_day


async def worker(name: int, seconds: float = 0.0) -> int:
    """Wait a little."""
    await asyncio.sleep(seconds)
    return name


async def waits_for_the_first(node: Node) -> None:
    """`asyncio.wait`, which returns sets."""
    pending = {asyncio.create_task(worker(k, k % 3)) for k in range(9)}
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        node.note(*(task.result() for task in done))


async def takes_them_as_they_come(node: Node) -> None:
    """`asyncio.as_completed`."""
    for each in asyncio.as_completed({asyncio.create_task(worker(k)) for k in range(9)}):
        node.note(await each)


async def gathers(node: Node) -> None:
    """`asyncio.gather` and a `TaskGroup`."""
    node.note(*await asyncio.gather(*(worker(k, k % 2) for k in range(5))))
    async with asyncio.TaskGroup() as group:
        tasks = {group.create_task(worker(k)) for k in range(5)}
    node.note(*(task.result() for task in tasks))


async def shares(node: Node) -> None:
    """Locks, events, conditions, semaphores and queues."""
    lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
    gate, queue = asyncio.Semaphore(2), asyncio.Queue[int](1)

    async def one(k: int) -> None:
        async with gate, lock:
            await queue.put(k)
        await event.wait()
        async with condition:
            await condition.wait()
            node.note("woken", k)

    tasks = {asyncio.create_task(one(k)) for k in range(5)}
    node.note(*[await queue.get() for _ in range(5)])
    event.set()
    await asyncio.sleep(0.1)
    async with condition:
        condition.notify_all()
    await asyncio.wait(tasks)


async def runs_out_of_time(node: Node) -> None:
    """`asyncio.timeout` and `wait_for`."""
    for seconds in (0.1, 0.2):
        try:
            async with asyncio.timeout(seconds):
                await asyncio.sleep(0.15)
            node.note("in time")
        except TimeoutError:
            node.note("late")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(9), 0.5)


async def has_others_work(node: Node) -> None:
    """`asyncio.to_thread` and an executor."""
    node.note(*await asyncio.gather(*(asyncio.to_thread(str, k) for k in range(4))))
    loop = asyncio.get_running_loop()
    node.note(await loop.run_in_executor(None, max, 1, 2))


PROGRAMS = [
    waits_for_the_first, takes_them_as_they_come, gathers, shares, runs_out_of_time, has_others_work,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("times", by_day(4, 20))
@pytest.mark.parametrize("program", PROGRAMS)
def test_one_seed_has_one_outcome(program: Program, times: int) -> None:
    outcomes = {tuple(notes(alone(program))) for _ in range(times)}
    assert len(outcomes) == 1
    assert outcomes.pop()


@pytest.mark.nightly
@pytest.mark.parametrize("program", PROGRAMS)
def test_one_seed_has_one_outcome_a_thousand_times(program: Program) -> None:
    assert len({tuple(notes(alone(program))) for _ in range(1_000)}) == 1
