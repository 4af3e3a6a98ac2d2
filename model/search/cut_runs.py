"""Runs that end before everything has happened, which only their system can tell."""

from __future__ import annotations

from typing import Any

from counterpoint.model.search.engine.simulation import Simulation


def where_cut(run: Simulation) -> str | None:
    """Say where a run was cut that would go on, by `system.cut_short` if there is one; else None."""
    return None if run.flights else _asked(run, "cut_short")


def calls_to_come(run: Simulation) -> str | None:
    """Say why calls may come after a run that was cut, by `system.calls_to_come` if there is one."""
    return None if run.flights else _asked(run, "calls_to_come")


def _asked(run: Simulation, question: str) -> str | None:
    ask: Any = getattr(run.scenario.system, question, None)
    if ask is None:
        return None
    states = run.compiled.node_states
    ends = {
        node: states[k].state for node, k in zip(run.compiled.nodes, run.node_states, strict=True)
    }
    found: str | None = ask(ends, run.conditions.down)
    return found
