"""The levels of causal consistency, decided on columns: see `causal.levels`."""

from __future__ import annotations

from collections.abc import Callable

from counterpoint.checkers.causal.core import circle_core, impossible_core
from counterpoint.checkers.causal.levels import Judgement, Level, judge_by_rows
from counterpoint.checkers.causal.matching import Sessions
from counterpoint.checkers.causal.memory import with_demands
from counterpoint.checkers.causal.order import Predecessors, topological
from counterpoint.checkers.columns.causality import Causality, causality_of, causes_of
from counterpoint.checkers.columns.conflicts import (
    backward_pairs,
    demands_of,
    first_impossible,
    last_known_pairs,
)
from counterpoint.checkers.columns.sessions import SessionColumns
from counterpoint.checkers.columns.views import session_views


def judge_columns(
    columns: SessionColumns, level: Level, sessions: Callable[[], Sessions]
) -> Judgement:
    """Decide a level as `judge` does, which may show another order for "cm".

    `sessions` gives the same for the plain checkers; it is asked for only where something is broken
    or rests on much.
    """
    base = causes_of(columns)
    causality = causality_of(columns, base)
    if causality is None:
        return judge_by_rows(sessions(), level)
    pairs = backward_pairs(causality, columns.reads)
    impossible = first_impossible(causality, pairs)
    if impossible is not None:
        return Judgement(frozenset(impossible_core(sessions(), base, impossible)))
    if level == "cm":
        views = session_views(causality, base)
        if views is None:
            return judge_by_rows(sessions(), level)
        return Judgement(order=causality.order.tolist(), views=views)
    if level == "ccv" and len(pairs.read):
        return _convergence(causality, base, sessions)
    return Judgement(order=causality.order.tolist())


def _convergence(
    causality: Causality, base: Predecessors, sessions: Callable[[], Sessions]
) -> Judgement:
    """Order every two writes that some read told apart, for everybody at once."""
    found = list(demands_of(causality, last_known_pairs(causality, causality.columns.reads)))
    starts = causality.columns.starts.tolist()
    order, blocked = topological(starts, with_demands(base, found))
    if blocked:
        return Judgement(frozenset(circle_core(sessions(), base, blocked, [found])))
    return Judgement(order=order)
