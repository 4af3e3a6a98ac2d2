"""Goals, asked: whether a state is one, by every search, and which goals no run has met yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, TypeAlias

from counterpoint.model.arguments import takes_second
from counterpoint.model.mistakes import AUTHORS_ERRORS, BadScenario, place_of, told
from counterpoint.model.reaction import NodeState
from counterpoint.model.scenario import Goal, Scenario
from counterpoint.model.values import NodeId, Value

OnTheWay: TypeAlias = Sequence[tuple[NodeId, NodeId, Value]]
"""Messages, each with its source and its destination."""

LOOKED_AT_MAX = 100_000
"""So many states are remembered as looked at; then it begins anew."""


class AskedGoal:
    """A goal, and whether its function asks for messages: that is found out once."""

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.asks_for_messages = asks_for_messages(goal)

    def is_met(self, states: Mapping[NodeId, Any], messages: OnTheWay) -> bool:
        """Tell whether a state meets it.

        Raises:
            BadScenario: its function raised; the text has the author's line.
        """
        goal = self.goal
        try:
            if self.asks_for_messages:
                return bool(goal.is_met(states, messages))
            return bool(goal.is_met(states))
        except AUTHORS_ERRORS as error:
            raise BadScenario(
                f"goal {goal.name!r} raised {told(error)} ({place_of(error)}); is_met(states, "
                "messages), or is_met(states), tells of any state whether it is one"
            ) from error


def asks_for_messages(goal: Goal) -> bool:
    """Tell whether the function of a goal takes a second argument: the messages on their way.

    >>> [asks_for_messages(Goal("g", f)) for f in (lambda states: True, lambda states, sent: True)]
    [False, True]
    """
    return takes_second(goal.is_met, "messages")


class GoalsLeft:
    """The goals that no run has met yet; false when there are none left."""

    def __init__(self, scenario: Scenario, node_states: Sequence[NodeState]) -> None:
        self._nodes = scenario.system.nodes
        self._node_states = node_states
        self._left = [AskedGoal(goal) for goal in scenario.goals]
        self._looked_at: set[tuple[int, ...]] = set()

    def __bool__(self) -> bool:
        return bool(self._left)

    @property
    def names(self) -> Collection[str]:
        """Their names."""
        return [asked.goal.name for asked in self._left]

    def strike(self, names: Collection[str]) -> None:
        """Strike off goals that were met elsewhere."""
        self._left = [asked for asked in self._left if asked.goal.name not in names]

    def among(self, node_states: Sequence[NodeState]) -> GoalsLeft:
        """Return the goals that are left, to be looked for among other node states."""
        other = copy(self)
        other._node_states, other._looked_at = node_states, set()
        return other

    def look_at(self, node_states: tuple[int, ...], messages: OnTheWay) -> None:
        """Strike off what is met by these node states of all nodes, and these messages."""
        is_new = node_states not in self._looked_at
        if is_new:
            if len(self._looked_at) > LOOKED_AT_MAX:
                self._looked_at.clear()
            self._looked_at.add(node_states)
        asked = [one for one in self._left if is_new or one.asks_for_messages]
        if not asked:
            return
        states = {
            n: self._node_states[c].state for n, c in zip(self._nodes, node_states, strict=True)
        }
        met = [one for one in asked if one.is_met(states, messages)]
        self._left = [one for one in self._left if one not in met]
