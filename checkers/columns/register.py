"""A register's long history on columns: the zones of `register.zones`, with its witness.

Only histories of the plain kind, all answered, in which every value tells its write; and only those
that are linearizable. The order that is found is checked by two scans, apart from how it was found.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterpoint.checkers.columns.sessions import PLAIN_TYPES, Flags, Positions, numbered
from counterpoint.checkers.history import Operation
from counterpoint.model.verdict import Verdict, holds

Ranks = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RegisterColumns:
    """Operations in call order: what each is, when, and the cluster that it belongs to.

    Cluster i is write i with the reads of its value; the last one has the reads of the initial
    value. `order` has the places of the operations in the history.
    """

    order: Positions
    is_write: Flags
    calls: Ranks
    returns: Ranks
    cluster_of: Positions

    @property
    def cluster_count(self) -> int:
        """How many clusters there are, that of the initial value included."""
        return int(self.is_write.sum()) + 1


def holds_as_register(history: Sequence[Operation], initial: Hashable, name: str) -> Verdict | None:
    """Return the verdict of `check_register` on a plain history that is linearizable."""
    columns = register_columns(history, initial)
    clusters = None if columns is None else order_of_clusters(columns)
    if columns is None or clusters is None or columns.is_write.all():
        return None
    witness = witness_of(columns, clusters)
    assert _explains(columns, witness), "the order from the zones is wrong"
    names = np.array([op.id for op in history], dtype=object)
    ids = tuple(names[columns.order[witness]].tolist())
    return holds(name, examined=len(history), witness=ids)


def register_columns(history: Sequence[Operation], initial: Hashable) -> RegisterColumns | None:
    """Sort operations into clusters; None if the history is not plain or a read has no write."""
    functions = [op.f for op in history]
    returned = [op.returned for op in history]
    if not set(functions) <= {"read", "write"} or math.inf in returned:
        return None
    if {op.status for op in history} != {"ok"}:
        return None
    values = [op.result if op.f == "read" else op.argument for op in history]
    if not {type(initial), *map(type, values)} <= PLAIN_TYPES:
        return None
    calls = np.array([op.called for op in history], dtype=np.float64)
    order = np.argsort(calls, kind="stable")
    is_write = np.array([f == "write" for f in functions])[order]
    cluster_of = _clusters(is_write, numbered([initial, *values])[1:][order])
    if cluster_of is None:
        return None
    returns = np.array(returned, dtype=np.float64)
    return RegisterColumns(order, is_write, calls[order], returns[order], cluster_of)


def _clusters(is_write: Flags, value_of: Positions) -> Positions | None:
    """The cluster of each operation by its value, 0 being the initial one; None if one is unsure."""
    written = value_of[is_write]
    cluster = np.full(value_of.max(initial=0) + 1, -1)
    cluster[written] = np.arange(len(written))
    if cluster[0] >= 0 or (cluster[written] != np.arange(len(written))).any():
        return None
    cluster[0] = len(written)
    found: Positions = cluster[value_of]
    return None if (found < 0).any() else found


def order_of_clusters(columns: RegisterColumns) -> Positions | None:
    """Sort the clusters as `order_of_zones` does; None if two of them conflict, or a read is early."""
    count = columns.cluster_count
    first, last = np.full(count, math.inf), np.full(count, -math.inf)
    first[-1] = -math.inf
    np.minimum.at(first, columns.cluster_of, columns.returns)
    np.maximum.at(last, columns.cluster_of, columns.calls)
    if (first[:-1] < columns.calls[columns.is_write]).any():
        return None
    is_forward = first < last
    order = np.lexsort((is_forward[:-1], np.minimum(first, last)[:-1]))
    order = np.concatenate(([count - 1], order))
    held = np.maximum.accumulate(np.where(is_forward, last, -math.inf)[order])
    return None if (first[order][1:] < held[:-1]).any() else order


def witness_of(columns: RegisterColumns, clusters: Positions) -> Positions:
    """Write by write in the order of the clusters, each followed by its reads by call."""
    place = np.empty(len(clusters), dtype=np.int64)
    place[clusters] = np.arange(len(clusters))
    # The first of a cluster is its write, then its reads as they come: in call order.
    return np.lexsort((~columns.is_write, place[columns.cluster_of]))


def _explains(columns: RegisterColumns, witness: Positions) -> bool:
    """Tell whether each read returns the last write before it, and no operation is overtaken."""
    is_write = columns.is_write[witness]
    cluster = columns.cluster_of[witness]
    latest = np.maximum.accumulate(np.where(is_write, np.arange(len(witness)), -1))
    current = np.where(latest < 0, columns.cluster_count - 1, cluster[latest])
    called_before = np.maximum.accumulate(columns.calls[witness])[:-1]
    is_in_time = (columns.returns[witness][1:] >= called_before).all()
    is_whole = (np.bincount(witness, minlength=len(witness)) == 1).all()
    return bool(is_whole and (current == cluster).all() and is_in_time)
