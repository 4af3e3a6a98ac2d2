"""Verdicts from columns alone, on histories that hold."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from counterpoint.checkers.causal.levels import Level
from counterpoint.checkers.causal.verdicts import Naming, causal_holds
from counterpoint.checkers.columns.judge import judge_columns
from counterpoint.checkers.columns.sessions import LaidOut, laid_out
from counterpoint.checkers.history import History
from counterpoint.model.verdict import Verdict


def holds_causally(history: History, level: Level, initial: Hashable, name: str) -> Verdict | None:
    """Return the verdict of `check_causal` on a history that holds and is of the plain kind."""
    laid = laid_out(history, initial)
    if laid is None:
        return None
    judgement = judge_columns(laid.columns, level, laid.sessions)
    if judgement.core:
        return None
    return causal_holds(name, judgement, naming_of_columns(laid), examined=len(laid.columns.reads))


def naming_of_columns(laid: LaidOut) -> Naming:
    """Return the names in the history of these columns."""
    names = np.array([op.id for op in laid.history], dtype=object)[laid.order]
    starts = laid.columns.starts
    return Naming(
        lambda order: tuple(names[order].tolist()),
        lambda session: laid.history[laid.order[starts[session]]].client,
    )
