"""Who takes part in the token manager, which tokens there are, and which rules are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from counterpoint.impl.token_manager.rules import RIGHT, TokenRules
from counterpoint.impl.token_manager.words import (
    NO_OWNER,
    NO_PAYEE,
    NO_TOKEN,
    Configuration,
    GetTokens,
    Holding,
    HoldingTable,
    Pay,
    newest_of,
)
from counterpoint.model.values import NodeId, Value

SERVERS_MIN, SERVERS_MAX = 3, 7
"""There are never fewer servers than the one, nor more than the other."""

DIRECTORY: NodeId = "d"
"""The one node that grants changes of role. It never fails."""

Heard = tuple[tuple[NodeId, HoldingTable], ...]
"""Answers of a phase by server, sorted by server."""


@dataclass(frozen=True)
class Deployment:
    """`clients` clients c1, c2 ..., `servers` servers s1, s2 ... and tokens 0 to `tokens` - 1.

    Owners are numbered from 1, clients first: s1 of six clients is owner 7, should it become a client.

    Raises:
        ValueError: a number of clients, servers or tokens that the system is not made for.
    """

    clients: int = 6
    servers: int = 3
    tokens: int = 60
    rules: TokenRules = RIGHT

    def __post_init__(self) -> None:
        if not SERVERS_MIN <= self.servers <= SERVERS_MAX:
            raise ValueError(
                f"{self.servers} servers; the token manager runs with {SERVERS_MIN} to {SERVERS_MAX}"
            )
        if self.clients < 1 or self.tokens < 1:
            raise ValueError(
                f"{self.clients} clients and {self.tokens} tokens; there must be one of each at least"
            )

    @cached_property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node: clients, servers, the directory."""
        return (*self.owners, DIRECTORY)

    @cached_property
    def owners(self) -> tuple[NodeId, ...]:
        """Every node that may own tokens, in the order of their numbers."""
        clients = (f"c{number + 1}" for number in range(self.clients))
        return (*clients, *self.first_configuration.servers)

    @cached_property
    def first_configuration(self) -> Configuration:
        """The configuration in which a run begins."""
        return Configuration(1, tuple(f"s{number + 1}" for number in range(self.servers)))

    @cached_property
    def number_of(self) -> Mapping[NodeId, int]:
        """The number of each owner."""
        return {node: number for number, node in enumerate(self.owners, start=1)}

    def first_owner(self, token: int) -> int:
        """Return the owner of version 1 of a token."""
        return token % self.clients + 1

    def holding_in(self, table: HoldingTable, token: int) -> Holding:
        """Return the holding of a token by a table that leaves out what was never paid."""
        for holding in table:
            if holding.token == token:
                return holding
        return Holding(token, 1, self.first_owner(token))

    def whole(self, table: HoldingTable) -> HoldingTable:
        """Return the holding of every token."""
        return tuple(self.holding_in(table, token) for token in range(self.tokens))

    def tokens_of(self, owner: int, table: HoldingTable) -> tuple[tuple[int, int], ...]:
        """Return token and version of all that an owner has by a table.

        >>> Deployment(clients=2, tokens=4).tokens_of(1, (Holding(3, 2, 1),))
        ((0, 1), (2, 1), (3, 2))
        """
        owned = (held for held in self.whole(table) if held.owner == owner)
        return tuple((held.token, held.version) for held in owned)

    def objection(self, call: Value) -> str | None:
        """Say why a call cannot be made by anyone, None if it can."""
        match call:
            case GetTokens(owner) if not 1 <= owner <= len(self.owners):
                return NO_OWNER
            case Pay(token) if not 0 <= token < self.tokens:
                return NO_TOKEN
            case Pay(_, to) if not 1 <= to <= len(self.owners):
                return NO_PAYEE
        return None

    def counted(self, heard: Heard, server: NodeId, table: HoldingTable) -> Heard:
        """Return the answers with one more of this server, unless it has answered already."""
        if self.rules.counts_servers and any(known == server for known, _ in heard):
            return heard
        return tuple(sorted((*heard, (server, table))))

    def is_quorum(self, heard: Heard, config: Configuration) -> bool:
        """Tell whether enough servers of a configuration have answered."""
        return len(heard) >= self.rules.quorum(len(config.servers))


def merged(heard: Heard) -> HoldingTable:
    """Return the newest holding of each token in these answers."""
    table: HoldingTable = ()
    for _, other in heard:
        table = newest_of(table, other)
    return table


def silent_in(heard: Heard, config: Configuration) -> tuple[NodeId, ...]:
    """Return the servers of a configuration that have not answered."""
    answered = {server for server, _ in heard}
    return tuple(server for server in config.servers if server not in answered)
