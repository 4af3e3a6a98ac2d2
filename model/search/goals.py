"""What an exploration reached: for each goal of the scenario where it is first met, and by which run.

Goals are looked for in the levels that an exploration keeps anyway, when it has ended: they cost it
nothing on its way, and it makes no difference how it came to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from counterpoint.model.scenario import Goal, Scenario
from counterpoint.model.search.slots import Slots
from counterpoint.model.values import NodeId, Value
from counterpoint.model.world import Action

State = tuple[int, ...]
"""The numbers that a state is made of: a slot for each node, the conditions, a memory."""


class Exploration(Protocol):
    """What both engines offer when they have ended, or were stopped."""

    scenario: Scenario
    slots: Slots

    def levels(self) -> Iterator[Iterator[State]]:
        """Return the states that were found, by their distance from the first one."""
        ...

    def run_to(self, steps: int, state: State) -> tuple[Action, ...]:
        """Return the choices of a shortest run, so many steps long, to a state."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of a goal. `states` counts those that meet it; 0: none, and no run leads to one.

    A shortest run to the nearest of them takes `first` steps and is `choices`; to the farthest,
    `last` steps.
    """

    goal: str
    states: int = 0
    first: int | None = None
    last: int | None = None
    choices: tuple[Action, ...] = ()


def reached(exploration: Exploration) -> tuple[Reached, ...]:
    """Return what became of each goal, as far as the exploration went."""
    goals = exploration.scenario.goals
    if not goals:
        return ()
    view = _View(exploration.slots)
    return tuple(_reached(exploration, goal, view) for goal in goals)


def _reached(exploration: Exploration, goal: Goal, view: _View) -> Reached:
    count, first, last, nearest = 0, None, 0, None
    for steps, level in enumerate(exploration.levels()):
        met = (state for state in level if goal.is_met(*view(state)))
        for state in met:
            count, last = count + 1, steps
            if nearest is None:
                first, nearest = steps, state
    if nearest is None or first is None:
        return Reached(goal.name)
    return Reached(goal.name, count, first, last, exploration.run_to(first, nearest))


class _View:
    """What a goal is shown of a state, put together from what each slot contributes."""

    def __init__(self, slots: Slots) -> None:
        compiled = slots.compiled
        self._nodes = compiled.nodes
        self._states: list[list[Any]] = [
            [compiled.cores[slot.core].state for slot in of_node] for of_node in slots.slots
        ]
        self._messages = [
            [tuple(compiled.contents[m] for m in (*slot.inbox, *slot.held)) for slot in of_node]
            for of_node in slots.slots
        ]

    def __call__(
        self, state: State
    ) -> tuple[Mapping[NodeId, Any], Sequence[tuple[NodeId, NodeId, Value]]]:
        states = {
            name: of_node[slot]
            for name, of_node, slot in zip(self._nodes, self._states, state, strict=False)
        }
        pairs: Iterable[tuple[list[Any], int]] = zip(self._messages, state, strict=False)
        return states, [message for of_node, slot in pairs for message in of_node[slot]]
