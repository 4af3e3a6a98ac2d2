"""Running a trace again, changed: on the fast engine, leniently, and on to the end.

What fits of the changed choices is done, then the faults stop and everything left is delivered, so
that "passes" means: also when the run goes on until nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.judgements import asked_of
from counterpoint.model.search.minimise import Choices
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.settling import finish
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.search.walks.strategy import Uniform
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict
from counterpoint.model.world import Action

CONTINUATION_STEPS = 40
"""How long a random continuation goes on before everything left is delivered in a fixed order."""


def property_behind(trace: Trace, verdict: Verdict) -> str:
    """Return the name under which the scenario knows what a verdict is about.

    Raises:
        ValueError: it is no property, no invariant, and no handler that failed.
    """
    if trace.failure is not None and verdict.property == HANDLER_PROPERTY:
        return HANDLER_PROPERTY
    names = asked_of(trace.scenario)
    if verdict.property in names:
        return verdict.property
    known = ", ".join(names)
    raise ValueError(f"no property of this scenario is {verdict.property!r}; there are: {known}")


@dataclass(frozen=True, slots=True)
class Rerun:
    """A changed run, as far as it went, and whether the same property broke."""

    choices: Choices
    is_broken: bool


class Runner:
    """Runs changed choices of one scenario, and says whether one property broke."""

    def __init__(self, trace: Trace, verdict: Verdict) -> None:
        self.compiled = Compiled(trace.scenario)
        self.name = property_behind(trace, verdict)
        self._examiner = Examiner(self.compiled)

    def again(self, choices: Iterable[Action]) -> Rerun:
        """Run those choices that fit, then go on until nothing is left to do."""
        run = Simulation(self.compiled)
        failure = None
        try:
            for choice in choices:
                run.attempt(choice, leniently=True)
            if not self._is_broken_so_far(run):
                run.settle(())
                finish(run)
        except HandlerFailed as error:
            failure = str(error)
        return Rerun(tuple(run.choices), self._is_broken(run, failure))

    def prefixes(self, choices: Sequence[Action]) -> list[Simulation]:
        """Return the run before each choice and after the last, exactly as it was."""
        run = Simulation(self.compiled)
        found = [fork(run)]
        for choice in choices:
            try:
                done = run.attempt(choice)
            except HandlerFailed:
                break
            assert done, f"{choice!r} is not legal in the run that it comes from"
            found.append(fork(run))
        return found

    def fails_from(self, start: Simulation, random: Random) -> bool:
        """Continue a run at random, without further faults, and tell whether the property broke."""
        run = fork(start)
        strategy = Uniform()
        failure = None
        try:
            for _ in range(CONTINUATION_STEPS):
                if run.conditions.settled is not None:
                    break
                pick = strategy.pick(run, run.offers(), random)
                if pick is None:
                    break
                if isinstance(pick, int):
                    run.deliver(pick)
                else:
                    run.choose(pick)
            run.settle(())
            finish(run, random)
        except HandlerFailed as error:
            failure = str(error)
        return self._is_broken(run, failure)

    def _is_broken_so_far(self, run: Simulation) -> bool:
        is_over = self._examiner.reads(self.name) in ("operations", "states")
        return is_over and self._examiner.is_broken(run, self.name)

    def _is_broken(self, run: Simulation, failure: str | None) -> bool:
        return self._examiner.is_broken(run, self.name, failure)


def fork(run: Simulation) -> Simulation:
    """Return a copy of a run that goes its own way from here."""
    copy = Simulation(run.compiled)
    copy.node_states = list(run.node_states)
    copy.flights = list(run.flights)
    copy.held = list(run.held)
    copy.seen = list(run.seen)
    copy.conditions = run.conditions
    copy.choices = list(run.choices)
    copy.violated = run.violated
    return copy
