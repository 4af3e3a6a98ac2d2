"""When and how a walk interferes: a few faults at random moments, each run with kinds of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple
from weakref import WeakKeyDictionary

from counterpoint.model.kind import ActionKind, kinds_of, undone_by
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.world import Action

FAULTS_PER_WALK_MAX = 6
"""More faults than this hide each other; a run that needs more is found by other means."""


FOLLOWING_CHANCE = 0.2
"""How often, instead of being undone, an interference has its consequence: messages are lost to it."""


class FaultPlan:
    """The faults of one run: which kinds, at which steps, and how soon each is undone.

    Half the kinds of the scenario, at least one, take part in a run; a run in five has no fault. A kind
    takes part so many times as often as its weight says, and there are more faults then.
    """

    def __init__(self, compiled: Compiled, random: Random, steps: int) -> None:
        scenario, (possible, self._following) = compiled.scenario, _possible(compiled)
        self._weights = scenario.weights
        possible = [kind for kind in possible if self._weight(kind)]
        self._kinds = [kind for kind in possible if random.random() < 0.5 * self._weight(kind)]
        if possible and not self._kinds:
            self._kinds = [random.choice(possible)]
        uses = sum(_uses(kind, scenario) for kind in self._kinds)
        bound = FAULTS_PER_WALK_MAX if scenario.faults_max is None else scenario.faults_max
        most = min(uses, FAULTS_PER_WALK_MAX, bound)
        count = random.randint(0, most) if most and random.random() < 0.85 else 0
        for _ in range(round(max(map(self._weight, self._kinds), default=1.0)) - 1):
            count = max(count, random.randint(0, most))  # a heavy kind makes more of them
        self._moments = {random.randrange(steps) for _ in range(count)}
        self._patience = random.choice((0.02, 0.1, 0.3))
        self.quiet_until = 0 if count else sys.maxsize

    def act(self, run: Simulation, random: Random) -> bool:
        """Interfere, or undo an earlier interference, and tell whether anything was done."""
        step = len(run.choices)
        if step in self._moments:
            self._moments.discard(step)
            return self._fault(run, random)
        if not run.is_disturbed:
            self.quiet_until = min((m for m in self._moments if m > step), default=sys.maxsize)
            return False
        if random.random() >= self._patience:
            return False
        if self._following and random.random() < FOLLOWING_CHANCE:
            follows = random.choice(self._following)
            if any(map(run.attempt, _one_of(run.everywhere(follows), random))):
                return True
        return self.relent(run, random)

    def hurry(self, run: Simulation, random: Random) -> bool:
        """Interfere now, where nothing else is left to do, although it was to be later."""
        if not self._moments:
            return False
        self._moments.discard(min(self._moments))
        return self._fault(run, random)

    def relent(self, run: Simulation, random: Random) -> bool:
        """Undo one interference that is in force: restart, heal, release, mend, or one's own."""
        undo = [option for kind in run.compiled.undoing for option in run.everywhere(kind)]
        return bool(undo) and run.attempt(random.choice(undo))

    def _fault(self, run: Simulation, random: Random) -> bool:
        weights = list(map(self._weight, self._kinds))
        is_even = len(set(weights)) == 1
        kind = random.choice(self._kinds) if is_even else random.choices(self._kinds, weights)[0]
        return any(map(run.attempt, _instances(run, kind, random)))

    def _weight(self, kind: type[Action]) -> float:
        return self._weights.get(kind.kind, 1.0)


class _Possible(NamedTuple):
    """The kinds of fault that may begin in a scenario, and those that may follow from one."""

    faults: Sequence[type[Action]]
    following: Sequence[type[Action]]


_KNOWN: WeakKeyDictionary[Compiled, _Possible] = WeakKeyDictionary()


def _possible(compiled: Compiled) -> _Possible:
    """Return what may interfere, worked out once for all walks."""
    found = _KNOWN.get(compiled)
    if found is None:
        following = [kind for kind in compiled.kinds if _follows(kind, compiled.scenario)]
        found = _KNOWN[compiled] = _Possible(_faults(compiled.scenario), following)
    return found


def _faults(scenario: Scenario) -> list[type[Action]]:
    """Return the kinds of fault that may begin: those with a budget in its order, then the free ones."""
    faults = [
        kind
        for kind in kinds_of(scenario)
        if kind.is_fault and not undone_by(kind) and not _follows(kind, scenario)
    ]
    order = list(scenario.limits)
    return sorted(faults, key=lambda k: order.index(k.kind) if k.kind in order else len(order))


def _follows(kind: type[Action], scenario: Scenario) -> bool:
    """Tell whether a kind has no budget here, and happens only while another is in force."""
    return issubclass(kind, ActionKind) and bool(kind.needs) and kind.kind not in scenario.limits


def _uses(kind: type[Action], scenario: Scenario) -> int:
    budget = scenario.limits.get(kind.kind)
    return FAULTS_PER_WALK_MAX if budget is None else budget.per_run


def _instances(run: Simulation, kind: type[Action], random: Random) -> Iterable[Action]:
    """Return instances of a kind to try, one after the other, drawn from what it is about."""
    if not issubclass(kind, ActionKind):
        return _one_of(run.everywhere(kind), random)
    if not kind.is_open(run):
        return ()
    if kind.target == "message":
        if not run.flights:
            return ()
        message = run.flights[random.randrange(len(run.flights))]
        return _one_of(tuple(kind.of_message(run.compiled.contents[message])), random)
    if kind.target == "node":
        nodes = random.sample(run.compiled.nodes, len(run.compiled.nodes))
        return (one for node in nodes for one in _one_of(tuple(kind.candidates(run, node)), random))
    return _one_of(run.everywhere(kind), random)


def _one_of(actions: Iterable[Action], random: Random) -> tuple[Action, ...]:
    found = tuple(actions)
    if len(found) < 2:
        return found
    return (random.choice(found),)
