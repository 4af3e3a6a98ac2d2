"""What the nodes of the two causally consistent stores say: stamps, versions, calls, messages, notes.

Stamps, versions, copies and requests are named tuples, as they are hashed, compared and sorted at every
step of a search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId

# ---- what is stored ------------------------------------------------------------------------------


class Stamp(NamedTuple):
    """When a write was made, and where: the Lamport clock of its server, then the server's number.

    No two writes have the same stamp, and all servers compare stamps alike.

    >>> print(Stamp(2, server=1)), Stamp(2, 1) < Stamp(2, 3) < Stamp(3, 1)
    2.1
    (None, True)
    """

    clock: int
    server: int

    def __str__(self) -> str:
        return f"{self.clock}.{self.server}"


class Version(NamedTuple):
    """One write, by its stamp; and the key that it wrote, for whoever reads a report."""

    stamp: Stamp
    key: str

    def __str__(self) -> str:
        return f"{self.key}@{self.stamp}"


class Copy(NamedTuple):
    """What a replica holds for a key."""

    version: Version
    value: str

    def __str__(self) -> str:
        return f"{self.version}={self.value}"


def listed(versions: Iterable[Version]) -> str:
    """Return versions as a report lists them.

    >>> listed((Version(Stamp(1, 1), "lost"), Version(Stamp(2, 1), "found")))
    'lost@1.1 and found@2.1'
    """
    return " and ".join(map(str, versions))


# ---- between a user and its client ---------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Write:
    """Put a value under a key; answered by `Written`."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"write({self.key}, {self.value})"


@quick_init
@dataclass(frozen=True, slots=True)
class Read:
    """Get what a key holds; answered by `Found`."""

    key: str

    def __str__(self) -> str:
        return f"read({self.key})"


@quick_init
@dataclass(frozen=True, slots=True)
class Await:
    """Get what a key holds as soon as it holds anything; answered by `Found`."""

    key: str

    def __str__(self) -> str:
        return f"await({self.key})"


@quick_init
@dataclass(frozen=True, slots=True)
class Move:
    """Work with another server from now on; answered by `Arrived`."""

    to: NodeId

    def __str__(self) -> str:
        return f"move to {self.to}"


StoreOperation: TypeAlias = Write | Read | Await | Move


@quick_init
@dataclass(frozen=True, slots=True)
class Written:
    """The write was made, as this version."""

    version: Version

    def __str__(self) -> str:
        return str(self.version)


@quick_init
@dataclass(frozen=True, slots=True)
class Found:
    """What a key holds; no copy if nothing was written yet."""

    key: str
    copy: Copy | None = None

    def __str__(self) -> str:
        return f"{self.copy or 'nothing'}"


@quick_init
@dataclass(frozen=True, slots=True)
class Arrived:
    """The client is attached to this server, after so many updates that the server had applied."""

    server: NodeId
    after: int

    def __str__(self) -> str:
        return f"at {self.server}"


StoreResult: TypeAlias = Written | Found | Arrived


# ---- between a client and its server -------------------------------------------------------------


class Request(NamedTuple):
    """The identity of one call of one client, so that late copies of messages are known as late."""

    client: NodeId
    number: int

    def __str__(self) -> str:
        return f"{self.client}.{self.number}"


@quick_init
@dataclass(frozen=True, slots=True)
class Ask:
    """A client asks a server; `context` is what the server must know of that the client has seen."""

    request: Request
    operation: StoreOperation
    context: tuple[Version, ...] = ()

    def __str__(self) -> str:
        known = f", having seen {listed(self.context)}" if self.context else ""
        return f"ask {self.operation}{known}"


@quick_init
@dataclass(frozen=True, slots=True)
class Answer:
    """A server answers a client."""

    request: Request
    result: StoreResult

    def __str__(self) -> str:
        return f"answer {self.result}"


@quick_init
@dataclass(frozen=True, slots=True, order=True)
class Push:
    """A server tells an attached client of the update that it applied as its number-th."""

    number: int
    copy: Copy

    def __str__(self) -> str:
        return f"push {self.number}: {self.copy}"


@quick_init
@dataclass(frozen=True, slots=True)
class Leave:
    """A client tells its former server that it works with another one now."""

    request: Request

    def __str__(self) -> str:
        return f"{self.request.client} leaves"


# ---- between servers -----------------------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True, order=True)
class Update:
    """A write on its way to the other servers, with the versions that it must not be seen without."""

    copy: Copy
    needs: tuple[Version, ...] = ()

    def __str__(self) -> str:
        needs = f" needs {listed(self.needs)}" if self.needs else ""
        return f"update {self.copy}{needs}"

    @property
    def version(self) -> Version:
        """The version that it makes."""
        return self.copy.version

    @property
    def stamp(self) -> Stamp:
        """The stamp of that version."""
        return self.copy.version.stamp


# ---- to readers of traces, and to checkers -------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Applied:
    """An update is visible at this server from now on; `held` is what its key holds with it."""

    copy: Copy
    held: Copy

    def __str__(self) -> str:
        kept = "" if self.held == self.copy else f" (keeps {self.held})"
        return f"applied {self.copy}{kept}"


@quick_init
@dataclass(frozen=True, slots=True)
class Stalled:
    """An update has arrived and is not visible yet."""

    version: Version
    waits_for: tuple[Version, ...]

    def __str__(self) -> str:
        return f"{self.version} stalled: waits for {listed(self.waits_for)}"


@quick_init
@dataclass(frozen=True, slots=True)
class Waits:
    """An update is not visible yet, as these servers may still make one with a lower stamp."""

    version: Version
    waits_for: tuple[NodeId, ...]

    def __str__(self) -> str:
        return f"{self.version} waits to hear from {' and '.join(self.waits_for)}"


@quick_init
@dataclass(frozen=True, slots=True)
class Told:
    """A client has learnt of an update without having asked."""

    copy: Copy

    def __str__(self) -> str:
        return f"told of {self.copy}"
