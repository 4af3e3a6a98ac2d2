"""Symmetry in columns: one state for all that differ in the names of interchangeable nodes.

The nodes of a group are put in the order of how they look (`looks`), by exchanges of neighbours: each
is a look-up for every part of a state, in tables. Where neighbours look the same and an exchange of
them changes nothing, one state is left, whatever the state was that this began with. Where it changes
something, all exchanges are tried, a neighbour at a time (Johnson, Math. Comput. 17, 1963), and the
least state stands for all: looks never decide which states are one. Which of the two it is depends on
the orbit alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from counterpoint.model.search.columnar.checkpoint import Journal
from counterpoint.model.search.columnar.looks import Looks
from counterpoint.model.search.columnar.packing import Ids, Marks
from counterpoint.model.search.columnar.pairs import PairTable, one_by_one
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.memories import Memories
from counterpoint.model.search.exploration.symmetry import Exchange

StateColumns = list[Ids]
"""The columns of states: a slot for each node, the conditions, the memory."""


class Orbits:
    """Finds the representatives of many states. `tried` counts those for which all exchanges were."""

    def __init__(self, slots: Slots, memories: Memories, journal: Journal, table: int) -> None:
        """`table` is the number of the first of its tables in the journal."""
        index, nodes = slots.scenario.index, len(slots.compiled.nodes)
        self._groups = [[index[name] for name in group] for group in slots.scenario.symmetric]
        self._members = {node for group in self._groups for node in group}
        self._pairs = [pair for group in self._groups for pair in pairwise(group)]
        names = slots.compiled.nodes
        exchanges = [
            Exchange(slots, memories, {names[a]: names[b], names[b]: names[a]})
            for a, b in self._pairs
        ]
        told = Looks(slots)
        images = [partial(_slot_there, exchanges, node) for node in range(nodes)]
        looks = [partial(told.of_slot, node) for node in range(nodes)]
        functions: list[Callable[[int, int], int]] = [
            *images,
            lambda environment, pair: exchanges[pair].environment(environment),
            lambda memory, pair: exchanges[pair].memory(memory),
            *looks,
            told.of_environment,
        ]
        self.tables = [
            PairTable(one_by_one(compute), partial(journal.note, table + number))
            for number, compute in enumerate(functions)
        ]
        self._images, self._looks = self.tables[: nodes + 2], self.tables[nodes + 2 :]
        self.tried = 0

    def representatives(self, fields: StateColumns) -> StateColumns:
        """Return the columns of the states that stand for these, row for row."""
        fields = [column.copy() for column in fields]
        for pair in self._sorting():
            is_after, _ = self._compared(fields, pair)
            self._exchange(fields, pair, np.flatnonzero(is_after))
        is_open = np.zeros(len(fields[0]), np.bool_)
        for pair in range(len(self._pairs)):
            _, is_alike = self._compared(fields, pair)
            rows = np.flatnonzero(is_alike & ~is_open)
            here = [column.take(rows) for column in fields]
            is_open[rows] = _differs(here, self._exchanged(here, pair))
        rows = np.flatnonzero(is_open)
        if len(rows):
            self.tried += len(rows)
            least = self._least([column.take(rows) for column in fields])
            for column, values in zip(fields, least, strict=True):
                column[rows] = values
        return fields

    def _sorting(self) -> Iterator[int]:
        """Yield the pairs of neighbours that sort each group when each is put in order in turn."""
        first = 0
        for group in self._groups:
            for last in range(len(group) - 1, 0, -1):
                yield from range(first, first + last)
            first += len(group) - 1

    def _compared(self, fields: StateColumns, pair: int) -> tuple[Marks, Marks]:
        """Tell where the first of two neighbours belongs after the other, and where both look alike."""
        one, other = self._pairs[pair]
        is_after, is_alike = np.zeros(len(fields[0]), np.bool_), np.ones(len(fields[0]), np.bool_)
        for left, right in self._looks_of(fields, one, other):
            is_after |= is_alike & (left > right)
            is_alike &= left == right
        return is_after, is_alike

    def _looks_of(self, fields: StateColumns, one: int, other: int) -> Iterator[tuple[Ids, Ids]]:
        yield self._look(one, fields[one], one), self._look(other, fields[other], other)
        for place, column in enumerate(fields[:-1]):
            if place not in self._members:
                yield self._look(place, column, one), self._look(place, column, other)

    def _look(self, place: int, column: Ids, member: int) -> Ids:
        return self._looks[place].look_up(column, np.full(len(column), member, np.int64))

    def _exchange(self, fields: StateColumns, pair: int, rows: Ids) -> None:
        """Exchange two neighbours in some states, in place."""
        if len(rows):
            images = self._exchanged([column.take(rows) for column in fields], pair)
            for column, values in zip(fields, images, strict=True):
                column[rows] = values

    def _exchanged(self, fields: StateColumns, pair: int) -> StateColumns:
        """Return the columns with two neighbours exchanged."""
        number = np.full(len(fields[0]), pair, np.int64)
        images = [
            table.look_up(column, number)
            for table, column in zip(self._images, fields, strict=True)
        ]
        one, other = self._pairs[pair]
        images[one], images[other] = images[other], images[one]
        return images

    def _least(self, fields: StateColumns) -> StateColumns:
        """Return the least of all states that exchanges make of each."""
        least, here = fields, fields
        for pair in tour([len(group) for group in self._groups]):
            here = self._exchanged(here, pair)
            is_less = _is_less(here, least)
            least = [np.where(is_less, a, b) for a, b in zip(here, least, strict=True)]
        return least


def tour(sizes: Sequence[int], first: int = 0) -> Iterator[int]:
    """Yield pairs of neighbours which, exchanged one after the other, lead through all orders.

    Pairs are numbered through the groups, from `first` on.
    """
    if not sizes:
        return
    size, *others = sizes
    for place in neighbours(size):
        yield from tour(others, first + size - 1)
        yield first + place
    yield from tour(others, first + size - 1)


def neighbours(size: int) -> list[int]:
    """Return which neighbours to exchange, one after the other, to come to every order of so many.

    >>> neighbours(3)
    [1, 0, 1, 0, 1]
    """
    if size < 2:
        return []
    down, up = list(range(size - 2, -1, -1)), list(range(size - 1))
    found, is_down = list[int](), True
    for place in [*neighbours(size - 1), None]:
        found += down if is_down else up
        if place is not None:
            # The last one is at an end: in front of the others their places are one higher.
            found.append(place + is_down)
        is_down = not is_down
    return found


def _slot_there(exchanges: list[Exchange], node: int, slot: int, pair: int) -> int:
    return exchanges[pair].slot(node, slot)


def _differs(fields: StateColumns, others: StateColumns) -> Marks:
    differing = [a != b for a, b in zip(fields, others, strict=True)]
    found: Marks = np.logical_or.reduce(differing)
    return found


def _is_less(fields: StateColumns, others: StateColumns) -> Marks:
    """Tell where one state is less than another, by its fields in their order."""
    is_less, is_same = np.zeros(len(fields[0]), np.bool_), np.ones(len(fields[0]), np.bool_)
    for a, b in zip(fields, others, strict=True):
        is_less |= is_same & (a < b)
        is_same &= a == b
    return is_less
