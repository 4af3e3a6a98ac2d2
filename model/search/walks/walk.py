"""One random run from start to rest: interference for a while, then calm until nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.running import while_running
from counterpoint.model.search.settling import settle
from counterpoint.model.search.walks.interfere import FaultPlan
from counterpoint.model.search.walks.strategy import StrategyName, strategy_for
from counterpoint.model.world import Action

FURTHER_CHANCE = 0.1
"""How often a further kind is done, such as a timer of programs, where there is one."""


EARLY_CHANCE = 0.5
"""How often, where nodes are told of failures, the faults stop earlier than is drawn: what they are told
then comes in the middle of things, and who has failed by then stays so."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A finished walk, and what a handler raised if that is how it ended."""

    run: Simulation
    failure: str | None = None


def walk(compiled: Compiled, random: Random, strategy: StrategyName) -> Walk:
    """Return one random run of a scenario."""
    run = Simulation(compiled)
    try:
        with while_running(compiled.scenario.system):
            _interfered(run, random, strategy)
            settle(run, random)
    except HandlerFailed as error:
        return Walk(run, str(error))
    except NotDeterministic as error:
        raise error.at(len(run.choices) - 1) from None
    return Walk(run)


def _interfered(run: Simulation, random: Random, strategy: StrategyName) -> None:
    scenario = run.compiled.scenario
    shortest, longest = scenario.walk_steps
    steps = random.randint(shortest, longest)
    if scenario.detector is not None and random.random() < EARLY_CHANCE:
        steps = random.randint(1, max(steps, 1))
    chooser = strategy_for(strategy, random, steps, scenario.weights.get("fire", 1.0))
    interference = FaultPlan(run.compiled, random, steps)
    pick, deliver, further = chooser.pick, run.deliver, run.compiled.further
    choices = run.choices
    chance = _chance_of_further(run)
    for _ in range(steps):
        if len(choices) >= interference.quiet_until and interference.act(run, random):
            continue
        if further and random.random() < chance and _do_further(run, random):
            continue
        choice = pick(run, run.offers(), random)
        if choice is None:
            if not (
                (chance > FURTHER_CHANCE and random.random() < chance and _do_further(run, random))
                or interference.relent(run, random)
                or _do_further(run, random)
                or (further and interference.hurry(run, random))
            ):
                return
        elif isinstance(choice, int):
            deliver(choice)
        else:
            run.choose(choice)


def _do_further(run: Simulation, random: Random) -> bool:
    """Do something of a further kind, and tell whether anything was done."""
    options = [action for kind in run.compiled.further for action in run.everywhere(kind)]
    weights = [_weight(run, action) for action in options]
    if len(set(weights)) > 1:  # without, the runs of a seed are what they are with equal weights
        return run.attempt(random.choices(options, weights)[0])
    return bool(options) and run.attempt(random.choice(options))


def _chance_of_further(run: Simulation) -> float:
    """Return how likely a step is of a further kind, of which the one with the most weight decides."""
    return FURTHER_CHANCE * max((_weight(run, kind) for kind in run.compiled.further), default=1.0)


def _weight(run: Simulation, what: Action | type[Action]) -> float:
    return run.compiled.scenario.weights.get(what.kind, 1.0)
