"""What a person says to a cluster: understood, or refused with what would be right."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from counterpoint.harness.live.cluster import ClusterError, place_of
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.wishes import UserWish
from counterpoint.model.values import NodeId, Value


class WrongWords(ValueError):
    """Words that say nothing to this system. Says what would be right."""


def understand(members: Members, words: Sequence[str], via: str | None = None) -> UserWish:
    """Return what a person wants.

    Raises:
        WrongWords: the words are none of this system.
    """
    try:
        group = members.hosting.words(members.system, lambda text: node_at(members, text), via)
        wish = group.main(list(words), prog_name="", standalone_mode=False)
    except click.ClickException as error:
        raise WrongWords(f"{error.format_message()} · {usage(members)}") from None
    except ClusterError as error:
        raise WrongWords(str(error)) from None
    if not isinstance(wish, UserWish):
        raise WrongWords(usage(members))
    return wish


def understand_line(members: Members, line: str, via: str | None = None) -> UserWish:
    """Return what a line says; see `understand`."""
    try:
        return understand(members, shlex.split(line, comments=True), via)
    except ValueError as error:
        raise WrongWords(str(error)) from None


def usage(members: Members) -> str:
    """Return the words of a system in a line."""
    group = members.hosting.words(members.system, members.require, None)
    return "there are: " + "; ".join(_usage(command) for command in group.commands.values())


def _usage(command: click.Command) -> str:
    parts = [
        f"{p.opts[0]} {p.human_readable_name.upper()}"
        if isinstance(p, click.Option)
        else p.name or ""
        for p in command.params
    ]
    return " ".join(
        [command.name or "", *(part.upper() if "-" not in part else part for part in parts)]
    )


def node_at(members: Members, via: str) -> NodeId:
    """Return the node of a name, or at a place; raises ClusterError."""
    if ":" in via and via not in members.system.nodes:
        place = place_of(via, "--via")
        for node, known in members.cluster.places.items():
            if known == place:
                return node
        raise ClusterError(f"no node of {members.cluster.source} is at {via}")
    return members.require(via)


def answer_text(members: Members, result: Value) -> tuple[str, bool]:
    """Return how an answer reads, and whether it is a refusal."""
    return members.hosting.answer(members.system, result)
