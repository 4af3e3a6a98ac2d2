"""All four session guarantees on columns: causal order, and what each session's reads demand of it.

See `sessions.judge`: they hold where, for each session, an order of the writes respects causal
order and puts before every write that was read the others of its key that the read knew.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from counterpoint.checkers.causal.memory import with_demands
from counterpoint.checkers.causal.order import Predecessors, topological
from counterpoint.checkers.columns.causality import Causality, causality_of, causes_of
from counterpoint.checkers.columns.check import naming_of_columns
from counterpoint.checkers.columns.conflicts import (
    Pairs,
    backward_pairs,
    demands_of,
    first_impossible,
    last_known_pairs,
)
from counterpoint.checkers.columns.sessions import SessionColumns, laid_out
from counterpoint.checkers.columns.views import has_order, layout_of, observers
from counterpoint.checkers.history import History
from counterpoint.model.verdict import Verdict, holds


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
    witness = naming_of_columns(laid).ids(order)
    return holds(name, examined=len(laid.columns.reads), witness=witness)


def order_for_everybody(columns: SessionColumns, *, convergent: bool) -> list[int] | None:
    """Return an order of the writes for all sessions, or none where each has to have its own.

    None where not even that is possible, or with `convergent` nothing less than one order.
    """
    base = causes_of(columns)
    causality = causality_of(columns, base)
    if causality is None:
        return None
    if first_impossible(causality, backward_pairs(causality, columns.reads)) is not None:
        return None
    pairs = last_known_pairs(causality, columns.reads)
    order = _one_order(causality, base, pairs)
    reading = np.unique(columns.session_of[columns.reads])
    if convergent or len(reading) == 1:
        return order
    return [] if order is not None or _has_orders(causality, base, pairs) else None


def _one_order(causality: Causality, base: Predecessors, pairs: Pairs) -> list[int] | None:
    columns = causality.columns
    by_read = pairs.where(np.argsort(pairs.read, kind="stable"))
    demands = list(demands_of(causality, by_read))
    order, blocked = topological(columns.starts.tolist(), with_demands(base, demands))
    if blocked:
        return None
    found = np.array(order, dtype=np.int64)
    writes: list[int] = found[np.isin(found, columns.writes)].tolist()
    return writes


def _has_orders(causality: Causality, base: Predecessors, pairs: Pairs) -> bool:
    layout = layout_of(causality, base)
    return all(has_order(layout, reads, own) for _, reads, own in observers(causality, pairs))
