"""What an exploration reached: for each goal of the scenario where it is first met, and by which run.

Goals are looked for in the levels that an exploration keeps anyway, when it has ended: they cost it
nothing on its way, and it makes no difference how it came to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from counterpoint.model.scenario import Goal, Scenario
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.goals_asked import AskedGoal, OnTheWay
from counterpoint.model.values import NodeId
from counterpoint.model.view import Content
from counterpoint.model.world import Action

PackedState = tuple[int, ...]
"""The numbers that a state is made of: a slot for each node, the conditions, a memory."""


class Exploration(Protocol):
    """What both engines offer when they have ended, or were stopped."""

    scenario: Scenario
    slots: Slots

    @property
    def level_count(self) -> int:
        """How many levels were found."""
        ...

    def level(self, steps: int) -> Iterator[PackedState]:
        """Return the states that were found so many steps from the first one."""
        ...

    def run_to(self, steps: int, state: PackedState) -> tuple[Action, ...]:
        """Return the choices of a shortest run, so many steps long, to a state."""
        ...


@dataclass(frozen=True, slots=True)
class GoalReached:
    """What is known of a goal: a shortest run to the nearest state that meets it takes `first` steps
    and is `choices`; to the farthest, `last` steps. Without these no state that was found meets it.
    """

    goal: str
    first: int | None = None
    last: int | None = None
    choices: tuple[Action, ...] = ()

    @property
    def is_met(self) -> bool:
        """Whether any state that was found meets the goal."""
        return self.first is not None


def reached(exploration: Exploration) -> tuple[GoalReached, ...]:
    """Return what became of each goal, as far as the exploration went."""
    goals = exploration.scenario.goals
    if not goals:
        return ()
    view = _View(exploration.slots)
    return tuple(_reached(exploration, goal, view) for goal in goals)


def goals_met(scenario: Scenario, slots: Slots, state: PackedState) -> tuple[str, ...]:
    """Return the names of the goals that a state meets."""
    shown = _View(slots).shown(state)
    return tuple(goal.name for goal in scenario.goals if AskedGoal(goal).is_met(*shown))


def _reached(exploration: Exploration, goal: Goal, view: _View) -> GoalReached:
    """Look from the first level forwards and from the last one back; nothing between is looked at."""
    is_met = _teller(goal, view)

    def met(steps: int) -> PackedState | None:
        return next(filter(is_met, exploration.level(steps)), None)

    count = exploration.level_count
    for first in range(count):
        nearest = met(first)
        if nearest is not None:
            last = next(steps for steps in reversed(range(count)) if met(steps) is not None)
            return GoalReached(goal.name, first, last, exploration.run_to(first, nearest))
    return GoalReached(goal.name)


def _teller(goal: Goal, view: _View) -> Callable[[PackedState], bool]:
    """Return what tells whether a state meets a goal; one that asks for no messages is asked once of
    each combination of node states.
    """
    asked = AskedGoal(goal)
    if asked.asks_for_messages:
        return lambda state: asked.is_met(*view.shown(state))
    known: dict[tuple[int, ...], bool] = {}

    def is_met(state: PackedState) -> bool:
        key = view.node_states(state)
        found = known.get(key)
        if found is None:
            found = known[key] = asked.is_met(*view.shown(state))
        return found

    return is_met


class _View:
    """What a goal is shown of a state, put together from what each slot contributes."""

    def __init__(self, slots: Slots) -> None:
        compiled = slots.compiled
        self._node_states = [[slot.node_state for slot in of_node] for of_node in slots.slots]
        self._shown: list[list[tuple[NodeId, Any, OnTheWay]]] = [
            [
                (
                    node,
                    compiled.node_states[slot.node_state].state,
                    [compiled.contents[message] for message in (*slot.inbox, *slot.held)],
                )
                for slot in of_node
            ]
            for node, of_node in zip(compiled.nodes, slots.slots, strict=True)
        ]

    def node_states(self, state: PackedState) -> tuple[int, ...]:
        """Return the numbers of what the nodes know, timers and calls."""
        pairs = zip(self._node_states, state, strict=False)
        return tuple(of_node[slot] for of_node, slot in pairs)

    def shown(self, state: PackedState) -> tuple[Mapping[NodeId, Any], OnTheWay]:
        """Return the states of the nodes, and the messages on their way, with those held back."""
        # One loop for both, which is asked of every state of a level.
        states: dict[NodeId, Any] = {}
        messages: list[Content] = []
        for of_node, slot in zip(self._shown, state, strict=False):
            node, of_state, sent = of_node[slot]
            states[node] = of_state
            if sent:
                messages += sent
        return states, messages
