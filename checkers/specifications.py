"""Sequential specifications: what an object does when its calls come one at a time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from counterpoint.checkers.history import UNKNOWN


class Illegal(Enum):
    """The answer of a specification that does not allow a step."""

    ILLEGAL = "illegal"


ILLEGAL: Final = Illegal.ILLEGAL
"""No state: this operation cannot have had this result here."""


class Specification(Protocol):
    """An object that serves one call at a time.

    States are hashable values. `step` returns the state after the operation, or `ILLEGAL` where
    the operation cannot have that result in that state. A result of `UNKNOWN` matches whatever
    the object would have answered.
    """

    @property
    def initial(self) -> Hashable:
        """The state before the first operation."""

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The state after one operation, or `ILLEGAL`."""


@dataclass(frozen=True, slots=True)
class Register:
    """One value: `write` replaces it, `read` returns it.

    >>> Register(initial=0).step(0, "write", 5, UNKNOWN), Register().step(5, "read", None, 6)
    (5, <Illegal.ILLEGAL: 'illegal'>)
    """

    initial: Hashable = None

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        match f:
            case "write":
                return argument
            case "read":
                return state if result is UNKNOWN or result == state else ILLEGAL
            case _:
                raise UnknownOperation(f, ("read", "write"))


class UnknownOperation(ValueError):
    """An operation that the specification does not describe: the history is of something else."""

    def __init__(self, f: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{f!r} is none of the operations {', '.join(known)}")
