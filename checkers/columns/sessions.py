"""Sessions as columns: of every operation its session, its key, and the write that it saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.history import OPEN, UNKNOWN, History, Operation
from counterpoint.checkers.reads_from import INITIAL, NO_READ, Sessions

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]
Ranks = NDArray[np.float64]

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
    called: Ranks

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


@dataclass(frozen=True, slots=True, eq=False)
class LaidOut:
    """A history laid out by session; operation i of the columns is `history[order[i]]`.

    `ids` are those of the history, in its order.
    """

    history: History
    ids: Sequence[str]
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
    order = _session_order(answered.called, client_of)
    if order is None:
        return None
    sizes = np.bincount(client_of)
    columns = matched(answered.told, initial, order, sizes, answered.called)
    return None if columns is None else LaidOut(history, answered.ids, order, columns)


class ToldColumns(NamedTuple):
    """What operations did: whether each wrote, which key, and the value that it wrote or read."""

    is_write: Sequence[bool]
    keys: Sequence[Hashable]
    values: Sequence[Hashable]

    def are_writes(self) -> Flags:
        """Tell of each operation whether it wrote."""
        return np.frombuffer(bytes(self.is_write), np.bool_)


def without_unseen(history: History) -> History:
    """Leave out the reads of which nobody saw a result: they say nothing."""
    return tuple([op for op in history if op.f != "read" or op.result is not UNKNOWN])


class AnsweredColumns(NamedTuple):
    """What operations did, who did it, and when."""

    told: ToldColumns
    ids: list[str]
    clients: list[str]
    called: Ranks
    returned: Ranks


def answered_columns(
    history: Sequence[Operation], *, is_of_one: bool = False
) -> AnsweredColumns | None:
    """Return what reads and writes did; None if one of another kind is there, or without an answer.

    In one pass: what an operation says is near while the next one is not. With `is_of_one` all are of
    one key, whoever asked: keys and clients are left out.
    """
    is_write: list[bool] = []
    keys: list[Hashable] = []
    values: list[Hashable] = []
    ids: list[str] = []
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
        if op.status != "ok":
            return None
        ids.append(op.id)
        if not is_of_one:
            keys.append(op.key)
            clients.append(op.client)
        called.append(op.called)
        returned.append(op.returned)
    calls, returns = (np.fromiter(ranks, np.float64, len(ids)) for ranks in (called, returned))
    if (returns == OPEN).any():
        return None
    return AnsweredColumns(ToldColumns(is_write, keys, values), ids, clients, calls, returns)


def matched(
    told: ToldColumns,
    initial: Hashable,
    order: Positions,
    sizes: Positions,
    called: Ranks,
) -> SessionColumns | None:
    """Match reads with writes; None where a source is not sure.

    `order` puts the operations session by session, of so many each as `sizes` says.
    """
    numbers = value_numbers(told.values, initial)
    if numbers is None or not PLAIN_TYPES.issuperset(map(type, told.keys)):
        return None
    key_of = numbered(told.keys)[order]
    value_of, first = numbers
    source = sure_sources(told.are_writes()[order], key_of, value_of[order], first)
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


def value_numbers(values: Sequence[Hashable], initial: Hashable) -> tuple[Positions, int] | None:
    """Number values of plain types from 0, equal ones alike, and the initial one; None for others.

    >>> numbers = value_numbers([3, None, 3], None)
    >>> numbers[0].tolist(), numbers[1]
    ([4, 0, 4], 0)
    >>> numbers = value_numbers(["b", "a"], "b")
    >>> numbers[0].tolist(), numbers[1]
    ([0, 1], 0)
    """
    types = {type(initial), *map(type, values)}
    if not types <= PLAIN_TYPES:
        return None
    small = None if str in types else _small_numbers(values, initial)
    if small is not None:
        return small
    found = numbered([initial, *values])
    return found[1:], 0


def _small_numbers(values: Sequence[object], initial: object) -> tuple[Positions, int] | None:
    """Take each of some integers for itself and one more, None for 0; None if they are not small."""
    try:
        # As a float None is no number, and an integer that is small stays what it is.
        own = np.fromiter(chain(values, (initial,)), np.float64, len(values) + 1)
    except OverflowError:
        return None
    if np.fmin.reduce(own) < 0 or np.fmax.reduce(own) >= 4 * len(own):
        return None
    own[np.isnan(own)] = -1
    number = own.astype(np.int64) + 1
    return number[:-1], int(number[-1])


def short(values: Positions) -> NDArray[np.generic]:
    """Small numbers in two bytes, which numpy sorts in linear time."""
    return values.astype(np.uint16) if len(values) and values.max() < 2**16 else values


def _session_order(called: Ranks, client_of: Positions) -> Positions | None:
    """The places of the operations session by session; None if a client made two calls at once."""
    by_call = np.argsort(called, kind="stable")
    order = by_call[np.argsort(short(client_of[by_call]), kind="stable")]
    later, earlier = order[1:], order[:-1]
    is_tie = (client_of[later] == client_of[earlier]) & (called[later] == called[earlier])
    return None if is_tie.any() else order


def sure_sources(
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
