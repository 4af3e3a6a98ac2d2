"""Long forks: two transactions that saw two independent writes in contradictory orders.

Each key is written once. A read of several keys sees some of them written; of two reads of the same
keys one must have seen all that the other saw, or no order of the writes explains both. Snapshot
isolation forbids this anomaly and parallel snapshot isolation allows it: Sovran, Power, Aguilera,
Li, "Transactional storage for geo-replicated systems", SOSP 2011.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import pairwise
from typing import NamedTuple

from counterpoint.checkers.exact import exact_history
from counterpoint.checkers.history import UNKNOWN, History
from counterpoint.checkers.micro import are_micro_operations
from counterpoint.checkers.words import shown
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NAME = "no long fork"


class _Glimpse(NamedTuple):
    """What one transaction saw of its keys."""

    operation: str
    values: dict[Hashable, Hashable]

    @property
    def written(self) -> frozenset[Hashable]:
        """The keys that it saw written."""
        return frozenset(key for key, value in self.values.items() if value is not None)


def check_long_fork(history: History) -> Verdict:
    """Tell whether all reads of the same keys saw them written in one order.

    Operations are "read" or "txn" with ("r", key, value) in them; the value None is "not written
    yet". `examined` counts reads of two keys or more; without any the verdict is UNDECIDED, and so
    it is if a key was seen with two values, because the check is for keys written once.
    """
    by_keys: dict[frozenset[Hashable], list[_Glimpse]] = {}
    examined = 0
    values: dict[Hashable, Hashable] = {}
    for glimpse in _glimpses(history):
        examined += 1
        for key, value in glimpse.values.items():
            if value is not None and values.setdefault(key, value) != value:
                return undecided(
                    NAME, f"{shown(key)} was written more than once: {values[key]!r}, {value!r}"
                )
        by_keys.setdefault(frozenset(glimpse.values), []).append(glimpse)
    for glimpses in by_keys.values():
        # Sorted by how much they saw, each must have seen all that the one before it saw.
        in_order = sorted(glimpses, key=lambda glimpse: len(glimpse.written))
        for less, more in pairwise(in_order):
            if not less.written <= more.written:
                return _fork(less, more, examined)
    return holds(NAME, examined=examined)


def _glimpses(history: History) -> Iterator[_Glimpse]:
    for op in exact_history(history):
        if op.status == "ok" and op.result is not UNKNOWN and are_micro_operations(op.result):
            values = {key: value for kind, key, value in op.result if kind == "r"}
            if len(values) > 1:
                yield _Glimpse(op.id, values)


def _fork(one: _Glimpse, other: _Glimpse, examined: int) -> Verdict:
    first = min(one.written - other.written, key=repr)
    second = min(other.written - one.written, key=repr)
    x, y = shown(first), shown(second)
    return broken(
        NAME,
        f"{one.operation} saw {x} written and not {y}, {other.operation} saw {y} written and not "
        f"{x}: neither can have been written first",
        examined=examined,
        because=(
            f"{one.operation} read {x}={one.values[first]!r} and {y}=None",
            f"{other.operation} read {y}={other.values[second]!r} and {x}=None",
        ),
        culprits=(one.operation, other.operation),
    )
