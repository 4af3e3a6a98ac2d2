"""The words of the token manager: tokens, configurations, calls, messages, and what nodes remember.

A token is known by its newest holding. A table lists the newest holding of every token that was ever
paid, sorted by token; a token that is missing from it is where it started, at version 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from counterpoint.model.values import NodeId

Role: TypeAlias = Literal["client", "server"]
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


Table: TypeAlias = tuple[Holding, ...]
"""The newest known holding of every token that was ever paid, sorted by token."""


def newest_of(one: Table, other: Table) -> Table:
    """Return the newer holding of each token of two tables.

    >>> newest_of((Holding(1, 2, 5), Holding(4, 3, 6)), (Holding(1, 3, 4),))
    (Holding(token=1, version=3, owner=4), Holding(token=4, version=3, owner=6))
    """
    if one == other or not other:
        return one
    return replaced(one, tuple(new for new in other if new.version > version_in(one, new.token)))


def replaced(table: Table, changes: Table) -> Table:
    """Return the table with these holdings in the place of others of the same tokens."""
    if not changes:
        return table
    by_token = {holding.token: holding for holding in (*table, *changes)}
    return tuple(by_token[token] for token in sorted(by_token))


def version_in(table: Table, token: int) -> int:
    """Return the version of a token in a table; 1 for a token that was never paid."""
    return next((holding.version for holding in table if holding.token == token), 1)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The servers of one epoch, in the order of their names."""

    epoch: int
    servers: tuple[NodeId, ...]

    def with_change(self, node: NodeId) -> Configuration:
        """Return the next configuration, in which this node has its other role.

        >>> Configuration(1, ("s1", "s2")).with_change("s1")
        Configuration(epoch=2, servers=('s2',))
        """
        members = set(self.servers) ^ {node}
        return Configuration(self.epoch + 1, tuple(sorted(members)))


# ---- calls and answers ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetTokens:
    """A client asks which tokens an owner has."""

    owner: int

    def __str__(self) -> str:
        return f"get_tokens {self.owner}"


@dataclass(frozen=True, slots=True)
class Pay:
    """A client gives a token of its own to another owner."""

    token: int
    to: int

    def __str__(self) -> str:
        return f"pay {self.token} {self.to}"


@dataclass(frozen=True, slots=True)
class Transform:
    """An operator asks a node to take its other role."""

    def __str__(self) -> str:
        return "transform"


@dataclass(frozen=True, slots=True)
class Finish:
    """A client that crashed finishes the payment that it had begun, of its own accord."""

    payment: Holding

    def __str__(self) -> str:
        return f"finish {self.payment}"


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer to a call that had no effect, and why it had none."""

    why: str

    def __str__(self) -> str:
        return f"rejected: {self.why}"


# ---- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Client to server: what do you hold of this token, of all tokens if None?"""

    request: int
    config: Configuration
    token: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """Server to client: the holding asked for, or the whole table."""

    request: int
    holdings: Table


@dataclass(frozen=True, slots=True)
class Store:
    """Client to server: keep this payment if it is newer."""

    request: int
    config: Configuration
    payment: Holding


@dataclass(frozen=True, slots=True)
class Stored:
    """Server to client: the payment, or a newer one, is stored."""

    request: int


@dataclass(frozen=True, slots=True)
class Impose:
    """Client to server: keep of this view what is newer, and say what you hold then."""

    request: int
    config: Configuration
    view: Table


@dataclass(frozen=True, slots=True)
class Holds:
    """Server to client: the view is stored, and this is the whole table."""

    request: int
    table: Table


@dataclass(frozen=True, slots=True)
class Stale:
    """Server to client: your epoch is over, this is the newest configuration that I know."""

    config: Configuration


@dataclass(frozen=True, slots=True)
class Where:
    """Anyone to the directory: the newest epoch that I know is this; is there a newer one?"""

    epoch: int


@dataclass(frozen=True, slots=True)
class Wish:
    """Anyone to the directory: in this epoch I ask to take this role."""

    role: Role
    epoch: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Directory to the one who wished: not in this epoch, and why not."""

    epoch: int
    why: str


@dataclass(frozen=True, slots=True)
class Seal:
    """Directory to the servers of an epoch: serve it no more, this one follows."""

    following: Configuration


@dataclass(frozen=True, slots=True)
class Closed:
    """Server to directory: all before this epoch is sealed here, and this is my table."""

    epoch: int
    table: Table


@dataclass(frozen=True, slots=True)
class Install:
    """Directory to the servers of a new epoch: serve it, starting from this table."""

    config: Configuration
    table: Table


@dataclass(frozen=True, slots=True)
class Installed:
    """Server to directory: I serve this epoch."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Directory to whom is no server: a majority serves this configuration."""

    config: Configuration


