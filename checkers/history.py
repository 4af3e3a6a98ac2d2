"""Histories: what clients asked, what they were told, and in which order they can tell.

A history is a tuple of operations. Time is a rank: the position of an event among all events, a
call before a return at equal times. One operation precedes another in real time exactly when its
return has a lower rank than the other's call; operations that touch at one instant are concurrent.

Values as they are: true is not 1 and 1 is not 1.0, though Python calls them equal; nor is a member of
an enum its number, or a named tuple one of another class.

Every checker compares values, and keeps them in dictionaries and sets. So that equal means equal
everywhere, each checker puts what a history holds into its exact form first: numbers that are no
plain integers are boxed with their type, also inside tuples and sets, and so is what has a class of
its own. A history that has none, and that is nearly every one, comes back as it is.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Literal

from counterpoint.model.exact import is_same
from counterpoint.model.quick_init import quick_init
from counterpoint.model.values import show

OPEN = math.inf
"""The return rank of an operation that never returned, as far as the history tells."""

Status = Literal["ok", "fail", "info"]


class _Unknown:
    """The result of an operation whose answer was not seen; equal to nothing but itself."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
"""The result of an operation whose answer was not seen."""


@quick_init
@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one client.

    `id` is how reports name it ("o3"); `f` what was asked ("read", "write", "cas", ...); `key` the
    object it was asked of; `argument` and `result` its values, `UNKNOWN` where not seen; `called`
    and `returned` ranks, `returned` is `OPEN` for a call without an answer. `status` is "ok",
    "fail" (surely had no effect) or "info" (may have had an effect, at any time after its call).
    `call_step` and `return_step` are the steps that a report shows, -1 where there are none.
    """

    id: str
    client: str
    f: str
    key: Hashable
    argument: Hashable
    result: Hashable
    called: float
    returned: float = OPEN
    status: Status = "ok"
    call_step: int = -1
    return_step: int = -1

    @property
    def is_open(self) -> bool:
        """Tell whether the call has no known answer."""
        return self.returned == OPEN

    @property
    def is_answered(self) -> bool:
        """Tell whether the client got a definite answer, so that the operation surely happened."""
        return self.status == "ok" and not self.is_open

    def precedes(self, other: Operation) -> bool:
        """Tell whether this operation returned before the other was called."""
        return self.returned < other.called


def left_open(op: Operation) -> Operation:
    """Return an operation that may have happened, or not, as one without any answer.

    What an "info" carries is ignored: its value, and when it came.
    """
    if op.is_answered or op.status == "fail" or (op.is_open and op.result is UNKNOWN):
        return op
    return replace(op, returned=OPEN, result=UNKNOWN)


History = tuple[Operation, ...]


class MalformedHistory(ValueError):
    """A history that no set of clients can have produced. Never a verdict."""


def well_formed(operations: Iterable[Operation]) -> History:
    """Return the operations in call order, or say why no clients can have produced them.

    Raises:
        MalformedHistory: a return before its call, or a client with two calls open at once. A
            client may call again after an "info", which stays open for ever.
    """
    # By return as well, so that the order in which operations were listed decides nothing.
    history = tuple(sorted(operations, key=lambda op: (op.called, op.returned)))
    open_until: dict[str, tuple[float, str]] = {}
    for op in history:
        if op.returned < op.called:
            raise MalformedHistory(
                f"{op.id} of {op.client} returned at {op.returned} before its call at {op.called}"
            )
        until, earlier = open_until.get(op.client, (-math.inf, ""))
        if until > op.called:
            raise MalformedHistory(
                f"{op.client} called {op.id} at {op.called} while {earlier} was still open; "
                "one client makes one call at a time"
            )
        if op.status != "info":
            open_until[op.client] = (op.returned, op.id)
    return history


def by_key(history: Sequence[Operation]) -> dict[Hashable, History]:
    """Split a history by the object asked; linearizability is local, so each part stands alone."""
    parts: dict[Hashable, list[Operation]] = {}
    for op in history:
        parts.setdefault(op.key, []).append(op)
    return {key: tuple(ops) for key, ops in parts.items()}


PLAIN: frozenset[type] = frozenset({str, bytes, int, type(None), type(UNKNOWN)})
"""Types whose values Python compares as they are."""

NUMBERS: frozenset[type] = frozenset({bool, float, Decimal, Fraction})
"""Types some of whose values Python calls equal to integers."""

SHOWING: frozenset[str] = frozenset({"read", "get", "dequeue", "pop", "txn"})
"""Functions whose result is a value; that of any other may be an answer, yes or no."""


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """A value that is equal only to one of its own type; or None, where that is a value.

    >>> Exact(True) == Exact(1.0), Exact(0.5) == Exact(0.5), Exact(True)
    (False, True, True)
    """

    value: Hashable

    def __eq__(self, other: object) -> bool:
        """Compare types before values; not a number is itself."""
        if not isinstance(other, Exact) or type(self.value) is not type(other.value):
            return False
        if type(self.value) in NUMBERS:
            return self.value == other.value or repr(self.value) == repr(other.value)
        return is_same(self.value, other.value)

    def __hash__(self) -> int:
        """Equal values have equal hashes; all that is not a number has one, too."""
        is_number = self.value == self.value
        return hash((type(self.value).__name__, self.value if is_number else 0))

    def __repr__(self) -> str:
        """Show the value."""
        return repr(self.value)

    def __str__(self) -> str:
        """Show the value as reports do; of a text or a number that has a class of its own this, too."""
        value = self.value
        is_of_a_class = isinstance(value, str | int | bytes) and type(value) is not bool
        if is_of_a_class and not isinstance(value, Enum):
            return f"{type(value).__name__}({show(value)})"
        return show(value)


class ExactTuple(tuple[Hashable, ...]):
    """A named tuple, or any other of a class of its own, that is equal only to those of its class."""

    value: Hashable

    @classmethod
    def of(cls, value: tuple[Hashable, ...]) -> ExactTuple:
        """Return the exact form of a tuple."""
        made = cls(map(exact, value))
        made.value = value
        return made

    @property
    def _fields(self) -> tuple[str, ...]:  # by which reports tell it from a plain tuple
        return getattr(self.value, "_fields", ())

    def __eq__(self, other: object) -> bool:
        """Compare classes before the parts."""
        return (
            isinstance(other, ExactTuple)
            and type(self.value) is type(other.value)
            and tuple.__eq__(self, other)
        )

    def __ne__(self, other: object) -> bool:
        """As equality says."""
        return not self == other

    def __hash__(self) -> int:
        """As that of the tuple."""
        return tuple.__hash__(self)

    def __repr__(self) -> str:
        """Show the tuple."""
        return repr(self.value)

    def __str__(self) -> str:
        """Show the tuple as reports do."""
        return show(self.value)


NIL = Exact(None)
"""None as a value like any other, where it otherwise stands for the initial one."""


def exact(value: Hashable) -> Hashable:
    """Return the form of a value in which Python's equality is equality.

    >>> exact((1, "a", True)) == (1, "a", 1), exact(2), exact((3, (4.0,)))
    (False, 2, (3, (4.0,)))
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind in NUMBERS:
        assert isinstance(value, bool | float | Decimal | Fraction), value
        whole = isinstance(value, Fraction) and value.denominator == 1
        return int(value) if whole else Exact(value)
    if kind is tuple or kind is frozenset:
        assert isinstance(value, tuple | frozenset), value
        return value if PLAIN.issuperset(map(type, value)) else kind(map(exact, value))
    if isinstance(value, Exact | ExactTuple):
        return value
    return ExactTuple.of(value) if isinstance(value, tuple) else Exact(value)


