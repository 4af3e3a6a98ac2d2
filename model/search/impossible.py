"""Faults that have a budget and can never happen: a search that holds says nothing about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterpoint.model.kind import is_of_model
from counterpoint.model.scenario import Scenario, nobody_fails


def impossible_faults(scenario: Scenario, faults: Mapping[str, int]) -> Iterator[str]:
    """Return a warning for each kind of fault with a budget that was not possible in any run.

    `faults` counts those that happened, by kind. Kinds of one's own, under whatever name, as the crash
    of a program, have rules of their own.
    """
    known = {kind.kind for kind in scenario.actions if is_of_model(kind)}
    for kind, budget in scenario.limits.items():
        if kind in known and budget.per_run and not faults.get(kind):
            why = _why_impossible(scenario, kind)
            if why:
                yield f"no {kind} was possible in any run: {why}"


def _why_impossible(scenario: Scenario, kind: str) -> str:
    if kind in ("crash", "omit") and not _may_anyone_fail(scenario):
        if scenario.tolerates is nobody_fails:
            return "Scenario.tolerates lets no node fail, as it does unless it is told otherwise"
        return "Scenario.tolerates, as it was told, lets no node fail alone"
    if kind == "cut" and not scenario.partitions:
        return "Scenario.partitions names no nodes to cut off"
    if kind == "reorder" and scenario.network == "unordered":
        return "on an unordered network a message overtakes others for free"
    return ""


def _may_anyone_fail(scenario: Scenario) -> bool:
    role_of, states = scenario.role_of, scenario.initial_states
    roles = {} if role_of is None else {n: role_of(n, state) for n, state in states.items()}
    return any(scenario.tolerates((node,), roles) for node in scenario.system.nodes)