# ---- notes: what checkers and readers of traces are told -----------------------------------------


@dataclass(frozen=True, slots=True)
class Pays:
    """A client makes a new version of a token."""

    payment: Holding


@dataclass(frozen=True, slots=True)
class Begins:
    """A node becomes a server, and holds exactly this; what it held in an earlier life is gone."""

    table: Table


@dataclass(frozen=True, slots=True)
class Keeps:
    """A server holds these from now on, each in the place of what it held of that token."""

    holdings: Table


@dataclass(frozen=True, slots=True)
class Reloads:
    """A server runs again after a crash, and holds exactly this."""

    table: Table


# ---- states: one class per phase of a node -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """What a node remembers in every role and through every crash.

    `config` is the newest configuration that it knows, for a server the one that it serves;
    `request` the last request number that it used; `wishes` says that it wants its other role.
    """

    config: Configuration
    request: int = 0
    wishes: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """A client without a call."""

    memory: Memory


@dataclass(frozen=True, slots=True)
class Asking:
    """A payment in its first phase: who has the token now?"""

    memory: Memory
    call: Pay
    heard: tuple[tuple[NodeId, Table], ...] = ()


@dataclass(frozen=True, slots=True)
class Paying:
    """A payment in its second phase. From here on it will be finished, whatever happens."""

    memory: Memory
    payment: Holding
    heard: tuple[tuple[NodeId, Table], ...] = ()


@dataclass(frozen=True, slots=True)
class Collecting:
    """A snapshot in its first phase: what does each server hold?"""

    memory: Memory
    call: GetTokens
    heard: tuple[tuple[NodeId, Table], ...] = ()


@dataclass(frozen=True, slots=True)
class Imposing:
    """A snapshot in its second phase: does a majority hold exactly this view?"""

    memory: Memory
    call: GetTokens
    view: Table
    heard: tuple[tuple[NodeId, Table], ...] = ()


@dataclass(frozen=True, slots=True)
class Joining:
    """A client that has asked to become a server, and makes no calls meanwhile."""

    memory: Memory


Busy: TypeAlias = Asking | Paying | Collecting | Imposing
ClientState: TypeAlias = Idle | Busy | Joining


@dataclass(frozen=True, slots=True)
class Serving:
    """A server of its memory's configuration."""

    memory: Memory
    table: Table = ()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A server that serves no epoch before `following`, and not yet that one."""

    memory: Memory
    following: Configuration
    table: Table = ()


ServerState: TypeAlias = Serving | Sealed


@dataclass(frozen=True, slots=True)
class Watching:
    """The directory between changes. The table is the one that the configuration started from."""

    config: Configuration
    table: Table = ()


Queue: TypeAlias = tuple[tuple[NodeId, Role], ...]
"""Who waits for a change of role, and the role wished, first come first served."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """The directory in the first half of a change: it collects the tables of the old servers."""

    config: Configuration
    following: Configuration
    heard: tuple[tuple[NodeId, Table], ...] = ()
    queue: Queue = ()


@dataclass(frozen=True, slots=True)
class Installing:
    """The directory in the second half of a change: it hands the merged table to the new servers."""

    following: Configuration
    table: Table
    heard: tuple[tuple[NodeId, Table], ...] = ()
    queue: Queue = ()


DirectoryState: TypeAlias = Watching | Sealing | Installing
State: TypeAlias = ClientState | ServerState | DirectoryState


@dataclass(frozen=True, slots=True)
class Kept:
    """What a client has in durable storage: its memory, and a payment that must be finished."""

    memory: Memory
    payment: Holding | None = None


# ---- which configuration a node goes by -----------------------------------------------------------


def newest_known(state: ClientState | ServerState) -> Configuration:
    """Return the newest configuration that a node can tell others of."""
    return state.following if isinstance(state, Sealed) else state.memory.config


def is_news(node: NodeId, memory: Memory, config: Configuration) -> bool:
    """Tell whether a node should go by this configuration from now on, as a client of it.

    A configuration that counts the node among its servers is not news but has to be installed.
    """
    return config.epoch > memory.config.epoch and node not in config.servers


def is_over(state: ClientState | ServerState, config: Configuration) -> bool:
    """Tell whether a node knows that this configuration is over."""
    return config.epoch < newest_known(state).epoch


def is_to_come(state: Joining | ServerState, config: Configuration) -> bool:
    """Tell whether this configuration was not installed at a node that may become its server."""
    if isinstance(state, Sealed):
        return config.epoch >= state.following.epoch
    return config.epoch > state.memory.config.epoch
