"""Sessions as columns: of every operation its session, its key, and the write that it saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.reads_from import INITIAL, NO_READ, Sessions

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

PLAIN_TYPES: frozenset[type] = frozenset({int, str, type(None)})
"""Values of these very types are equal only if they are the same; not so 1, 1.0 and True."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionColumns:
    """What `Sessions` say, one array per fact.

    `follows[i]` is the operation that i directly follows besides its session, its source or the one
    it forked from, or -1; `key_of[i]` numbers the keys, and `called[i]` is the rank of its call.
    """

    starts: Positions
    session_of: Positions
    source: Positions
    follows: Positions
    key_of: Positions
    called: NDArray[np.float64]

    @property
    def session_count(self) -> int:
        """How many sessions there are."""
        return len(self.starts) - 1

    @property
    def reads(self) -> Positions:
        """The reads that are matched with what they saw, in order."""
        return np.nonzero(self.source >= INITIAL)[0]

    @property
    def writes(self) -> Positions:
        """The writes, in order."""
        return np.nonzero(self.source == NO_READ)[0]

    def writes_of(self, session: int) -> Positions:
        """The writes of one session, in order."""
        first, end = self.starts[session], self.starts[session + 1]
        writes: Positions = first + np.nonzero(self.source[first:end] == NO_READ)[0]
        return writes


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A history laid out by session; operation i of the columns is `history[order[i]]`."""

    history: History
    order: Positions
    columns: SessionColumns

    def sessions(self) -> Sessions:
        """The same for the plain checkers."""
        return Sessions(
            tuple(map(self.history.__getitem__, self.order.tolist())),
            tuple(self.columns.starts.tolist()),
            tuple(self.columns.session_of.tolist()),
            tuple(self.columns.source.tolist()),
            {},
        )


def columns_of(sessions: Sessions) -> SessionColumns:
    """Return sessions as columns, forks included."""
    source = np.array(sessions.source, dtype=np.int64)
    follows = np.maximum(source, -1)
    for index, before in sessions.forks.items():
        assert follows[index] < 0, f"{index} forks, and reads from another operation"
        follows[index] = before
    return SessionColumns(
        np.array(sessions.starts, dtype=np.int64),
        np.array(sessions.session_of, dtype=np.int64),
        source,
        follows,
        numbered([op.key for op in sessions.operations]),
        np.array([op.called for op in sessions.operations], dtype=np.float64),
    )


def laid_out(history: History, initial: Hashable) -> LaidOut | None:
    """Lay a history of the plain kind out by session and match its reads, as `match_reads` does.

    That is: every operation answered and seen, every value written once and never the initial one,
    and no two values equal that are not the same. None if it is of another kind.
    """
    answered = answered_columns(history)
    if answered is None:
        return None
    client_of = numbered(answered.clients)
    called = np.fromiter(answered.called, np.float64, len(history))
    order = _session_order(called, client_of)
    if order is None:
        return None
    columns = matched(answered.told, initial, order, np.bincount(client_of), called)
    return None if columns is None else LaidOut(history, order, columns)


class ToldColumns(NamedTuple):
    """What operations did: whether each wrote, which key, and the value that it wrote or read."""

    is_write: Sequence[bool]
    keys: Sequence[Hashable]
    values: Sequence[Hashable]


def without_unseen(history: History) -> History:
    """Leave out the reads of which nobody saw a result: they say nothing."""
    return tuple([op for op in history if op.f != "read" or op.result is not UNKNOWN])


class AnsweredColumns(NamedTuple):
    """What operations did, who did it, and when."""

    told: ToldColumns
    clients: list[str]
    called: list[float]
    returned: list[float]


def answered_columns(history: Sequence[Operation]) -> AnsweredColumns | None:
    """Return what reads and writes did; None if one of another kind is there, or without an answer.

    In one pass: what an operation says is near while the next one is not.
    """
    is_write: list[bool] = []
    keys: list[Hashable] = []
    values: list[Hashable] = []
    clients: list[str] = []
    called: list[float] = []
    returned: list[float] = []
    for op in history:
        if op.f == "read":
            is_write.append(False)
            values.append(op.result)
        elif op.f == "write":
            is_write.append(True)
            values.append(op.argument)
        else:
            return None
        if op.status != "ok" or op.returned == OPEN:
            return None
        keys.append(op.key)
        clients.append(op.client)
        called.append(op.called)
        returned.append(op.returned)
    return AnsweredColumns(ToldColumns(is_write, keys, values), clients, called, returned)


def matched(
    told: ToldColumns,
    initial: Hashable,
    order: Positions,
    sizes: Positions,
    called: NDArray[np.float64],
) -> SessionColumns | None:
    """Match reads with writes; None where a source is not sure.

    `order` puts the operations session by session, of so many each as `sizes` says.
    """
    if not {type(initial), *map(type, told.keys), *map(type, told.values)} <= PLAIN_TYPES:
        return None
    key_of = numbered(told.keys)[order]
    value_of, first = value_numbers(told.values, initial)
    is_write = np.fromiter(told.is_write, np.bool_, len(told.is_write))
    source = _sources(is_write[order], key_of, value_of[order], first)
    if source is None:
        return None
    return SessionColumns(
        np.concatenate(([0], np.cumsum(sizes))),
        np.repeat(np.arange(len(sizes)), sizes),
        source,
        np.maximum(source, -1),
        key_of,
        called[order],
    )


def numbered(values: Sequence[Hashable]) -> Positions:
    """Number values in the order in which they first come.

    >>> numbered(["b", "a", "b"]).tolist()
    [0, 1, 0]
    """
    number: defaultdict[Hashable, int] = defaultdict(count().__next__)
    return np.fromiter(map(number.__getitem__, values), dtype=np.int64, count=len(values))


def value_numbers(values: Sequence[Hashable], initial: Hashable) -> tuple[Positions, int]:
    """Number values of plain types from 0, equal ones alike, and the initial one.

    >>> value_numbers([3, None, 3], None)[0].tolist(), value_numbers(["b", "a"], "b")[0].tolist()
    ([4, 0, 4], [0, 1])
    """
    found = _small_numbers([*values, initial]) if type(initial) is not str else None
    if found is None:
        found = numbered([initial, *values])
        return found[1:], 0
    return found[:-1], int(found[-1])


def _small_numbers(values: Sequence[Hashable]) -> Positions | None:
    """Take small integers as their own numbers, and None for one less; None if others are there."""
    try:
        own = np.fromiter([-1 if v is None else v for v in values], np.int64, len(values))
    except (TypeError, ValueError, OverflowError):
        return None
    is_small = own.min() >= -1 and own.max() < 4 * len(values)
    return own + 1 if is_small and values.count(None) == (own == -1).sum() else None


def _session_order(called: NDArray[np.float64], client_of: Positions) -> Positions | None:
    """The places of the operations session by session; None if a client made two calls at once."""
    order = np.lexsort((called, client_of))
    later, earlier = order[1:], order[:-1]
    is_tie = (client_of[later] == client_of[earlier]) & (called[later] == called[earlier])
    return None if is_tie.any() else order


def _sources(
    is_write: Flags, key_of: Positions, value_of: Positions, initial: int
) -> Positions | None:
    """The source of each operation; None if the source of some read is not known for sure."""
    writes = np.nonzero(is_write)[0]
    if (value_of[writes] == initial).any():
        return None
    known = np.nonzero(~is_write & (value_of != initial))[0]
    version_of = value_of
    write_of = write_of_each(value_of, writes)
    if write_of is None:  # perhaps two keys hold one value
        _, version_of = np.unique(key_of * (value_of.max() + 1) + value_of, return_inverse=True)
        write_of = write_of_each(version_of, writes)
    if write_of is None:
        return None
    found = write_of[version_of[known]]
    if (found < 0).any() or (key_of[found] != key_of[known]).any():
        return None
    source = np.where(is_write, NO_READ, INITIAL)
    source[known] = found
    return source


def write_of_each(number_of: Positions, writes: Positions) -> Positions | None:
    """For each number the write that has it, or -1; None if two have one."""
    write_of = np.full(number_of.max(initial=0) + 1, -1)
    write_of[number_of[writes]] = writes
    return write_of if (write_of[number_of[writes]] == writes).all() else None
