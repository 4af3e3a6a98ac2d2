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
values and compares them, and gets them in exact form: see `counterpoint.checkers.history`.

An object that may answer one call in several ways, such as a bag, says `is_determined = False`: no
observer can follow what it did where nobody was told. Its method `certain` leaves out of a history
the answers that rest on such a call; what is broken by these alone is not decided.

A container that answers None where it is empty names in `puts` the call that puts an element in:
where that may be None, too, its hints, which take that answer for the one thing, are not used.

When each element of a container can leave it, and when it must have left.

Two facts keep calls that were never answered from making the search explode. Elements that no
answer names are alike: which of them is where does not matter, so one stands for all. And of these
one whose putting in was never answered need not have got in at all: whoever took it out, if anybody
did, was not answered either, and need not have done that.

How long each value of a register is still needed, and when its successor must be there.

Where a value is written once, every read of it is a read of that write. A write that must be done
by some rank cannot replace a value that is still to be read by an operation called after that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from counterpoint.checkers.history import UNKNOWN, Operation, same


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


@dataclass(frozen=True, slots=True)
class WithoutHints:
    """An object of which a search knows the steps alone."""

    whole: Specification

    @property
    def initial(self) -> Hashable:
        """The state before the first operation."""
        return self.whole.initial

    @property
    def is_determined(self) -> bool:
        """Tell whether each call has one answer."""
        return is_determined(self.whole)

    def step(
        self, state: Hashable, f: str, argument: Hashable, result: Hashable
    ) -> Hashable | Illegal:
        """The state after one operation."""
        return self.whole.step(state, f, argument, result)


def is_determined(specification: Specification) -> bool:
    """Tell whether each call has one answer in each state."""
    return bool(getattr(specification, "is_determined", True))


def searched(specification: Specification, history: Sequence[Operation]) -> Specification:
    """Return the object as it is searched for in a history: with its hints, if they are right there."""
    is_ambiguous = hasattr(specification, "puts") and _holds_none(specification, history)
    return WithoutHints(specification) if is_ambiguous else specification


def _holds_none(specification: Any, history: Sequence[Operation]) -> bool:
    """Tell whether None may be an element of a container, which may keep pairs of element and count."""
    if any(op.f == specification.puts and op.argument is None for op in history):
        return True
    firsts = (one[:1] if isinstance(one, tuple) else (one,) for one in specification.initial)
    return any(first == (None,) for first in firsts)


class Some(Enum):
    """What stands for any of several elements."""

    SOME = "some element"


SOME = Some.SOME
"""Stands for every element that no answer names, in the states of a foresighted container."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """For each element the earliest rank at which it can leave, the latest at which it must.

    Elements that nobody is known to take out may leave from `otherwise` on, and never must. `named`
    are those that an answer told to have been taken out, `surely_put` those in it at first, or put
    in by a call that was answered. Where `some_unnamed`, an answer did not tell what it took out.
    """

    earliest: dict[Hashable, float]
    latest: dict[Hashable, float]
    otherwise: float
    named: frozenset[Hashable] = frozenset()
    surely_put: frozenset[Hashable] = frozenset()
    some_unnamed: bool = False

    def form(self, element: Hashable) -> Hashable:
        """The element, or `SOME` if no answer names it."""
        return element if element in self.named else SOME

    def is_needless(self, element: Hashable) -> bool:
        """Tell whether no order needs the element: nobody took it, and nobody surely put it in."""
        if self.some_unnamed:
            return False
        return element not in self.named and element not in self.surely_put

    def can_leave_from(self, element: Hashable) -> float:
        """The rank from which on the element can be taken out."""
        return self.earliest.get(element, self.otherwise)

    def must_leave_by(self, element: Hashable) -> float:
        """The rank by which the element must have been taken out."""
        return self.latest.get(element, math.inf)


def leaving(prospect: Prospect, *, initial: Sequence[Hashable], put: str, take: str) -> Leaving:
    """Note for the elements that get in once, at first or later, who takes them out.

    An operation of which the answer is unknown may take any element that no other one must take.
    """
    everything = (*prospect.due, *prospect.optional, *prospect.pending)
    times_put = Counter(initial)
    times_put.update(op.argument for op in everything if op.f == put)
    anyone = any(op.f == take and op.result is UNKNOWN for op in everything)
    answered = (*prospect.due, *prospect.optional)
    found = Leaving(
        {},
        {},
        -math.inf if anyone else math.inf,
        frozenset(op.result for op in answered if op.f == take and op.result is not UNKNOWN),
        frozenset(initial) | {op.argument for op in answered if op.f == put},
        any(op.f == take and op.result is UNKNOWN for op in prospect.due),
    )
    for element, times in times_put.items():
        if times > 1:
            found.earliest[element] = -math.inf
    for op in _takers(prospect.optional, take, times_put):
        found.earliest[op.result] = -math.inf if anyone else op.called
    for op in _takers(prospect.due, take, times_put):
        found.earliest[op.result] = op.called
        found.latest[op.result] = op.returned
    return found


def _takers(
    operations: Sequence[Operation], take: str, times_put: Counter[Hashable]
) -> list[Operation]:
    """The operations that took out an element that got in once."""
    return [
        op
        for op in operations
        if op.f == take and op.result is not None and times_put[op.result] == 1
    ]


StatePlace = tuple[Hashable, Hashable]
"""A key and a value of it."""

Places = Callable[[Operation], Iterable[StatePlace]]


@dataclass(frozen=True, slots=True)
class Replacing:
    """For values written once: the latest call of a read of it, the return of its write."""

    needed_from: dict[StatePlace, float]
    written_by: dict[StatePlace, float]

    def allows(self, old: StatePlace, new: StatePlace) -> bool:
        """Tell whether a value can be replaced by another and all due operations get theirs."""
        return self.needed_from.get(old, -math.inf) <= self.written_by.get(new, math.inf)


def replacing(
    prospect: Prospect,
    *,
    initial: Callable[[Hashable], Hashable],
    reads: Places,
    writes: Places,
) -> Replacing:
    """Note who reads and writes what; `initial` gives the value of a key before any write."""
    everything = (*prospect.due, *prospect.optional, *prospect.pending)
    times_written = Counter(place for op in everything for place in writes(op))

    def is_unique(place: StatePlace) -> bool:
        return times_written[place] == (place[1] != initial(place[0]))

    found = Replacing({}, {})
    for op in prospect.due:
        for place in filter(is_unique, reads(op)):
            found.needed_from[place] = max(found.needed_from.get(place, -math.inf), op.called)
    for op in (*prospect.due, *prospect.optional):
        for place in filter(is_unique, writes(op)):
            found.written_by[place] = op.returned
    return found
