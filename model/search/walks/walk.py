"""One random run from start to rest: interference for a while, then calm until nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.compiled import Choice, Compiled
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.walks.interfere import Interference
from counterpoint.model.search.walks.strategy import StrategyName, strategy_for

SETTLE_STEPS_MAX = 5_000
"""A run that is not at rest this long after the faults stopped is reported as it is."""

TIMER_ROUNDS_MAX = 40


@dataclass(frozen=True, slots=True)
class Walk:
    """A finished walk, and what a handler raised if that is how it ended."""

    run: Simulation
    failure: str | None = None


def walk(compiled: Compiled, random: Random, strategy: StrategyName) -> Walk:
    """Return one random run of a scenario."""
    run = Simulation(compiled)
    try:
        _interfered(run, random, strategy)
        settle(run, random)
    except HandlerFailed as error:
        return Walk(run, str(error))
    except NotDeterministic as error:
        raise error.at(len(run.choices) - 1) from None
    return Walk(run)


def _interfered(run: Simulation, random: Random, strategy: StrategyName) -> None:
    shortest, longest = run.compiled.scenario.steps
    steps = random.randint(shortest, longest)
    chooser = strategy_for(strategy, random, steps)
    interference = Interference(run.compiled.scenario, random, steps)
    pick, deliver = chooser.pick, run.deliver
    for _ in range(steps):
        if interference.is_active and interference.act(run, random):
            continue
        choice = pick(run, run.offers(), random)
        if choice is None:
            if not interference.relent(run, random):
                return
        elif isinstance(choice, int):
            deliver(choice)
        else:
            run.choose(choice)


def settle(run: Simulation, random: Random) -> None:
    """Stop the faults, draw who stays silent for good, and go on until the run is at rest."""
    groups = run.compiled.tolerated_failures(run.conditions)
    run.settle(random.choice(groups) if random.random() < 0.5 else groups[0])
    finish(run, random)


def finish(run: Simulation, random: Random | None = None) -> None:
    """Go on, after the faults have stopped, until nothing is left to do.

    Messages arrive in random order (the oldest first without `random`) as long as no timer is
    needed; from then on everything goes round in one fixed order, so that a run that never ends
    comes back to a state it was in.
    """
    for node in run.conditions.down:
        run.restart(node)
    _drain(run, random)
    seen = {run.identity()}
    for _ in range(TIMER_ROUNDS_MAX):
        if not _fire_all(run):
            return
        _drain(run, None)
        if run.identity() in seen:
            return
        seen.add(run.identity())


def _drain(run: Simulation, random: Random | None) -> None:
    """Deliver and call until only timers are left, and what cannot arrive any more."""
    for _ in range(SETTLE_STEPS_MAX):
        ready: Sequence[int] = range(len(run.flights))
        if not run.is_calm or run.compiled.scenario.network == "ordered":
            ready = [position for position in ready if run.can_arrive(position)]
        if ready:
            run.deliver(random.choice(ready) if random else ready[0])
            continue
        calls = [offer for offer in run.offers() if offer.is_call and _is_well(run, offer)]
        if not calls:
            return
        run.choose(random.choice(calls) if random else calls[0])


def _fire_all(run: Simulation) -> bool:
    """Let every armed timer of a well node go off once, if anybody still waits for an answer."""
    if not any(True for _ in run.pending()):
        return False
    timers = [offer for offer in run.offers() if not offer.is_call and _is_well(run, offer)]
    for timer in timers:
        if timer in run.compiled.choices[run.cores[timer.node]]:
            run.choose(timer)
    return bool(timers)


def _is_well(run: Simulation, offer: Choice) -> bool:
    return run.compiled.nodes[offer.node] not in (run.conditions.settled or ())
