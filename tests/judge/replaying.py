"""Is a counterexample one? It is legal, breaks what it is said to break, and its file replays."""

from __future__ import annotations

from counterpoint.model.actions import Settle
from counterpoint.model.search.replay import judge, run
from counterpoint.model.world import Action
from tests.judge.knowledge import Case, Says


def replays(case: Case, choices: tuple[Action, ...], name: str) -> Says:
    """A counterexample is made of legal choices, and breaks what it is said to break."""
    kinds = (*case.scenario.actions, Settle)
    strangers = [choice for choice in choices if type(choice) not in kinds]
    if strangers:
        yield f"an action that the scenario excludes: {strangers[0]!r}"
    trace = run(case.scenario, choices)
    if name not in {verdict.property for verdict in judge(trace) if verdict.is_broken}:
        yield f"a counterexample that breaks nothing: {name!r} by {choices!r}"
