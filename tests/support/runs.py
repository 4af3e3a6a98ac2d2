"""Failing and random runs for tests of what reads traces."""

from __future__ import annotations

from functools import cache
from random import Random

from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Minimiser
from counterpoint.model.search.replay import run
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.walk import walk
from counterpoint.model.trace import Trace
from tests.support import failures
from tests.support.abd import abd
from tests.support.gossip import gossip


def random_trace(scenario: Scenario, seed: int) -> Trace:
    """Return one random run, faults included."""
    return run(scenario, walk(Compiled(scenario), Random(seed), "uniform").run.choices)


def failing_trace(scenario: Scenario) -> Trace:
    """Return the first failing run of a search, minimised."""
    compiled = Compiled(scenario)
    examiner = Examiner(compiled)
    for seed in range(20_000):
        found = walk(compiled, Random(seed), "swarm")
        name = examiner.broken(found.run, found.failure)
        if name is not None:
            choices = tuple(found.run.choices)
            return run(scenario, Minimiser(compiled, examiner).minimise(choices, name).choices)
    raise AssertionError(f"no run of {scenario.name} failed")


@cache
def abd_failure() -> Trace:
    """The minimised failure of the register whose reads do not write back."""
    return run(abd(writes_back=False), failures.ABD)


@cache
def abd_as_found() -> Trace:
    """A failure of the same register as a search found it, with faults that do not matter."""
    return run(abd(writes_back=False), failures.ABD_AS_FOUND)


@cache
def abd_without_faults() -> Trace:
    """A failure of the same register as a search found it, in which nothing went wrong before."""
    return run(abd(writes_back=False), failures.ABD_WITHOUT_FAULTS)


@cache
def gossip_failure() -> Trace:
    """A rumour that comes twice, because the network copied it."""
    return run(gossip(), failures.GOSSIP)


@cache
def abd_faults() -> Trace:
    """A run of the right register with a crash, a delay and a silent node."""
    return run(abd(), failures.ABD_FAULTS)
