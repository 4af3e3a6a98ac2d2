"""Searches of a test: what many runs of a scenario come to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import counterpoint as cp
from counterpoint.aio import Node, scenario
from counterpoint.model.forms import world_form
from counterpoint.model.search.walks.campaign import Budgets, Campaign
from counterpoint.model.values import digest_of

Program = Callable[[Node], Coroutine[Any, Any, None]]


def searched(given: cp.Scenario, runs: int, seed: int = 1) -> Campaign:
    """Return the campaign after so many runs."""
    campaign = Campaign(given, seed=seed, findings_max=2)
    for _ in campaign.search(Budgets(runs=runs)):
        pass
    return campaign


def found(given: cp.Scenario, runs: int, seed: int = 1) -> Any:
    """Return the counterexample of a search that finds one."""
    example = searched(given, runs, seed).counterexample()
    assert example is not None, f"nothing broke in {runs} runs"
    return example


def digests(trace: cp.Trace) -> list[str]:
    """Return a digest of every world of a run."""
    return [digest_of(world_form(world)) for world in trace.worlds]


def alone(program: Program, **more: Any) -> cp.Scenario:
    """Return the scenario of one program that calls nothing."""
    return scenario(nodes={"n": program}, answers=False, name="alone", **more)


def notes(given: cp.Scenario) -> list[str]:
    """Return what the nodes note in a run from start to rest, with what comes first done first."""
    trace = rested(given)
    return [cp.show(event.value) for event in trace.events if event.kind == "note"]


def rested(given: cp.Scenario) -> cp.Trace:
    """Return the run in which what is enabled first happens first, until nothing is left."""
    world = cp.run(given, ()).final
    choices: list[Any] = []
    while True:
        options = [o for o in cp.enabled(world) if not o.is_fault]
        if not options or len(choices) > 500:
            return cp.run(given, choices)
        choices.append(options[0])
        world = options[0].apply(world).world
