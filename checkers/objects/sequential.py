"""What a sequential specification is, and what it may say to make searches fast.

A specification needs an initial state and a step function:

    @dataclass(frozen=True)
    class Door:
        initial: bool = False

        def step(self, state, f, argument, result):
            match f:
                case "open":
                    return ILLEGAL if state else True
                case "close":
                    return False if state else ILLEGAL
                case _:
                    raise UnknownOperation(f, ("open", "close"))

Three more methods make the search faster; they are optional, and must be right. `role` tells how
an operation depends on the state, `may_lead_to` whether a state can still become one in which an
operation is legal, and `foresee` returns a specification that knows the answers to come. Where
they are absent the search assumes the least. A dataclass with a true `keeps_any_values` only keeps
values and compares them, and gets them in exact form: see `counterpoint.checkers.exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from counterpoint.checkers.exact import same
from counterpoint.checkers.history import UNKNOWN, Operation


class Illegal(Enum):
    """The answer of a specification that does not allow a step."""

    ILLEGAL = "illegal"


ILLEGAL: Final = Illegal.ILLEGAL
"""No state: this operation cannot have had this result here."""


class Role(Enum):
    """How an operation, with its argument and its result, depends on the state and changes it.

    READS: never changes any state. OVERWRITES: always legal, and the state after it is the same
    whatever the state before. UPDATES: always legal. CONDITIONAL: anything else.
    """

    READS = "reads"
    OVERWRITES = "overwrites"
    UPDATES = "updates"
    CONDITIONAL = "conditional"


class Specification(Protocol):
    """An object that serves one call at a time.

    States are hashable values. `step` returns the state after the operation, or `ILLEGAL` where
    the operation cannot have that result in that state. A result of `UNKNOWN` matches whatever the
    object would have answered; there must be one such answer, and `step` must be a function.
    """

    @property
    def initial(self) -> Hashable:
        """The state before the first operation."""

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable, /
    ) -> Hashable | Illegal:
        """The state after one operation, or `ILLEGAL`."""


class UnknownOperation(ValueError):
    """An operation that the specification does not describe: the history is of something else."""

    def __init__(self, f: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{f!r} is none of the operations {', '.join(known)}")


def agrees(said: Hashable, fact: Hashable) -> bool:
    """Tell whether an answer fits what the object would have said.

    >>> agrees(5, 5), agrees(UNKNOWN, 5), agrees(4, 5), agrees(True, 1)
    (True, True, False, False)
    """
    return said is UNKNOWN or same(said, fact)


def told(said: Hashable, fact: Hashable) -> bool:
    """Like `agrees`, for an operation that need not tell anything: None fits, too."""
    return said is None or agrees(said, fact)


@dataclass(frozen=True, slots=True)
class Prospect:
    """The operations of a history as a search sees them before it begins.

    `due` were answered and must have taken effect; `optional` were answered, but may not have;
    of `pending` the answer is unknown, and they may take effect at any time after their call.
    """

    due: Sequence[Operation]
    optional: Sequence[Operation]
    pending: Sequence[Operation]


@dataclass(frozen=True, slots=True)
class Hints:
    """What a specification says of its operations beyond `step`.

    `may_lead_to(state, f, argument, result)` must be true if calls that overwrite nothing can turn
    `state` into one in which the operation is legal, or it already is. `foresee(prospect)` must
    give a specification that differs only in that it may refuse a step to a state from which not
    all due operations can get their answers, or a pending call that no order needs, and in that one
    state of it may stand for several that no answer tells apart.
    """

    role: Callable[[str, Hashable, Hashable], Role]
    may_lead_to: Callable[[Hashable, str, Hashable, Hashable], bool] | None
    foresee: Callable[[Prospect], Specification] | None


def hints_of(specification: Specification) -> Hints:
    """Return the optional methods of a specification, the careful default where one is absent."""
    role = getattr(specification, "role", None)
    return Hints(
        role if role is not None else _any_role,
        getattr(specification, "may_lead_to", None),
        getattr(specification, "foresee", None),
    )


def _any_role(_f: str, _argument: Hashable, _result: Hashable) -> Role:
    """Nothing is known of the operation, so nothing may be assumed."""
    return Role.CONDITIONAL
