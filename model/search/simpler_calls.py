"""Which calls a workload may draw instead of others: fewer, or simpler ones.

Nothing is tried that the workload cannot draw: a run with other calls would show a mistake that the
system under test need not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from operator import itemgetter
from random import Random
from typing import Protocol, TypeAlias

from counterpoint.model.scenario import Calls
from counterpoint.model.search.drawing import examples, yielded
from counterpoint.model.values import NodeId, Value, canonical, json_text, with_atoms
from counterpoint.model.workload import Workload, WorkloadSource, is_strategy

KNOWN_OPERATIONS = 300
"""Of a strategy so many operations are drawn to choose simpler ones from."""

KNOWN_SEQUENCES = 500
"""Of a function so many sequences are drawn: with few operations that is all the short ones."""

Operations: TypeAlias = tuple[Value, ...]
"""What one client asks for, in its order."""


class Alternatives(Protocol):
    """What a client may ask for instead."""

    def allows(self, operations: Operations) -> bool:
        """Tell whether the workload is known to draw this for a client."""
        ...

    def simpler(self, operations: Operations, position: int) -> list[Value]:
        """Return what may stand at a position instead, the simplest first."""
        ...

    def others(self, operations: Operations) -> Iterator[Operations]:
        """Return whole sequences that are simpler and are not found by leaving out, simplest first."""
        ...


class OfStrategy:
    """Operations that do not depend on each other: each may be any of those that were drawn."""

    def __init__(self, known: Iterable[Value]) -> None:
        self._known = frozenset(known)
        self._sorted = sorted(((simplicity(o), o) for o in self._known), key=itemgetter(0))

    def allows(self, operations: Operations) -> bool:
        """Tell whether each operation was drawn."""
        return self._known.issuperset(operations)

    def simpler(self, operations: Operations, position: int) -> list[Value]:
        """Return the operations that are simpler than the one at a position."""
        present = simplicity(operations[position])
        return [operation for size, operation in self._sorted if size < present]

    def others(self, operations: Operations) -> Iterator[Operations]:
        """All are found one operation at a time."""
        del operations
        return iter(())


class OfFunction:
    """Operations that a function yields in an order that may matter: no others than it was seen to."""

    def __init__(
        self, function: WorkloadSource, client: NodeId, present: Operations, most: int
    ) -> None:
        drawn = [
            yielded(client, function, Random(number), most) for number in range(KNOWN_SEQUENCES)
        ]
        self._known = {found[:k] for found in (*drawn, present) for k in range(len(found) + 1)}
        self._sorted = sorted(self._known, key=size_of)

    def allows(self, operations: Operations) -> bool:
        """Tell whether the function has yielded this, and perhaps more after it."""
        return operations in self._known

    def simpler(self, operations: Operations, position: int) -> list[Value]:
        """Return what it has yielded at that place between the same others."""
        before, after = operations[:position], operations[position + 1 :]
        present = simplicity(operations[position])
        return [
            found[position]
            for found in self._sorted
            if len(found) == len(operations)
            and found[:position] == before
            and found[position + 1 :] == after
            and simplicity(found[position]) < present
        ]

    def others(self, operations: Operations) -> Iterator[Operations]:
        """Return all that it has yielded that is shorter, or as long and simpler."""
        present = size_of(operations)
        return (found for found in self._sorted if found and size_of(found) < present)


def alternatives(workload: Workload, calls: Calls) -> Mapping[NodeId, Alternatives]:
    """Return what each client of a workload may ask for instead, given the calls of a run."""
    known: dict[int, tuple[Value, ...]] = {}
    for source in filter(is_strategy, workload.sources.values()):
        if id(source) not in known:
            known[id(source)] = examples(source, 0, KNOWN_OPERATIONS)
    return {
        client: OfStrategy((*known[id(source)], *calls.get(client, ())))
        if id(source) in known
        else OfFunction(source, client, calls.get(client, ()), workload.calls[1])
        for client, source in workload.sources.items()
    }


def simplicity(operation: Value) -> tuple[int, str]:
    """Return what orders operations, the simplest first: shorter, and then smaller.

    >>> sorted([("write", 12), ("write", 3), ("read",)], key=simplicity)
    [('read',), ('write', 3), ('write', 12)]
    """
    text = json_text(canonical(operation))
    return len(text), text


def size_of(operations: Operations) -> tuple[int, int, tuple[str, ...]]:
    """Return what orders sequences of operations: fewer, then shorter, then smaller."""
    each = [simplicity(operation) for operation in operations]
    return len(each), sum(length for length, _ in each), tuple(text for _, text in each)


def shape(operation: Value) -> str:
    """Return what is left of an operation without its numbers: those of one shape are of one kind.

    >>> shape(("write", 12)) == shape(("write", 3)), shape(("write", 3)) == shape(("read", 3))
    (True, False)
    """
    return re.sub(r"\d+", "0", simplicity(operation)[1])


def difference(old: Value, new: Value) -> Mapping[tuple[type, Value], Value]:
    """Return which atoms of one operation became which of another; nothing if that is ambiguous.

    >>> difference(("write", 7), ("write", 0))
    {(<class 'int'>, 7): 0}
    """
    found: dict[tuple[type, Value], Value] = {}
    for before, after in zip_longest(_atoms(old), _atoms(new)):
        if before != after and found.setdefault((type(before), before), after) != after:
            return {}
    return found


def _atoms(value: Value) -> list[Value]:
    found: list[Value] = []

    def note(atom: Value) -> Value:
        found.append(atom)
        return atom

    with_atoms(value, note)
    return found
