"""What a person says to the token manager, and how its answers read."""

from __future__ import annotations

from typing import Any

import click

from counterpoint.harness.live.cluster import ClusterError
from counterpoint.harness.live.wishes import Finder, UserWish, common_words
from counterpoint.impl.token_manager import words as token
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.model.node import System
from counterpoint.model.values import Value


def words(system: System[Any], find: Finder, via: str | None) -> click.Group:
    """Return the words of the token manager; `via` is the client that asks."""
    group = common_words()
    assert isinstance(system, TokenManager)
    here = system.deployment
    client = "c1" if via is None else find(via)

    def owner(text: str) -> int:
        number = here.number_of.get(text)
        if number is None and not text.isdecimal():
            raise ClusterError(f"{text!r} is no owner; owners are 1 to {len(here.owners)}")
        return number or int(text)

    @group.command("get-tokens")
    @click.argument("whose")
    def get_tokens(whose: str) -> UserWish:
        return UserWish("call", client, token.GetTokens(owner(whose)))

    @group.command("pay")
    @click.argument("number", type=click.IntRange(0))
    @click.argument("to")
    def pay(number: int, to: str) -> UserWish:
        return UserWish("call", client, token.Pay(number, owner(to)))

    @group.command("transform")
    @click.argument("node")
    def transform(node: str) -> UserWish:
        return UserWish("call", find(node), token.Transform())

    @group.command("token-status")
    @click.argument("server")
    def token_status(server: str) -> UserWish:
        return UserWish("call", find(server), token.TokenStatus())

    del get_tokens, pay, transform, token_status
    return group


def answer(system: System[Any], result: Value) -> tuple[str, bool]:
    """Return how an answer reads, and whether it is a refusal."""
    # Imported here: it takes longer than all that a call needs besides.
    from counterpoint.harness.systems.token_console import answer_text

    assert isinstance(system, TokenManager), system
    return answer_text(system.deployment, result)
