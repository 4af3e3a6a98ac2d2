"""What the nodes of the register system say: operations, requests, messages, answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from counterpoint.impl.register.values import Record, Written
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import NodeId

NO_WRITE = "Unauthorized to do write request"
"""What a server answers to a write of a token of which it is not the writer, or that nobody knows."""

NO_READ = "Unauthorized to do read request"
"""What a server answers to a read of a token of which it is no reader, or that nobody knows."""


# ---- between a user and its client ---------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True)
class Write:
    """Put a name and its range into a token, through the server `at`; answered by a partial value."""

    token: int
    name: str
    low: int
    mid: int
    high: int
    at: NodeId

    def __str__(self) -> str:
        return f"write({self.token}, {self.name}({self.low}, {self.mid}, {self.high})) at {self.at}"


@quick_init
@dataclass(frozen=True, slots=True)
class Read:
    """Get what a token holds, through the server `at`; answered by a `Written`, None if nothing."""

    token: int
    at: NodeId

    def __str__(self) -> str:
        return f"read({self.token}) at {self.at}"


RegisterOperation: TypeAlias = Write | Read


@quick_init
@dataclass(frozen=True, slots=True)
class Refused:
    """The answer to an operation that was not carried out, with the reason."""

    why: str

    def __str__(self) -> str:
        return f"refused: {self.why}"


RegisterResult: TypeAlias = int | Written | Refused | None


# ---- between nodes -------------------------------------------------------------------------------


@quick_init
@dataclass(frozen=True, slots=True, order=True)
class Request:
    """The identity of one operation of one client; no other ever has it, also after crashes.

    Every message on behalf of the operation carries it, so that late ones are known as late.
    """

    client: NodeId
    number: int

    def __str__(self) -> str:
        return f"{self.client}.{self.number}"


@quick_init
@dataclass(frozen=True, slots=True)
class Ask:
    """A client asks a server to carry out an operation."""

    request: Request
    operation: RegisterOperation


@quick_init
@dataclass(frozen=True, slots=True)
class Answer:
    """A server answers a client."""

    request: Request
    result: RegisterResult


@quick_init
@dataclass(frozen=True, slots=True)
class Query:
    """What is your record of this token?"""

    request: Request
    token: int


@quick_init
@dataclass(frozen=True, slots=True)
class Have:
    """This is my record."""

    request: Request
    record: Record


@quick_init
@dataclass(frozen=True, slots=True)
class Store:
    """Keep this record, unless yours is as new."""

    request: Request
    record: Record


@quick_init
@dataclass(frozen=True, slots=True)
class Stored:
    """My record is at least as new as that now, and survives a crash."""

    request: Request
