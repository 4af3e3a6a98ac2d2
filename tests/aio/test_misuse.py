"""A scenario of programs that cannot be what its author means is refused when it is made."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

import counterpoint as cp
from counterpoint.aio import Node, scenario
from tests.aio.searching import alone


async def naps(_: Node) -> None:
    """Wait a second."""
    await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"faults_max": -1}, "faults_max = -1; it is a whole number from 0 on"),
        ({"latency": -0.1}, "latency = -0.1; it is a number of seconds from 0 on"),
        ({"latency": float("nan")}, "latency = nan; it is a number of seconds from 0 on"),
        ({"latency": float("inf")}, "latency = inf; it is a number of seconds from 0 on"),
        ({"horizon": 0}, "horizon = 0; it is a number of seconds, more than 0"),
        ({"horizon": -1.0}, "horizon = -1.0; it is a number of seconds, more than 0"),
        ({"horizon": float("inf")}, "horizon = inf; it is a number of seconds"),
        ({"horizon": "600"}, "horizon = '600'; it is a number of seconds"),
        ({"may_crash": ("m",)}, "may_crash names 'm', which is none of: n"),
        ({"may_crash": "n"}, "may_crash = 'n'; it is a tuple of names of nodes"),
        ({"answers": ("m",)}, "answers names 'm', which is none of: n"),
        ({"answers": "n"}, "answers = 'n'; it is True, False, or a tuple of names of the nodes"),
        ({"answers": ()}, "answers = (); it is True, False, or a tuple of names of the nodes"),
        ({"expected": (ValueError, "x")}, "it is a tuple of exception types"),
        ({"expected": ValueError}, "it is a tuple of exception types"),
        ({"limits": 3}, "limits = 3; they are what budgets(crash=1) returns"),
        ({"walk_steps": 5}, "walk_steps = 5; it is two whole numbers"),
        ({"walk_steps": (5, 1)}, "walk_steps = (5, 1); it is two whole numbers"),
        ({"snapshot": 3}, "snapshot = 3; it is a function of a Node, or None"),
        ({"properties": cp.Property("p", bool)}, "they are a tuple, such as (Property(…),)"),
        ({"properties": [bool]}, "they are a tuple, such as (Property(…),)"),
        ({"invariants": [cp.Property("p", bool)]}, "they are a tuple, such as (Invariant(…),)"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(cp.BadScenario) as caught:
        scenario(**{"nodes": {"n": naps}, "answers": False, **given})
    assert said in str(caught.value)


def naps_not(node: Node) -> None:
    """Do nothing, at once."""


class Napper:
    """A program that is an object."""

    def __init__(self, does: Any) -> None:
        self.does = does

    def __call__(self, node: Node) -> Any:
        return self.does(node)


async def counts(_: Node) -> Any:
    """Be a generator by mistake."""
    yield 1


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (naps_not, "the program of n, naps_not, is no coroutine function (async def): called with"),
        (partial(naps_not), "the program of n, naps_not, is no coroutine function"),
        (Napper(naps_not), "the program of n, Napper, is no coroutine function"),
        (lambda _: 3, "called with a Node, it returned an object of int"),
        (counts, "called with a Node, it returned an object of async_generator"),
    ],
)
def test_a_program_that_is_no_coroutine_function_is_refused(program: Any, said: str) -> None:
    with pytest.raises(cp.BadScenario) as caught:
        alone(program)
    assert said in str(caught.value)


@pytest.mark.parametrize("program", [partial(naps), Napper(naps), lambda node: naps(node)])
def test_what_returns_a_coroutine_is_a_program(program: Any) -> None:
    assert cp.enabled(cp.run(alone(program), ()).final)


def test_the_bounds_themselves_are_meant() -> None:
    alone(naps, faults_max=0, latency=0, may_crash=(), expected=(), walk_steps=[1, 1])
