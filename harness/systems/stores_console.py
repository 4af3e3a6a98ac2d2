"""How a person talks to the stores: write, read, wait, move, and the words of the demonstration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from counterpoint.harness.play.console import CommandError
from counterpoint.harness.play.word_console import WordConsole
from counterpoint.harness.systems.stores_plans import STORY
from counterpoint.impl.stores.causal_deps import CausalDeps
from counterpoint.impl.stores.causal_lamport import CausalLamport
from counterpoint.impl.stores.words import Await, Move, Read, StoreOperation, Write
from counterpoint.model.scenario import Scenario
from counterpoint.model.values import NodeId, Value, show

TOLD: Mapping[str, Write] = MappingProxyType(
    {asked.key: asked for calls in STORY.values() for asked in calls if isinstance(asked, Write)}
)
"""The words of the demonstration, each a write: lost, found, glad."""


def operation(scenario: Scenario, node: NodeId, words: Sequence[str]) -> StoreOperation | None:
    """Return the operation that words ask for."""
    del node
    match words:
        case ["write", key, value]:
            return Write(key, value)
        case ["read", key]:
            return Read(key)
        case ["await" | "wait", key]:
            return Await(key)
        case ["move", server]:
            return Move(_server(scenario, server))
        case [word]:
            return TOLD.get(word)
    return None


def words_of(asked: Value) -> str:
    """Return the words of an operation."""
    match asked:
        case Write(key, value):
            return f"write {key} {value}"
        case Read(key):
            return f"read {key}"
        case Await(key):
            return f"await {key}"
        case Move(to):
            return f"move {to}"
    raise AssertionError(f"{asked!r} is no operation of a store")


def _server(scenario: Scenario, named: str) -> NodeId:
    """Return the server that a client may move to.

    Raises:
        CommandError: there is none of that name, or what the scenario claims is true of clients that
            stay at home alone.
    """
    assert isinstance(scenario.system, CausalDeps | CausalLamport), type(scenario.system).__name__
    servers = scenario.system.deployment.servers
    if named not in servers:
        raise CommandError(f"{named!r} is no server; servers: {' '.join(servers)}")
    if scenario.role_of is None:
        raise CommandError(
            f"clients stay at home in scenario {scenario.name!r}; right would be: play with "
            "--scenario moving"
        )
    return named


CONSOLE = WordConsole(
    commands=MappingProxyType(
        {
            "alice write x 1": "alice writes 1 under the key x, at her server",
            "bob read x": "bob reads the key x at his server",
            "bob wait x": "bob reads the key x as soon as it holds anything (also: await)",
            "carol move s1": "carol works with server s1 from now on (in --scenario moving)",
            **{
                f"{who} {asked.key}": f"short for: write {asked.key} {asked.value}"
                for who, calls in STORY.items()
                for asked in calls
                if isinstance(asked, Write)
            },
        }
    ),
    read=operation,
    written=words_of,
    answered=lambda result: (show(result), False),
)
