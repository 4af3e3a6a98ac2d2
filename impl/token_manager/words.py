"""The words of the token manager: tokens, configurations, calls with their answers, and notes.

A token is known by its newest holding. A table lists the newest holding of every token that was ever
paid, sorted by token; a token that is missing from it is where it started, at version 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId

RoleName: TypeAlias = Literal["client", "server"]
"""What a node other than the directory is."""


class Holding(NamedTuple):
    """One version of one token and the owner that it belongs to.

    A named tuple, because tables of them are hashed at every step of a search.
    """

    token: int
    version: int
    owner: int

    def __str__(self) -> str:
        return f"{self.token}@{self.version}->{self.owner}"


HoldingTable: TypeAlias = tuple[Holding, ...]
"""The newest known holding of every token that was ever paid, sorted by token."""


def shown(table: HoldingTable) -> str:
    """Return how reports show a table.

    >>> shown((Holding(1, 2, 5), Holding(4, 3, 6))), shown(())
    ('1@2->5 4@3->6', 'nothing paid')
    """
    return " ".join(map(str, table)) or "nothing paid"


def newest_of(one: HoldingTable, other: HoldingTable) -> HoldingTable:
    """Return the newer holding of each token of two tables.

    >>> newest_of((Holding(1, 2, 5), Holding(4, 3, 6)), (Holding(1, 3, 4),))
    (Holding(token=1, version=3, owner=4), Holding(token=4, version=3, owner=6))
    """
    if one == other or not other:
        return one
    versions = {holding.token: holding.version for holding in one}
    return replaced(one, tuple([new for new in other if new.version > versions.get(new.token, 1)]))


def replaced(table: HoldingTable, changes: HoldingTable) -> HoldingTable:
    """Return the table with these holdings in the place of others of the same tokens."""
    if not changes:
        return table
    by_token = {holding.token: holding for holding in (*table, *changes)}
    return tuple(by_token[token] for token in sorted(by_token))


@quick_init
@dataclass(frozen=True, slots=True)
class Configuration:
    """The servers of one epoch, in the order of their names."""

    epoch: int
    servers: tuple[NodeId, ...]

    def __str__(self) -> str:
        return f"e{self.epoch} of {' '.join(self.servers)}"

    def with_change(self, node: NodeId) -> Configuration:
        """Return the next configuration, in which this node has its other role.

        >>> Configuration(1, ("s1", "s2")).with_change("s1")
        Configuration(epoch=2, servers=('s2',))
        """
        members = set(self.servers) ^ {node}
        return Configuration(self.epoch + 1, tuple(sorted(members)))


# ---- calls and answers ---------------------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class GetTokens:
    """A client asks which tokens an owner has."""

    owner: int

    def __str__(self) -> str:
        return f"get_tokens {self.owner}"


@quick_init
@dataclass(frozen=True, slots=True)
class Pay:
    """A client gives a token of its own to another owner."""

    token: int
    to: int

    def __str__(self) -> str:
        return f"pay {self.token} {self.to}"


@quick_init
@dataclass(frozen=True, slots=True)
class Transform:
    """An operator asks a node to take its other role."""

    def __str__(self) -> str:
        return "transform"


@quick_init
@dataclass(frozen=True, slots=True)
class Finish:
    """A client that crashed finishes the payment that it had begun, of its own accord."""

    payment: Holding

    def __str__(self) -> str:
        return f"finish {self.payment}"


@quick_init
@dataclass(frozen=True, slots=True)
class TokenStatus:
    """An operator asks a server for its table."""

    def __str__(self) -> str:
        return "token_status"


OK = "OK"
"""The answer to a payment, or to a change of role, that was made."""

NO_TOKEN = "no such token"
NO_PAYEE = "unknown payee"
NO_OWNER = "unknown owner"
NOT_OWNER = "not the owner"
TIMED_OUT = "timed out"


@quick_init
@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer to a call that had no effect, and why it had none."""

    why: str

    def __str__(self) -> str:
        return f"rejected: {self.why}"


# ---- notes: what checkers and readers of traces are told -----------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Pays:
    """A client makes a new version of a token."""

    payment: Holding


@quick_init
@dataclass(frozen=True, slots=True)
class Begins:
    """A node becomes a server, and holds exactly this; what it held in an earlier life is gone."""

    table: HoldingTable

    def __str__(self) -> str:
        return f"begins({shown(self.table)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Keeps:
    """A server holds these from now on, each in the place of what it held of that token."""

    holdings: HoldingTable

    def __str__(self) -> str:
        return f"keeps({shown(self.holdings)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Reloads:
    """A server runs again after a crash, and holds exactly this."""

    table: HoldingTable

    def __str__(self) -> str:
        return f"reloads({shown(self.table)})"