def sealed(value: Hashable) -> Hashable:
    """Return a value that can be told from all others by Python's equality, and opened again.

    >>> sealed(True) == sealed(1), opened(sealed(True)), sealed(5), sealed((1, "a"))
    (False, True, 5, (1, 'a'))
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is tuple or kind is frozenset:
        assert isinstance(value, tuple | frozenset), value
        if PLAIN.issuperset(map(type, value)):
            return value
    return Exact(value)


def opened(value: Hashable) -> Hashable:
    """Return what was sealed."""
    return value.value if isinstance(value, Exact) else value


def inexact(value: Hashable) -> Hashable:
    """Return a value without its boxes, as its history had it.

    >>> inexact(exact((1, True)))
    (1, True)
    """
    if isinstance(value, Exact | ExactTuple):
        return value.value
    if type(value) is tuple:
        return tuple(map(inexact, value))
    # Of a set with 1 and true in it there is no other form.
    return value


def same(one: Hashable, other: Hashable) -> bool:
    """Tell whether two values are equal, and of one type.

    >>> same(1, 1), same(1, True), same((1, 2.0), (1, 2)), same("1", 1)
    (True, False, False, False)
    """
    return one is other or exact(one) == exact(other)


def exact_history(history: Iterable[Operation]) -> History:
    """Return a history with its keys and values in exact form.

    The results of functions that answer yes or no are left alone.
    """
    operations = tuple(history)
    kinds = {type(op.argument) for op in operations}
    kinds.update(type(op.result) for op in operations)
    kinds.update(type(op.key) for op in operations)
    if PLAIN.issuperset(kinds):
        return operations
    return tuple(map(exact_operation, operations))


def exact_operation(op: Operation) -> Operation:
    """Return an operation with its key and values in exact form."""
    key, argument = exact(op.key), exact(op.argument)
    result = exact_result(op.f, op.result)
    if key is op.key and argument is op.argument and result is op.result:
        return op
    return replace(op, key=key, argument=argument, result=result)


def exact_result(f: str, result: Hashable) -> Hashable:
    """Return what a function returned in exact form, unless it is an answer, yes or no."""
    return exact(result) if f in SHOWING else result
