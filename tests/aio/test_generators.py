"""Asynchronous generators that a program leaves are closed by its loop, as by asyncio's own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

import counterpoint as cp
from tests.aio.searching import alone, notes, searched


async def _leaves_one(node: cp.aio.Node) -> None:
    """Take the first of some rows, twice: the lock is free again only if the first ones are closed."""
    lock = asyncio.Lock()

    async def rows() -> AsyncIterator[int]:
        await lock.acquire()
        try:
            for number in range(3):
                yield number
        finally:
            await asyncio.sleep(0)
            lock.release()
            node.note("released")

    for _ in range(2):
        async with node.call("first row") as call:
            async for row in rows():
                call.result = row
                break


async def _shuts_down(node: cp.aio.Node) -> None:
    """Close what is left by hand, as frameworks do."""

    async def rows(name: str) -> AsyncIterator[str]:
        try:
            yield name
        finally:
            await asyncio.sleep(0)
            node.note(f"closed {name}")

    async with node.call("names") as call:
        kept = [rows(name) for name in "abc"]
        call.result = [await anext(each) for each in kept]
        await asyncio.get_running_loop().shutdown_asyncgens()


async def _ends_in_one(node: cp.aio.Node) -> None:
    """Wait in a generator when the run ends."""

    async def ticks() -> AsyncIterator[int]:
        try:
            while node.name:
                yield 1
                await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(0)

    await asyncio.start_server(lambda *_: None, node.name, 1)  # it is no deadlock
    async for _ in ticks():
        pass


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What finalisers raise, of which the interpreter tells on standard error alone."""
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: told.append(lost.exc_value))
    return told


def test_one_that_is_left_is_closed(unheard: list[object]) -> None:
    scenario = cp.aio.scenario(name="rows", nodes={"n": _leaves_one})
    assert notes(scenario) == ["(released)", "(released)"]
    campaign = searched(scenario, runs=5)
    assert campaign.progress.completed_calls == 10
    assert not campaign.findings
    assert not unheard


def test_as_many_calls_are_answered_for_real() -> None:
    assert cp.aio.run(cp.aio.scenario(name="rows", nodes={"n": _leaves_one})).answered == 2


def test_they_are_shut_down_in_their_order(unheard: list[object]) -> None:
    scenario = cp.aio.scenario(name="names", nodes={"n": _shuts_down})
    assert notes(scenario) == ["(closed a)", "(closed b)", "(closed c)"]
    assert not unheard


def test_one_that_waits_when_a_run_ends_says_nothing(unheard: list[object]) -> None:
    hooks = sys.get_asyncgen_hooks()
    assert notes(alone(_ends_in_one)) == []
    assert sys.get_asyncgen_hooks() == hooks
    assert not unheard
