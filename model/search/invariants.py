"""Invariants on the worlds of a run: the first world that breaks one, in words."""

from __future__ import annotations

import re
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
    """Judge every world of a run; examined are the worlds up to the first that breaks it.

    Culprits are the nodes that the sentence names, the one that acted last at the end.
    """
    for step, world in enumerate(trace.worlds):
        sentence = invariant.violation(states_of(world))
        if sentence is not None:
            choice = trace.choices[step - 1] if step else None
            named = _named(sentence, world.scenario.system.nodes)
            return broken(
                invariant.name,
                sentence,
                examined=step + 1,
                because=(f"after step {step - 1}, {show(choice)}",) if choice else (),
                culprits=tuple(sorted(named, key=lambda n: choice is not None and n == choice.at)),
            )
    return holds(invariant.name, examined=len(trace.worlds))


def _named(sentence: str, nodes: tuple[NodeId, ...]) -> tuple[NodeId, ...]:
    """Return the nodes that a sentence names, in their order.

    >>> _named("n1 and n12 both lead", ("n1", "n2", "n12"))
    ('n1', 'n12')
    """
    return tuple(n for n in nodes if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", sentence))
