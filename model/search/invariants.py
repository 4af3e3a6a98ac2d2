"""Invariants on the worlds of a run: the first world that breaks one, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterpoint.model.scenario import Invariant
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, show
from counterpoint.model.verdict import Verdict, broken, holds
from counterpoint.model.world import World


def states_of(world: World) -> Mapping[NodeId, Any]:
    """Return the states of all nodes, by name."""
    nodes = world.scenario.system.nodes
    return {name: core.state for name, core in zip(nodes, world.cores, strict=True)}


def check_invariant(trace: Trace, invariant: Invariant) -> Verdict:
    """Judge every world of a run; examined are the worlds up to the first that breaks it."""
    for step, world in enumerate(trace.worlds):
        sentence = invariant.violation(states_of(world))
        if sentence is not None:
            because = (f"after step {step - 1}, {show(trace.choices[step - 1])}",) if step else ()
            return broken(invariant.name, sentence, examined=step + 1, because=because)
    return holds(invariant.name, examined=len(trace.worlds))
