"""The same programs on the real loop, over real sockets: nothing in them is changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.aio import Node, run, scenario
from tests.aio.store import register

pytestmark = pytest.mark.live


def test_a_program_runs_for_real_and_its_history_is_judged() -> None:
    found = run(register())
    assert found.answered == 6
    assert not found.waiting
    assert [(v.property, v.outcome.value) for v in found.verdicts] == [("linearizability", "holds")]


def test_what_breaks_for_real_is_told() -> None:
    async def liar(node: Node) -> None:
        async with node.call("write", 1):
            await asyncio.sleep(0)
        async with node.call("read") as call:
            call.result = 2

    given = scenario(nodes={"c": liar}, properties=[cp.linearizable(cp.Register())])
    with pytest.raises(cp.PropertyBroken, match="read"):
        run(given)


def test_what_a_program_raises_for_real_is_raised() -> None:
    async def fails(_: Node) -> None:
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        run(scenario(nodes={"c": fails}, answers=False))


def test_what_is_cancelled_at_the_end_has_not_failed() -> None:
    """A handler of the server still waits, for what will never be."""

    async def serves(node: Node) -> None:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello\n")
            try:
                await asyncio.Event().wait()
            finally:
                writer.close()

        listening = await asyncio.start_server(serve, node.name, 7001)
        await listening.serve_forever()

    async def leaves(node: Node) -> None:
        reader, writer = await asyncio.open_connection("s", 7001)
        async with node.call("listen") as call:
            call.result = (await reader.readline()).decode()
        writer.close()

    found = run(scenario(nodes={"s": serves, "c": leaves}))
    assert found.answered == 1
    assert not found.waiting


def test_a_program_that_does_not_end_is_told_with_its_place() -> None:
    async def waits(_: Node) -> None:
        await asyncio.Event().wait()

    found = run(scenario(nodes={"c": waits}, answers=False), seconds=0.05)
    assert list(found.waiting) == ["c"]
    assert found.waiting["c"].startswith("test_for_real.py:")


def test_only_programs_run_for_real() -> None:
    given: Any = cp.build("register")
    with pytest.raises(cp.BadScenario, match=r"a scenario that aio\.scenario made"):
        run(given)
