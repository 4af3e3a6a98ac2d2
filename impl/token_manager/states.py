"""What the nodes of the token manager remember: one class per phase of a node, and what is durable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.impl.token_manager.words import (
    Configuration,
    GetTokens,
    Holding,
    HoldingTable,
    Pay,
    RoleName,
    shown,
)
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId


@quick_init
@dataclass(frozen=True, slots=True)
class Memory:
    """What a node remembers in every role and through every crash.

    `config` is the newest configuration that it knows, for a server the one that it serves;
    `request` the last request number that it used; `wishes` says that it wants its other role.
    """

    config: Configuration
    request: int = 0
    wishes: bool = False

    def __str__(self) -> str:
        return f"e{self.config.epoch}{', wishes to change' if self.wishes else ''}"


@quick_init
@dataclass(frozen=True, slots=True)
class Idle:
    """A client without a call."""

    memory: Memory

    def __str__(self) -> str:
        return f"idle in {self.memory}"


@quick_init
@dataclass(frozen=True, slots=True)
class Asking:
    """A payment in its first phase: who has the token now?"""

    memory: Memory
    call: Pay
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()

    def __str__(self) -> str:
        return f"asks who has {self.call.token} in {self.memory} ({progress(self, 'told')})"


@quick_init
@dataclass(frozen=True, slots=True)
class Paying:
    """A payment in its second phase. From here on it will be finished, whatever happens."""

    memory: Memory
    payment: Holding
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()

    def __str__(self) -> str:
        return f"pays {self.payment} in {self.memory} ({progress(self, 'stored')})"


@quick_init
@dataclass(frozen=True, slots=True)
class Collecting:
    """A snapshot in its first phase: what does each server hold?"""

    memory: Memory
    call: GetTokens
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()

    def __str__(self) -> str:
        return f"collects in {self.memory} ({progress(self, 'told')})"


@quick_init
@dataclass(frozen=True, slots=True)
class Imposing:
    """A snapshot in its second phase: does a majority hold exactly this view?"""

    memory: Memory
    call: GetTokens
    view: HoldingTable
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()

    def __str__(self) -> str:
        return f"imposes {shown(self.view)} in {self.memory} ({progress(self, 'hold it')})"


@quick_init
@dataclass(frozen=True, slots=True)
class Joining:
    """A client that has asked to become a server, and makes no calls meanwhile."""

    memory: Memory

    def __str__(self) -> str:
        return f"waits to serve, in {self.memory}"


Busy: TypeAlias = Asking | Paying | Collecting | Imposing
ClientState: TypeAlias = Idle | Busy | Joining


@quick_init
@dataclass(frozen=True, slots=True)
class Serving:
    """A server of its memory's configuration."""

    memory: Memory
    table: HoldingTable = ()

    def __str__(self) -> str:
        return f"serves {self.memory}: {shown(self.table)}"


@quick_init
@dataclass(frozen=True, slots=True)
class Sealed:
    """A server that serves no epoch before `following`, and not yet that one."""

    memory: Memory
    following: Configuration
    table: HoldingTable = ()

    def __str__(self) -> str:
        return f"sealed for e{self.following.epoch}: {shown(self.table)}"


ServerState: TypeAlias = Serving | Sealed


@quick_init
@dataclass(frozen=True, slots=True)
class Watching:
    """The directory between changes. The table is the one that the configuration started from."""

    config: Configuration
    table: HoldingTable = ()

    def __str__(self) -> str:
        return f"watches {self.config}"


TransformQueue: TypeAlias = tuple[tuple[NodeId, RoleName], ...]
"""Who waits for a change of role, and the role wished, first come first served."""


@quick_init
@dataclass(frozen=True, slots=True)
class Sealing:
    """The directory in the first half of a change: it collects the tables of the old servers."""

    config: Configuration
    following: Configuration
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()
    queue: TransformQueue = ()

    def __str__(self) -> str:
        return (
            f"seals e{self.config.epoch} ({len(self.heard)} of {len(self.config.servers)} closed)"
        )


@quick_init
@dataclass(frozen=True, slots=True)
class Installing:
    """The directory in the second half of a change: it hands the merged table to the new servers."""

    following: Configuration
    table: HoldingTable
    heard: tuple[tuple[NodeId, HoldingTable], ...] = ()
    queue: TransformQueue = ()

    def __str__(self) -> str:
        return (
            f"installs {self.following} "
            f"({len(self.heard)} of {len(self.following.servers)} installed)"
        )


DirectoryState: TypeAlias = Watching | Sealing | Installing
TokenState: TypeAlias = ClientState | ServerState | DirectoryState


@quick_init
@dataclass(frozen=True, slots=True)
class Kept:
    """What a client has in durable storage: its memory, and a payment that must be finished."""

    memory: Memory
    payment: Holding | None = None


def progress(state: Busy, what: str) -> str:
    """Return how many servers have answered in a phase."""
    return f"{len(state.heard)} of {len(state.memory.config.servers)} {what}"


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
