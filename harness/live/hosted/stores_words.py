"""What a person says to the stores, and how their answers read."""

from __future__ import annotations

from typing import Any

import click

from counterpoint.harness.live.cluster import ClusterError
from counterpoint.harness.live.wishes import Finder, UserWish, common_words
from counterpoint.impl.stores import words as store
from counterpoint.impl.stores.causal_deps import CausalDeps
from counterpoint.impl.stores.causal_lamport import CausalLamport
from counterpoint.model.node import System
from counterpoint.model.values import Value, show


def words(system: System[Any], find: Finder, via: str | None) -> click.Group:
    """Return the words of the stores."""
    del find
    if via is not None:
        raise ClusterError(
            "--via: a client of a store works with its home server; `move` changes it"
        )
    assert isinstance(system, CausalDeps | CausalLamport), system
    group = common_words()

    @group.command("write")
    @click.argument("key")
    @click.argument("value")
    def write(key: str, value: str) -> UserWish:
        return UserWish("call", operation=store.Write(key, value))

    @group.command("read")
    @click.argument("key")
    def read(key: str) -> UserWish:
        return UserWish("call", operation=store.Read(key))

    @group.command("await")
    @click.argument("key")
    def await_(key: str) -> UserWish:
        return UserWish("call", operation=store.Await(key))

    @group.command("move")
    @click.argument("server", type=click.Choice(system.deployment.servers))
    def move(server: str) -> UserWish:
        return UserWish("call", operation=store.Move(server))

    @group.command("watch")
    @click.argument("seconds", type=click.FloatRange(0, 3600), default=3600.0)
    def watch(seconds: float) -> UserWish:
        return UserWish("watch", seconds=seconds)

    del write, read, await_, move, watch
    return group


def answer(system: System[Any], result: Value) -> tuple[str, bool]:
    """Return how an answer reads, and whether it is a refusal."""
    del system
    return show(result), False
