"""Wishes: what a person wants of a cluster, and the words that say so in every system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import click

from counterpoint.model.values import NodeId, Value


@dataclass(frozen=True, slots=True)
class UserWish:
    """What a person wants: an operation at a node; or `what` else, for so many `seconds`.

    `node` is None for an operation of whatever client is used.
    """

    what: Literal["call", "status", "watch", "wait"]
    node: NodeId | None = None
    operation: Value = None
    seconds: float = 0.0


Finder: TypeAlias = Callable[[str], NodeId]
"""Finds the node that a person means, by its name or its place; raises ClusterError."""


def common_words() -> click.Group:
    """Return the words that all systems have."""
    group = click.Group("words", context_settings={"help_option_names": []})

    @group.command("wait")
    @click.argument("seconds", type=click.FloatRange(0, 3600))
    def wait(seconds: float) -> UserWish:
        return UserWish("wait", seconds=seconds)

    @group.command("status")
    def status() -> UserWish:
        return UserWish("status")

    del wait, status
    return group
