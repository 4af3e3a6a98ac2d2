"""Runs near a failing one: part of its choices again, and then on at random.

Leaving out choices ends where no single one can go, which need not be the shortest run there is. A
run that follows some of the choices that matter and then its own way often breaks the same property
by another way, from which leaving out leads on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.walks.strategy import DEFAULT, strategy_for
from counterpoint.model.search.walks.walk import Walk
from counterpoint.model.world import Action

LEFT_OUT_MAX = 0.5
"""Each try leaves out up to this share of the choices that it follows."""


def nearby(compiled: Compiled, choices: Sequence[Action], random: Random) -> Walk:
    """Return a run that follows some of these choices, without any further fault, and is not settled."""
    run = Simulation(compiled)
    try:
        for choice in _kept(choices, random):
            run.attempt(choice, leniently=True)
        _go_on(run, len(choices), random)
    except HandlerFailed as error:
        return Walk(run, str(error))
    except NotDeterministic as error:
        raise error.at(len(run.choices) - 1) from None
    return Walk(run)


def _kept(choices: Sequence[Action], random: Random) -> Iterator[Action]:
    chance = random.random() * LEFT_OUT_MAX
    followed = random.randrange(len(choices) + 1)
    return (choice for choice in islice(choices, followed) if random.random() >= chance)


def _go_on(run: Simulation, steps: int, random: Random) -> None:
    chooser = strategy_for(DEFAULT, random, max(steps, 1))
    for _ in range(steps):
        choice = chooser.pick(run, run.offers(), random)
        if choice is None:
            return
        if isinstance(choice, int):
            run.deliver(choice)
        else:
            run.choose(choice)
