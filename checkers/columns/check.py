"""Verdicts from columns alone, on histories that hold: levels, guarantees, transactions, registers.

The levels of causal consistency are those of `causal.levels`. All four session guarantees are those
of `sessions.judge`: they hold where, for each session, an order of the writes respects causal
order and puts before every write that was read the others of its key that the read knew.

A register's long history on columns: the zones of `register.zones`, with its witness.

Only histories of the plain kind, all answered, in which every value tells its write; and only those
that are linearizable. The order that is found is checked by two scans, apart from how it was found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from counterpoint.checkers.causal.conflicts import ViewClock
from counterpoint.checkers.causal.levels import (
    Judgement,
    Level,
    causal_holds,
    circle_core,
    impossible_core,
    judge_by_rows,
)
from counterpoint.checkers.columns.causality import (
    Causality,
    causal_edges,
    causality_of,
    causes_of,
    topological_runs,
)
from counterpoint.checkers.columns.sessions import (
    Flags,
    LaidOut,
    Positions,
    Ranks,
    SessionColumns,
    answered_columns,
    laid_out,
    value_numbers,
    without_unseen,
)
from counterpoint.checkers.columns.views import (
    Pairs,
    backward_pairs,
    first_impossible,
    has_order,
    last_known_pairs,
    layout_of,
    lost_writes,
    observers,
    open_demands,
    session_views,
)
from counterpoint.checkers.history import History, Operation
from counterpoint.checkers.reads_from import NO_READ, Sessions
from counterpoint.model.verdict import Verdict, holds


def judge_columns(
    columns: SessionColumns, level: Level, sessions: Callable[[], Sessions]
) -> Judgement:
    """Decide a level as `judge_by_rows` does, which may show other views for "cm".

    `sessions` gives the same for the plain checkers; it is asked for only where something is broken
    or rests on much.
    """
    found = _decided(columns, level, sessions)
    if isinstance(found, Judgement):
        return found
    views: dict[int, ViewClock] = {t: view.tolist() for t, view in found.views.items()}
    return Judgement(order=found.order.tolist(), views=views)


class _Held(NamedTuple):
    """What a `Judgement` without a core says."""

    order: Positions
    views: Mapping[int, Positions] = MappingProxyType({})


def _decided(
    columns: SessionColumns, level: Level, sessions: Callable[[], Sessions]
) -> _Held | Judgement:
    """Tell that the level holds; or else judge as the plain checkers do."""
    causality = causality_of(columns)
    if causality is None:
        return judge_by_rows(sessions(), level)
    pairs = backward_pairs(causality, columns.reads)
    impossible = first_impossible(causality, pairs)
    if impossible is not None:
        core = impossible_core(sessions(), causes_of(columns), impossible)
        return Judgement(frozenset(core))
    if level == "cm":
        views = session_views(causality)
        if views is None:
            return judge_by_rows(sessions(), level)
        return _Held(causality.order, views)
    if level == "ccv" and len(pairs.read):
        return _convergence(causality, sessions)
    return _Held(causality.order)


def _convergence(causality: Causality, sessions: Callable[[], Sessions]) -> _Held | Judgement:
    """Order every two writes that some read told apart, for everybody at once."""
    columns = causality.columns
    found = open_demands(causality, last_known_pairs(causality, columns.reads))
    order, blocked = _with_demands(columns, found)
    if blocked:
        rounds = [list(lost_writes(causality, found))]
        return Judgement(frozenset(circle_core(sessions(), causes_of(columns), blocked, rounds)))
    return _Held(order)


def _with_demands(columns: SessionColumns, demands: Pairs) -> tuple[Positions, list[int]]:
    """Order operations causally, each lost write before the one that was kept; or what blocks it."""
    edges = causal_edges(columns).and_these(columns.source[demands.read], demands.lost)
    return topological_runs(columns.starts, columns.session_of, edges)


def holds_for_sessions(
    history: History, initial: Hashable, name: str, *, convergent: bool
) -> Verdict | None:
    """Return the verdict of `check_sessions` on a history of the plain kind that keeps them all."""
    laid = laid_out(history, initial)
    if laid is None:
        return None
    order = order_for_everybody(laid.columns, convergent=convergent)
    if order is None:
        return None
    witness = picked(laid.ids, laid.order[order])
    return holds(name, examined=len(laid.columns.reads), witness=witness)


def order_for_everybody(columns: SessionColumns, *, convergent: bool) -> Positions | None:
    """Return an order of the writes for all sessions, or none where each has to have its own.

    None where not even that is possible, or with `convergent` nothing less than one order.
    """
    causality = causality_of(columns)
    if causality is None:
        return None
    if first_impossible(causality, backward_pairs(causality, columns.reads)) is not None:
        return None
    pairs = last_known_pairs(causality, columns.reads)
    order = _one_order(causality, pairs)
    reading = np.unique(columns.session_of[columns.reads])
    if convergent or len(reading) == 1:
        return order
    holds = order is not None or _has_orders(causality, pairs)
    return columns.reads[:0] if holds else None


def _one_order(causality: Causality, pairs: Pairs) -> Positions | None:
    columns = causality.columns
    by_read = pairs.where(np.argsort(pairs.read, kind="stable"))
    order, blocked = _with_demands(columns, open_demands(causality, by_read))
    return None if blocked else order[columns.source[order] == NO_READ]


def _has_orders(causality: Causality, pairs: Pairs) -> bool:
    layout = layout_of(causality)
    return all(has_order(layout, reads, own) for _, reads, own in observers(causality, pairs))


@dataclass(frozen=True, slots=True, eq=False)
class RegisterColumns:
    """Operations in call order: what each is, when, and the cluster that it belongs to.

    Cluster i is write i with the reads of its value; the last one has the reads of the initial
    value. `order` has the places of the operations in the history, and `ids` their ids there.
    """

    ids: Sequence[str]
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
    if columns is None:
        seen = without_unseen(tuple(history))
        return holds_as_register(seen, initial, name) if len(seen) < len(history) else None
    clusters = order_of_clusters(columns)
    if clusters is None or columns.is_write.all():
        return None
    witness = witness_of(columns, clusters)
    assert _explains(columns, witness), "the order from the zones is wrong"
    ids = picked(columns.ids, columns.order[witness])
    return holds(name, examined=len(history), witness=ids)


def register_columns(history: Sequence[Operation], initial: Hashable) -> RegisterColumns | None:
    """Sort operations into clusters; None if the history is not plain or a read has no write."""
    answered = answered_columns(history, is_of_one=True)
    if answered is None:
        return None
    numbers = value_numbers(answered.told.values, initial)
    if numbers is None:
        return None
    value_of, first = numbers
    order = np.argsort(answered.called, kind="stable")
    is_write = answered.told.are_writes()[order]
    cluster_of = _clusters(is_write, value_of[order], first)
    if cluster_of is None:
        return None
    calls, returns = answered.called[order], answered.returned[order]
    return RegisterColumns(answered.ids, order, is_write, calls, returns, cluster_of)


def _clusters(is_write: Flags, value_of: Positions, initial: int) -> Positions | None:
    """The cluster of each operation by its value; None if one is unsure."""
    written = value_of[is_write]
    cluster = np.full(value_of.max(initial=initial) + 1, -1)
    cluster[written] = np.arange(len(written))
    if cluster[initial] >= 0 or (cluster[written] != np.arange(len(written))).any():
        return None
    cluster[initial] = len(written)
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


def holds_causally(history: History, level: Level, initial: Hashable, name: str) -> Verdict | None:
    """Return the verdict of `check_causal` on a history that holds and is of the plain kind."""
    laid = laid_out(history, initial)
    if laid is None:
        seen = without_unseen(history)
        return holds_causally(seen, level, initial, name) if len(seen) < len(history) else None
    found = _decided(laid.columns, level, laid.sessions)
    if isinstance(found, Judgement):
        return None
    witness = picked(laid.ids, laid.order[found.order])
    views = _named(laid, found.views) if found.views else {}
    return causal_holds(name, witness, views, examined=len(laid.columns.reads))


def picked(names: Sequence[str], places: Positions) -> tuple[str, ...]:
    """Return the names at some places.

    >>> picked(("a", "b", "c"), np.array([2, 0]))
    ('c', 'a')
    """
    chosen = places.tolist()
    # A getter of one item returns no tuple; of many it is twice as fast as asking for each.
    several = itemgetter(*chosen)(names) if len(chosen) > 1 else map(names.__getitem__, chosen)
    return tuple(several)


def _named(laid: LaidOut, views: Mapping[int, Positions]) -> dict[str, tuple[str, ...]]:
    """Return views by names, as `named_views` does."""
    # An array, as there is an order for each session: three times as fast as one by one.
    names = np.fromiter(laid.ids, dtype=object, count=len(laid.ids))[laid.order]
    firsts = laid.order[laid.columns.starts[:-1]].tolist()
    return {
        laid.history[firsts[session]].client: tuple(names[view].tolist())
        for session, view in views.items()
        if len(view)
    }
