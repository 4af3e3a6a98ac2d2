"""Values as they are: true is not 1 and 1 is not 1.0, though Python calls them equal.

Every checker compares values, and keeps them in dictionaries and sets. So that equal means equal
everywhere, each checker puts what a history holds into its exact form first: numbers that are no
plain integers are boxed with their type, also inside tuples and sets. A history that has none, and
that is nearly every one, comes back as it is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from counterpoint.checkers.history import UNKNOWN, History, Operation

PLAIN: frozenset[type] = frozenset({str, int, type(None), type(UNKNOWN)})
"""Types whose values Python compares as they are."""

NUMBERS: frozenset[type] = frozenset({bool, float, Decimal, Fraction})
"""Types some of whose values Python calls equal to integers."""

SHOWING: frozenset[str] = frozenset({"read", "get", "dequeue", "pop", "txn"})
"""Functions whose result is a value; that of any other may be an answer, yes or no."""


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """A number that is equal only to numbers of its own type; or None, where that is a value.

    >>> Exact(True) == Exact(1.0), Exact(0.5) == Exact(0.5), Exact(True)
    (False, True, True)
    """

    value: bool | float | Decimal | Fraction | None

    def __eq__(self, other: object) -> bool:
        """Compare types before values; not a number is itself."""
        if not isinstance(other, Exact) or type(self.value) is not type(other.value):
            return False
        return self.value == other.value or repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        """Equal values have equal hashes; all that is not a number has one, too."""
        is_number = self.value == self.value
        return hash((type(self.value).__name__, self.value if is_number else 0))

    def __repr__(self) -> str:
        """Show the number."""
        return repr(self.value)


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
    return value


def inexact(value: Hashable) -> Hashable:
    """Return a value without its boxes, as its history had it.

    >>> inexact(exact((1, True)))
    (1, True)
    """
    if isinstance(value, Exact):
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
    result = exact(op.result) if op.f in SHOWING else op.result
    if key is op.key and argument is op.argument and result is op.result:
        return op
    return replace(op, key=key, argument=argument, result=result)
