"""What a person says to the register, and how its answers read."""

from __future__ import annotations

from typing import Any, Literal

import click

from counterpoint.harness.live.wishes import Finder, UserWish, common_words
from counterpoint.impl.register import messages as register
from counterpoint.impl.register.access import UNSIGNED_MAX
from counterpoint.impl.register.protocol import ReplicatedRegister
from counterpoint.model.node import System
from counterpoint.model.values import NodeId, Value

_NUMBER = click.IntRange(0, UNSIGNED_MAX)


def words(system: System[Any], find: Finder, via: str | None) -> click.Group:
    """Return the words of the register; `via` is the server that is asked."""
    group = common_words()
    assert isinstance(system, ReplicatedRegister)

    def server(number: int, role: Literal["writer", "reader"]) -> NodeId:
        if via is not None:
            return find(via)
        found = system.access.token(number)
        if found is None:
            return system.access.servers[0]
        return found.writer if role == "writer" else found.readers[0]

    @group.command("write")
    @click.option("--id", "number", type=_NUMBER, required=True)
    @click.option("--name", required=True)
    @click.option("--low", type=_NUMBER, required=True)
    @click.option("--mid", type=_NUMBER, required=True)
    @click.option("--high", type=_NUMBER, required=True)
    def write(number: int, name: str, low: int, mid: int, high: int) -> UserWish:
        at = server(number, "writer")
        return UserWish("call", operation=register.Write(number, name, low, mid, high, at))

    @group.command("read")
    @click.option("--id", "number", type=_NUMBER, required=True)
    def read(number: int) -> UserWish:
        return UserWish("call", operation=register.Read(number, server(number, "reader")))

    del write, read
    return group


def answer(system: System[Any], result: Value) -> tuple[str, bool]:
    """Return how an answer reads, and whether it is a refusal."""
    # Imported here: it takes longer than all that a call needs besides.
    from counterpoint.harness.systems.register_console import answer_text

    del system
    return answer_text(result)
