"""How a person talks to the token manager: commands, answers, status, final ownership."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from counterpoint.harness.play.console import CommandError
from counterpoint.harness.systems.token_effects import effects_of, ownership
from counterpoint.impl.quorum import tolerated
from counterpoint.impl.token_manager.deployment import DIRECTORY, Deployment
from counterpoint.impl.token_manager.protocol import TokenManager
from counterpoint.impl.token_manager.states import Serving, newest_known
from counterpoint.impl.token_manager.words import (
    NO_OWNER,
    NO_PAYEE,
    NO_TOKEN,
    GetTokens,
    Holding,
    Pay,
    Rejected,
    TokenStatus,
    Transform,
)
from counterpoint.model.scenario import Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, Value, show
from counterpoint.model.world import World

ROW = 10
"""How many tokens a line shows."""


@dataclass(frozen=True)
class TokenConsole:
    """The commands of the token manager. A node other than the directory is also known by number."""

    usual: Mapping[str, str]
    commands: Mapping[str, str]
    fallible: frozenset[str]

    def operation(self, scenario: Scenario, node: NodeId, words: Sequence[str]) -> Value:
        """Return the operation that a command to a node asks for."""
        deployment = deployment_of(scenario)
        if node == DIRECTORY:
            raise CommandError(f"{node} is the directory; it takes no calls")
        match [*map(_as_word, words[:1]), *words[1:]]:
            case ["get_tokens", owner]:
                return GetTokens(_owner(deployment, owner))
            case ["pay", token, to]:
                return Pay(_number("a token", token), _owner(deployment, to))
            case ["transform"]:
                return Transform()
            case ["token_status"]:
                return TokenStatus()
        usage = "; ".join(command.partition(" ")[2] for command in self.commands)
        raise CommandError(f"{' '.join(words) or 'nothing'!r} cannot be asked of {node}: {usage}")

    def words(self, operation: Value) -> str:
        """Return the command that asks for an operation."""
        return str(operation)

    def is_wish(self, operation: Value) -> bool:
        """A change of role may be asked for at any time."""
        return isinstance(operation, Transform)

    def answer(self, scenario: Scenario, result: Value) -> tuple[str, bool]:
        """Return the text of a result, and whether it is a refusal."""
        return answer_text(deployment_of(scenario), result)

    def status(self, world: World) -> Iterator[str]:
        """Return the epoch, its servers, and how many may fail."""
        config = max(
            (
                newest_known(node_state.state)
                for node_state in world.node_states
                if isinstance(node_state.state, Serving)
            ),
            key=lambda known: known.epoch,
            default=deployment_of(world.scenario).first_configuration,
        )
        count = len(config.servers)
        bound = f"{tolerated(count)} of {count} may fail"
        yield f"epoch {config.epoch}: servers {' '.join(config.servers)}; {bound}"

    def outcome(self, world: World) -> Mapping[str, str]:
        """Return owner and version of every token, by token."""
        deployment = deployment_of(world.scenario)
        return {
            f"token {token}": f"{_names(deployment, owners)}, version {version}"
            for token, (version, owners) in ownership(deployment, world).items()
        }

    def effects(self, trace: Trace) -> tuple[tuple[NodeId, Value], ...]:
        """Return payments, snapshots and changes of role in the order of their effects."""
        return effects_of(trace)


def _as_word(name: str) -> str:
    """Return a command as it is spelled here: `getTokens` and `get-tokens` are understood, too.

    >>> [_as_word(name) for name in ("getTokens", "token-status", "pay")]
    ['get_tokens', 'token_status', 'pay']
    """
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()


def deployment_of(scenario: Scenario) -> Deployment:
    """Return who takes part in a scenario of the token manager."""
    assert isinstance(scenario.system, TokenManager), type(scenario.system).__name__
    return scenario.system.deployment


def answer_text(deployment: Deployment, result: Value) -> tuple[str, bool]:
    """Return the text of a result, and whether it is a refusal."""
    match result:
        case Rejected(why):
            return f"rejected: {why}{_hint(deployment, why)}", True
        case tuple() if result and all(isinstance(part, Holding) for part in result):
            rows = _rows([f"{h.token}@{h.version} of {h.owner}" for h in result])
            return f"{len(result)} tokens, each @version, of owner{rows}", False
        case tuple():
            held = [f"{token}@{version}" for token, version in result]
            noun = "token" if len(held) == 1 else "tokens"
            return f"{len(held)} {noun}{_rows(held) if held else ''}", False
    return show(result), False


def _names(deployment: Deployment, owners: Sequence[int]) -> str:
    return " and ".join(deployment.owners[owner - 1] for owner in owners)


def _owner(deployment: Deployment, text: str) -> int:
    """Read an owner, by name or by number; one that does not exist is for the system to refuse."""
    return deployment.number_of.get(text) or _number("an owner", text)


def _number(what: str, text: str) -> int:
    if text.isdecimal() and len(text) <= 9:
        return int(text)
    raise CommandError(f"{text!r} is not {what}; right would be a number such as 3")


def _hint(deployment: Deployment, why: str) -> str:
    match why:
        case str() if why == NO_TOKEN:
            return f"; tokens are 0 to {deployment.tokens - 1}"
        case str() if why in (NO_PAYEE, NO_OWNER):
            return f"; owners are 1 to {len(deployment.owners)}: {' '.join(deployment.owners)}"
    return ""


def _rows(cells: Sequence[str]) -> str:
    """Return cells in lines of ten, aligned."""
    width = max(map(len, cells))
    lines = (cells[start : start + ROW] for start in range(0, len(cells), ROW))
    return "".join(
        "\n  " + "  ".join(f"{cell:<{width}}" for cell in line).rstrip() for line in lines
    )


CONSOLE = TokenConsole(
    usual=MappingProxyType({"clients": "6", "servers": "3", "tokens": "60"}),
    commands=MappingProxyType(
        {
            "c1 get_tokens 2": "c1 asks which tokens owner 2 (or c2) has",
            "c1 pay 7 3": "c1 pays token 7 to owner 3 (or c3)",
            "s2 transform": "s2 becomes a client, or a client becomes a server",
            "s2 token_status": "what server s2 holds",
        }
    ),
    fallible=frozenset({"server", "leaving"}),
)
"""Sessions have the six clients and sixty tokens of the full system, and three servers."""
