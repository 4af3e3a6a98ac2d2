"""What reports say of faults that programs alone have."""

from __future__ import annotations

import asyncio

import pytest

import counterpoint as cp
from counterpoint.harness.aio.actions import BreakConnection, Merge, Split
from counterpoint.harness.aio.traffic import Chunk
from counterpoint.harness.report.terminal import report
from counterpoint.model.values import show


async def listens(node: cp.aio.Node) -> None:
    """Take connections, and say nothing."""
    await (await asyncio.start_server(lambda *_: None, node.name, 1)).serve_forever()


async def connects(node: cp.aio.Node) -> None:
    """Open a connection, and wait for its end."""
    reader, _ = await asyncio.open_connection("s", 1)
    try:
        await reader.read()
    except ConnectionError:
        node.note("broken")


CONNECTED = cp.aio.scenario(
    name="connected",
    nodes={"s": listens, "c": connects},
    limits=cp.budgets(reset=1),
    answers=False,
)


def test_that_a_connection_breaks_is_told_in_words_and_in_the_row_of_faults() -> None:
    opens = cp.enabled(cp.run(CONNECTED, ()).final)[0]
    trace = cp.run(CONNECTED, (opens, BreakConnection("c", "c<s#1")))
    shown = report(trace, (), width=100)
    assert "the connection c>s#1 breaks at c · (broken)" in shown
    (faults,) = (line for line in shown.splitlines() if line.startswith("faults"))
    assert "✗reset" in faults


CHUNK = ("c", "s", Chunk("c>s#1", 2, b"get x", 0))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            Split(*CHUNK, 2),
            "c>s#1 no. 2: get x is to arrive in two parts, the first of 2 B",
        ),
        (Merge(*CHUNK), "c>s#1 no. 2: get x is to arrive with what follows it"),
        (BreakConnection("s", "c>s#1"), "the connection c>s#1 breaks at s"),
    ],
)
def test_faults_of_streams_are_told_in_words(fault: object, told: str) -> None:
    assert show(fault) == told
