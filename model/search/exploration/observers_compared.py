"""A spot check of the observers that an author brings: some random runs, and what checks say of them.

An exploration asks observers alone. One that misses what its check finds would let a wrong system
hold, so the two are compared first, as walks do now and then. It is no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from random import Random

from counterpoint.model.claims import Property
from counterpoint.model.determinism import NotDeterministic
from counterpoint.model.mistakes import BadScenario, is_ours
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled, EnginesDisagree
from counterpoint.model.search.exploration.asked_observers import after_observing, breaks
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.properties import answer_of
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.world import Action

RUNS = 24
"""So many random runs are compared."""


def compare_observers(scenario: Scenario, *, runs: int = RUNS, seed: int = 1) -> None:
    """Compare what observers and checks say of some random runs, but for observers of our own.

    Raises:
        BadScenario: they differ, or one of them is wrong in itself.
    """
    brought = [
        (prop, prop.observer)
        for prop in scenario.properties
        if prop.reads == "operations" and prop.observer is not None and not is_ours(prop.observer)
    ]
    if not brought:
        return
    compiled = Compiled(scenario)
    for number in range(runs):
        try:
            run = walk(compiled, Random(seed + number), "mixed").run
        except NotDeterministic:  # for the exploration to tell
            return
        seen = _seen_in_steps(compiled, run.choices)
        for prop, observer in brought:
            _compare(scenario, prop, observer, seen)


def _seen_in_steps(compiled: Compiled, choices: Sequence[Action]) -> list[list[Observation]]:
    """Return what is seen at the start of a run, and in each of its steps."""
    run, seen = Simulation(compiled), [list(compiled.start_seen)]
    with suppress(HandlerFailed):  # which the exploration tells of; nothing is seen of that step
        for choice in choices:
            before = len(run.seen)
            if not run.attempt(choice):
                raise EnginesDisagree(f"{choice!r} was done, and cannot be done again")
            seen.append(run.seen[before:])
    return [[compiled.observations[number] for number in numbers] for numbers in seen]


def _compare(
    scenario: Scenario, prop: Property, observer: Observer, steps: list[list[Observation]]
) -> None:
    """Compare what is said of a run. An exploration judges what is remembered after each step."""
    memory, says = observer.initial, False
    for observations in filter(None, steps):
        memory = after_observing(prop.name, observer, memory, observations)
        says |= breaks(prop.name, observer, memory)
    seen = [observation for observations in steps for observation in observations]
    verdict = answer_of(prop, history_trace(scenario, seen))
    if says != verdict.is_broken:
        claims = ("is not broken", "is broken")
        raise BadScenario(
            f"the observer of property {prop.name!r} says that it {claims[says]} by a history of "
            f"{len(seen)} observations, and its check that it {claims[not says]}: {verdict.summary}; "
            "an exploration asks the observer alone, so it must say what the check says"
        )
