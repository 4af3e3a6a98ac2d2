"""A spot check of the claim behind symmetry: some runs, and what they would be by other names.

Along random runs two interchangeable nodes are exchanged in each state: what can happen there must be
what can happen here by other names, the same invariant broken, the same goals met. It is no proof: a
claim that passes may still be wrong. A search that counts all states without symmetry is one.
"""

from __future__ import annotations

from itertools import combinations
from random import Random

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.node_steps import HandlerBroke
from counterpoint.model.search.engine.semantics import NoOp
from counterpoint.model.search.exploration.explore import Explorer
from counterpoint.model.search.exploration.goals import goals_met
from counterpoint.model.search.exploration.symmetry import (
    Exchange,
    has_no_counterpart,
    not_interchangeable,
)
from counterpoint.model.world import Action

CHECKS_MAX, RUN_STEPS_MAX = 100, 50
"""So many states are looked at, in runs of so many steps at most."""


def spot_check(
    scenario: Scenario, *, no_op: NoOp | None, is_lossy: bool, history: bool, seed: int = 1
) -> None:
    """Compare some states of random runs with themselves by other names.

    Its tables are its own: what an exploration counts is not touched.

    Raises:
        NotInterchangeable: two nodes of a group are not alike.
    """
    states = _States(scenario, no_op=no_op, is_lossy=is_lossy, history=history)
    chance, left = Random(seed), CHECKS_MAX
    while left > 0:
        try:
            left -= states.checked_run(chance, min(left, RUN_STEPS_MAX))
        except NotDeterministic:  # for the exploration to tell
            return


class _States(Explorer):
    """The states of a scenario, by number, without symmetry."""

    def checked_run(self, chance: Random, steps_max: int) -> int:
        """Check the states of one run; return how many."""
        groups = self.scenario.symmetric
        pairs = [pair for group in groups for pair in combinations(group, 2)]
        swaps = [(a, b, Exchange(self.slots, self.memories, {a: b, b: a})) for a, b in pairs]
        here = self._start
        for step in range(1, steps_max + 1):
            one, other, swap = chance.choice(swaps)
            unlike = self._difference(here, swap, step)
            if unlike:
                raise not_interchangeable(one, other, unlike)
            following = self._following(here)
            if not following:
                return step
            here = chance.choice(sorted(following))
        return steps_max

    def _difference(self, here: int, swap: Exchange, step: int) -> str:
        """Say how a state differs from itself by other names; empty where it does not."""
        there = self._image(here, swap)
        if self._broken_in(here) != self._broken_in(there):
            name = self._broken_in(here) or self._broken_in(there)
            return f"whether {name!r} holds after step {step - 1} depends on their names"
        unlike = set(self._met_in(here)) ^ set(self._met_in(there))
        if unlike:
            return f"whether {min(unlike)!r} is met after step {step - 1} depends on their names"
        states = {state: self._following(state) for state in (here, there)}
        for state, other in ((here, there), (there, here)):
            action = self._without_counterpart(state, states[state], states[other], swap)
            if action is not None:
                return has_no_counterpart(action, step)
        return ""

    def _broken_in(self, state: int) -> str | None:
        return self.memories.broken[self._packed.memory(state)] or self._violated_invariant(state)

    def _met_in(self, state: int) -> tuple[str, ...]:
        if not self.scenario.goals:
            return ()
        return goals_met(self.scenario, self.slots, tuple(self._packed.fields(state)))

    def _without_counterpart(
        self, here: int, after: set[int] | None, after_there: set[int] | None, swap: Exchange
    ) -> Action | None:
        """Return an action that does here what none does there; None of states: a handler fails."""
        if after is None:
            return None if after_there is None else self._failing(here)
        for state in sorted(after):
            if after_there is not None and self._image(state, swap) not in after_there:
                return self._action_to(state, here)
        return None

    def _following(self, state: int) -> set[int] | None:
        """Return the successors of a state, None if a handler fails there."""
        found: list[int] = []
        try:
            self._packed.add_successors(state, found)
        except HandlerBroke:
            return None
        return set(found)

    def _image(self, state: int, swap: Exchange) -> int:
        return self._packed.state(swap.state(self._packed.fields(state)))
