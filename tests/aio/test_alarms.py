"""How likely timers of programs go off: a time-out needs one that does while an answer is held up."""

from __future__ import annotations

import asyncio
import re

import pytest

import counterpoint as cp
from counterpoint.model.search.walks.campaign import Budgets, Campaign


async def echo(node: cp.aio.Node) -> None:
    """Answer a line with itself."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    await (await asyncio.start_server(serve, node.name, 1)).serve_forever()


async def is_patient_for_a_while(node: cp.aio.Node) -> None:
    """Ask, and wait for the answer for a second."""
    reader, writer = await asyncio.open_connection("echo", 1)
    async with node.call("ask") as call:
        writer.write(b"a\n")
        try:
            call.result = await asyncio.wait_for(reader.readline(), 1)
        except TimeoutError:
            call.result = "too late"


ASKING = cp.aio.scenario(
    name="asking",
    nodes={"echo": echo, "c": is_patient_for_a_while},
    limits=cp.budgets(delay=1),
    answers=["c"],
)


def time_outs(weights: dict[str, float]) -> int:
    """Return how many timers went off in some runs."""
    campaign = Campaign(ASKING.replace(weights=weights), seed=1)
    for _ in campaign.search(Budgets(runs=40)):
        pass
    return campaign.cases.actions.get("alarm", 0)


def test_with_a_weight_time_outs_are_more_and_without_any_fewer() -> None:
    usual = time_outs({})
    assert time_outs({"alarm": 10}) > 2 * usual
    assert time_outs({"alarm": 0}) <= usual
    assert time_outs({"alarm": 1, "luck": 1}) == usual


def test_what_else_is_given_a_weight_is_told_the_name() -> None:
    told = "gives a weight to 'fire', which is nothing here that can have one; there are: alarm, luck, "
    with pytest.raises(cp.BadScenario, match=re.escape(told)):
        ASKING.replace(weights={"fire": 3})
