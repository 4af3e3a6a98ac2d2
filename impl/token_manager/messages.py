"""The messages of the token manager: between clients and servers, and of both with the directory."""

from __future__ import annotations

from dataclasses import dataclass

from counterpoint.impl.token_manager.words import (
    Configuration,
    Holding,
    HoldingTable,
    RoleName,
    shown,
)
from counterpoint.model.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class Ask:
    """Client to server: what do you hold of this token, of all tokens if None?"""

    request: int
    config: Configuration
    token: int | None

    def __str__(self) -> str:
        what = "all" if self.token is None else f"token {self.token}"
        return f"ask({self.request}, e{self.config.epoch}, {what})"


@quick_init
@dataclass(frozen=True, slots=True)
class Told:
    """Server to client: the holding asked for, or the whole table."""

    request: int
    holdings: HoldingTable

    def __str__(self) -> str:
        return f"told({self.request}, {shown(self.holdings)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Store:
    """Client to server: keep this payment if it is newer."""

    request: int
    config: Configuration
    payment: Holding

    def __str__(self) -> str:
        return f"store({self.request}, e{self.config.epoch}, {self.payment})"


@quick_init
@dataclass(frozen=True, slots=True)
class Stored:
    """Server to client: the payment, or a newer one, is stored."""

    request: int


@quick_init
@dataclass(frozen=True, slots=True)
class Impose:
    """Client to server: keep of this view what is newer, and say what you hold then."""

    request: int
    config: Configuration
    view: HoldingTable

    def __str__(self) -> str:
        return f"impose({self.request}, e{self.config.epoch}, {shown(self.view)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Holds:
    """Server to client: the view is stored, and this is the whole table."""

    request: int
    table: HoldingTable

    def __str__(self) -> str:
        return f"holds({self.request}, {shown(self.table)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Stale:
    """Server to client: your epoch is over, this is the newest configuration that I know."""

    config: Configuration


@quick_init
@dataclass(frozen=True, slots=True)
class Where:
    """Anyone to the directory: the newest epoch that I know is this; is there a newer one?"""

    epoch: int

    def __str__(self) -> str:
        return f"where(e{self.epoch})"


@quick_init
@dataclass(frozen=True, slots=True)
class Wish:
    """Anyone to the directory: in this epoch I ask to take this role."""

    role: RoleName
    epoch: int

    def __str__(self) -> str:
        return f"wish({self.role}, e{self.epoch})"


@quick_init
@dataclass(frozen=True, slots=True)
class Refused:
    """Directory to the one who wished: not in this epoch, and why not."""

    epoch: int
    why: str

    def __str__(self) -> str:
        return f"refused(e{self.epoch}, {self.why})"


@quick_init
@dataclass(frozen=True, slots=True)
class Seal:
    """Directory to the servers of an epoch: serve it no more, this one follows."""

    following: Configuration


@quick_init
@dataclass(frozen=True, slots=True)
class Closed:
    """Server to directory: all before this epoch is sealed here, and this is my table."""

    epoch: int
    table: HoldingTable

    def __str__(self) -> str:
        return f"closed(e{self.epoch}, {shown(self.table)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Install:
    """Directory to the servers of a new epoch: serve it, starting from this table."""

    config: Configuration
    table: HoldingTable

    def __str__(self) -> str:
        return f"install({self.config}, {shown(self.table)})"


@quick_init
@dataclass(frozen=True, slots=True)
class Installed:
    """Server to directory: I serve this epoch."""

    epoch: int

    def __str__(self) -> str:
        return f"installed(e{self.epoch})"


@quick_init
@dataclass(frozen=True, slots=True)
class Announce:
    """Directory to whom is no server: a majority serves this configuration."""

    config: Configuration
