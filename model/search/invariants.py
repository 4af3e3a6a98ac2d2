"""Invariants, asked: of one moment of a run, by every search, and of all worlds of a run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from counterpoint.model.mistakes import BadScenario, brief, definition_of, place_of, told
from counterpoint.model.scenario import Invariant, Scenario
from counterpoint.model.trace import Trace
from counterpoint.model.values import NodeId, show
from counterpoint.model.verdict import Verdict, broken, holds
from counterpoint.model.world import World

Down = tuple[NodeId, ...]
"""The nodes that are down: they are shown in their initial state, in which they would come back."""


def states_of(world: World) -> Mapping[NodeId, Any]:
    """Return the states of all nodes, by name."""
    nodes = world.scenario.system.nodes
    return {name: core.state for name, core in zip(nodes, world.cores, strict=True)}


def asks_who_is_down(invariant: Invariant) -> bool:
    """Tell whether the function of an invariant takes a second argument: the nodes that are down.

    >>> [asks_who_is_down(Invariant("i", f)) for f in (lambda states: None, lambda states, down: None)]
    [False, True]
    """
    try:
        parameters = inspect.signature(invariant.violation).parameters.values()
    except ValueError:  # made in C, so that nothing tells what it takes
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    return len(needed) == 2


class Invariants:
    """The invariants of a scenario as one question; `reads_down` tells if any asks who is down."""

    def __init__(self, scenario: Scenario) -> None:
        self._asked = tuple((i, asks_who_is_down(i)) for i in scenario.invariants)
        self.reads_down = any(reads_down for _, reads_down in self._asked)

    def violated(self, states: Mapping[NodeId, Any], down: Down) -> str | None:
        """Return the name of the first invariant that these states break."""
        for invariant, reads_down in self._asked:
            if _sentence(invariant, states, down if reads_down else None) is not None:
                return invariant.name
        return None


def _sentence(invariant: Invariant, states: Mapping[NodeId, Any], down: Down | None) -> str | None:
    """Return what is wrong with these states by an invariant, None if nothing is.

    None and False say that all is well; a text says what is wrong. A function that raises breaks
    the invariant, with the author's line.

    Raises:
        BadScenario: it returned anything else.
    """
    violation: Callable[..., object] = invariant.violation
    try:
        found = violation(states) if down is None else violation(states, down)
    except Exception as error:
        return f"its function raised {told(error)} ({place_of(error)})"
    if found is None or found is False:
        return None
    if isinstance(found, str) and found.strip():
        return found
    raise BadScenario(
        f"invariant {invariant.name!r} returned {brief(found)} ({definition_of(violation)}); it "
        "returns None, or False, where all is well, and a sentence that says what is wrong elsewhere"
    )


def check_invariant(trace: Trace, invariant: Invariant) -> Verdict:
    """Judge every world of a run; examined are the worlds up to the first that breaks it.

    Culprits are the nodes that the sentence names, the one that acted last at the end.
    """
    reads_down = asks_who_is_down(invariant)
    for step, world in enumerate(trace.worlds):
        down = world.conditions.down if reads_down else None
        sentence = _sentence(invariant, states_of(world), down)
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
