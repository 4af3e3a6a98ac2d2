"""Verdicts from columns alone, on histories that hold."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.columns.judge import judge_columns
from counterpoint.checkers.columns.sessions import LaidOut, laid_out
from counterpoint.checkers.history import History
from counterpoint.model.verdict import Verdict, holds


def holds_causally(history: History, level: Level, initial: Hashable, name: str) -> Verdict | None:
    """Return the verdict of `check_causal` on a history that holds and is of the plain kind."""
    laid = laid_out(history, initial)
    if laid is None:
        return None
    judgement = judge_columns(laid.columns, level, laid.sessions)
    if judgement.core:
        return None
    return holds(name, examined=len(laid.columns.reads), witness=_ids(laid, judgement.order))


def _ids(laid: LaidOut, order: Sequence[int]) -> tuple[str, ...]:
    names = [op.id for op in laid.history]
    return tuple(map(names.__getitem__, laid.order[order].tolist()))
