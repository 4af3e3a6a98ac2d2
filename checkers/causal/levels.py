"""The three levels of causal consistency, decided: a proof that it holds, or a core that fails.

CC ("causal consistency"), CCv ("causal convergence") and CM ("causal memory") as defined by
Bouajjani, Enea, Guerraoui, Hamza, POPL 2017. CC is the weakest; CCv asks for one order of all
writes that everybody shares, CM for one order per session that explains all its reads at once.
Neither of CCv and CM implies the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from counterpoint.checkers.causal.conflicts import (
    backward_conflicts,
    conflicts,
    writes_by_key,
)
from counterpoint.checkers.causal.core import circle_core, impossible_core
from counterpoint.checkers.causal.matching import INITIAL, Sessions
from counterpoint.checkers.causal.memory import View, close, with_demands
from counterpoint.checkers.causal.order import (
    Predecessors,
    Row,
    causes,
    known_rows,
    topological,
)
from counterpoint.checkers.columns.gate import is_worth_it

Level = Literal["cc", "ccv", "cm"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a level says of matched sessions.

    A non-empty `core` are the positions of operations that fail already alone. Otherwise `order`
    is a topological order of causality, which for "ccv" is also the order of writes that
    everybody can share, and for "cm" `views` has for each session an order of writes and its own
    reads in which each read returns the last write of its key.
    """

    core: frozenset[int] = frozenset()
    order: Sequence[int] = ()
    views: Mapping[int, View] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Causality:
    """Causal order, computed once: direct causes, a topological order, and the clock rows."""

    base: Predecessors
    order: list[int]
    rows: list[Row]


def judge(sessions: Sessions, level: Level) -> Judgement:
    """Decide one level for matched sessions, on columns where that is worth it."""
    if is_worth_it(len(sessions.operations)):
        from counterpoint.checkers.columns.judge import judge_columns
        from counterpoint.checkers.columns.sessions import columns_of

        return judge_columns(columns_of(sessions), level, lambda: sessions)
    return judge_by_rows(sessions, level)


def judge_by_rows(sessions: Sessions, level: Level) -> Judgement:
    """Decide one level with the standard library alone.

    CC and CCv take O(n k log n) time, CM O(n) for each round of each session,
    of which there are few; all take O(n k) memory.
    """
    base = causes(sessions)
    order, blocked = topological(sessions.starts, base)
    if blocked:
        return _broken(circle_core(sessions, base, blocked))
    rows = known_rows(sessions.starts, sessions.session_of, order, base)
    found = backward_conflicts(sessions, rows, order)
    if found.impossible is not None:
        return _broken(impossible_core(sessions, base, found.impossible))
    causality = _Causality(base, order, rows)
    if level == "cm":
        return _memory(sessions, causality)
    if level == "ccv" and found.open:
        return _convergence(sessions, causality)
    return Judgement(order=order)


def is_broken(sessions: Sessions, level: Level) -> bool:
    """Tell whether a level refuses these sessions."""
    return bool(judge(sessions, level).core)


def _broken(core: set[int]) -> Judgement:
    return Judgement(frozenset(core))


def _convergence(sessions: Sessions, causality: _Causality) -> Judgement:
    """Order every two writes that some read told apart, for everybody at once."""
    reads = [index for index in causality.order if sessions.source[index] >= INITIAL]
    found = conflicts(sessions, causality.rows, writes_by_key(sessions), reads).open
    order, blocked = topological(sessions.starts, with_demands(causality.base, found))
    if blocked:
        return _broken(circle_core(sessions, causality.base, blocked, [found]))
    return Judgement(order=order)


def _memory(sessions: Sessions, causality: _Causality) -> Judgement:
    """Close the happens-before relation of each session in turn."""
    base, writes = causality.base, writes_by_key(sessions)
    views: dict[int, View] = {}
    for session in range(sessions.session_count):
        closed = close(sessions, base, causality.rows, writes, session)
        if closed.impossible is not None:
            return _broken(impossible_core(sessions, base, closed.impossible, closed.rounds))
        if closed.view is None:
            demands = [demand for found in closed.rounds for demand in found]
            _, blocked = topological(sessions.starts, with_demands(base, demands))
            return _broken(circle_core(sessions, base, blocked, closed.rounds))
        views[session] = closed.view
    return Judgement(order=causality.order, views=views)
