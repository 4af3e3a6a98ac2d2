"""`counterpoint call`: ask a running cluster for something, once or in a conversation."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import click

from counterpoint.harness.commands.shared import cluster_file, json_flag
from counterpoint.harness.live.cluster import load_cluster
from counterpoint.harness.live.command_words import WrongWords, understand, understand_line
from counterpoint.harness.live.nodes import Members
from counterpoint.harness.live.talk import Conversation, conversation
from counterpoint.harness.live.wishes import UserWish
from counterpoint.harness.output import (
    BROKEN,
    HOLDS,
    UNDECIDED,
    clear_errors,
    emit,
    refuse,
    show,
    tell,
)
from counterpoint.impl.host.durable import DamagedFile
from counterpoint.impl.transport.folder import NodeRuns

CODES = {"answered": HOLDS, "refused": BROKEN, "undecided": UNDECIDED}
PROMPT = "> "


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Exit codes: 0 answered, 1 refused, 2 usage or bad input, 3 no answer.",
)
@cluster_file
@click.option("--data", type=click.Path(path_type=Path), help="The folder for durable state.")
@click.option("--via", help="The node that is asked: its name, or host:port.")
@click.option("--as", "name", help="As which client [the first that is free].")
@click.option(
    "--timeout", "seconds", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True,
    help="Wait so long for an answer.",
)  # fmt: skip
@json_flag("One JSON object an answer.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def call(
    config: Path,
    data: Path | None,
    via: str | None,
    name: str | None,
    seconds: float,
    as_json: bool,
    words: tuple[str, ...],
) -> None:
    """Ask a cluster for what WORDS say; without words, for what each line of standard input says.

    \b
    register        write --id 1 --name abc --low 5 --mid 25 --high 100; read --id 1
    token_manager   get-tokens 2; pay 7 3; transform s4; token-status s2
    the stores      write x lost; read y; await x; move s3; watch
    all             status; wait 3

    \b
    counterpoint call --config register.yaml write --id 1 --name abc --low 5 --mid 25 --high 100
    counterpoint call --config store.toml --as alice
    """
    with clear_errors(as_json=as_json):
        members = Members(load_cluster(config, data=data))
        wishes = [understand(members, words, via)] if words else None
    try:
        outcome = asyncio.run(_talk(members, wishes, via, name, seconds, as_json=as_json))
    except (DamagedFile, NodeRuns, ValueError, OSError) as error:
        refuse(str(error), as_json=as_json)
    sys.exit(CODES[outcome])


async def _talk(
    members: Members,
    wishes: list[UserWish] | None,
    via: str | None,
    name: str | None,
    seconds: float,
    *,
    as_json: bool,
) -> str:
    """Fulfil wishes one after the other, and return what came of the last."""
    outcome = "answered"
    told = _tell_news if wishes is None or wishes[0].what == "watch" else _say_nothing
    async with conversation(members, name, seconds=seconds, tell=told) as talk:
        if wishes is not None:
            for wish in wishes:
                outcome = await _fulfil(talk, wish, as_json=as_json)
            return outcome
        async for line in _lines():
            try:
                wish = understand_line(members, line, via)
            except WrongWords as error:
                tell(f"counterpoint: {error}", err=True)
                continue
            outcome = await _fulfil(talk, wish, as_json=as_json)
    return outcome


async def _fulfil(talk: Conversation, wish: UserWish, *, as_json: bool) -> str:
    reply = await talk.fulfil(wish)
    if as_json:
        emit({"outcome": reply.outcome, "answer": reply.text})
    elif reply.text:
        for line in reply.text.splitlines():
            tell(line)
    return reply.outcome


async def _lines() -> AsyncIterator[str]:
    """Return what is typed, line by line, until `quit` or the end."""
    is_typed = sys.stdin.isatty()
    while True:
        if is_typed:
            show(PROMPT, nl=False)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line or line.strip() in ("quit", "exit", "close"):
            return
        if line.strip():
            yield line


def _tell_news(text: str) -> None:
    tell(f"news: {text}")


def _say_nothing(text: str) -> None:
    del text
