"""A register whose copy lags behind: a read that asks the copy may miss a write that was answered."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hypothesis import strategies as st

import counterpoint as cp


def original(_: object, given: cp.Input) -> cp.Step[object] | None:
    match given:
        case cp.Receive(client, ("write", value)):
            return cp.Step(value, cp.Send("copy", ("copy", value)), cp.Send(client, ("done",)))
    return None


def copy(state: object, given: cp.Input) -> cp.Step[object] | None:
    match given:
        case cp.Receive(_, ("copy", value)):
            return cp.Step(value)
        case cp.Receive(client, ("read",)):
            return cp.Step(state, cp.Send(client, ("is", state)))
    return None


def client(_: object, given: cp.Input) -> cp.Step[object] | None:
    match given:
        case cp.Invoke(("write", value)):
            return cp.Step(None, cp.Send("original", ("write", value)))
        case cp.Invoke(("read",)):
            return cp.Step(None, cp.Send("copy", ("read",)))
        case cp.Receive(_, ("is", value)):
            return cp.Step(None, cp.Return(value))
        case cp.Receive(_, ("done",)):
            return cp.Step(None, cp.Return("done"))
    return None


READ = ("read",)
OPERATIONS = st.just(READ) | st.tuples(st.just("write"), st.integers(0, 1000))


def writes_and_reads(random: Random) -> Iterator[cp.Value]:
    """Yield what a client that writes what it wrote never before asks for."""
    value = 0
    while True:
        value += random.randint(1, 3)
        yield random.choice([READ, ("write", value)])


def lagging(calls: object) -> cp.Scenario:
    """A register of two nodes and three clients."""
    nodes = {"original": (original, None), "copy": (copy, None)}
    clients = {f"c{number}": (client, None) for number in (1, 2, 3)}
    return cp.Scenario(
        "lagging",
        cp.system({**nodes, **clients}),
        calls=calls,  # type: ignore[arg-type]
        properties=[cp.linearizable(cp.Register())],
    )
