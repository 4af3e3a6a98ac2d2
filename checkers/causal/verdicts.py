"""Verdicts on causal histories that hold, whichever way they were judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from counterpoint.checkers.causal.levels import Judgement
from counterpoint.checkers.causal.matching import Sessions
from counterpoint.checkers.evidence import Views
from counterpoint.model.verdict import Outcome, Verdict, holds


class Naming(NamedTuple):
    """How positions are called in a verdict: the ids of some operations, a session's client."""

    ids: Callable[[Sequence[int]], tuple[str, ...]]
    client: Callable[[int], str]


def naming_of(sessions: Sessions) -> Naming:
    """Return the names in these sessions."""
    operations = sessions.operations
    return Naming(
        lambda order: tuple([operations[index].id for index in order]),
        lambda session: operations[sessions.starts[session]].client,
    )


def causal_holds(name: str, judgement: Judgement, naming: Naming, *, examined: int) -> Verdict:
    """Return the verdict of a judgement without a core, with its order and its views."""
    witness = naming.ids(judgement.order)
    verdict = holds(name, examined=examined, witness=witness)
    if verdict.outcome is Outcome.UNDECIDED or not judgement.views:
        return verdict
    views = {
        naming.client(session): naming.ids(view)
        for session, view in judgement.views.items()
        if view
    }
    return replace(verdict, evidence=(Views(MappingProxyType(views)),))
