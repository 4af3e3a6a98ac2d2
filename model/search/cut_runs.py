"""Runs that end before everything has happened, which only their system can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from counterpoint.model.reaction import NodeState
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.values import NodeId
from counterpoint.model.world import World


def where_cut(run: Simulation) -> str | None:
    """Say where a run was cut that would go on, by `system.cut_short` if there is one; else None."""
    return None if run.flights else _asked(run, "cut_short")


def calls_to_come(run: Simulation) -> str | None:
    """Say why calls may come after a run that was cut, by `system.calls_to_come` if there is one."""
    return None if run.flights else _asked(run, "calls_to_come")


def where_world_cut(world: World) -> str | None:
    """Say where a run was cut that ends in a world in which nothing can happen; else None."""
    system = world.scenario.system
    if not hasattr(system, "cut_short"):
        return None
    states = zip(system.nodes, world.node_states, strict=True)
    return _answer(system.cut_short, states, world.conditions.down)


def cut_warnings(cut: Mapping[str, int], runs: int) -> Iterator[str]:
    """Say how many of so many runs ended with something left to do, by where they were cut."""
    for where, count in cut.items():
        yield (
            f"{count:,} of {runs:,} runs were cut at {where} with work left: "
            "what would come after it was not seen"
        )


def _asked(run: Simulation, question: str) -> str | None:
    ask: Any = getattr(run.scenario.system, question, None)
    if ask is None:
        return None
    compiled = run.compiled
    states = (compiled.node_states[k] for k in run.node_states)
    return _answer(ask, zip(compiled.nodes, states, strict=True), run.conditions.down)


def _answer(
    ask: Any, states: Iterable[tuple[NodeId, NodeState]], down: Collection[NodeId]
) -> str | None:
    found: str | None = ask({node: state.state for node, state in states}, down)
    return found
