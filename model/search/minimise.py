"""From a failing run to a short one: leave out choices as long as the same property stays broken.

Choices are named by content, so leaving one out renames no other; a run without it is replayed
leniently. First runs of choices are left out, then single ones, until none can be (delta debugging:
Zeller and Hildebrandt, IEEE TSE 28(2), 2002); then the run is put in an order that stays at one
node as long as it can, and leaving out is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic

from counterpoint.model.actions import Settle
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.scenario import Scenario
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.running import while_running
from counterpoint.model.search.settling import finish
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.trace import Trace
from counterpoint.model.world import Action

Choices = tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Minimised:
    """A shorter run that breaks the same property, and whether the time was enough to be sure."""

    choices: Choices
    tried: int
    is_fixpoint: bool


class _OutOfTime(Exception):
    pass


class Minimiser:
    """Shortens failing runs of one scenario. Shares the compiled form, so that tries are cheap."""

    def __init__(self, compiled: Compiled, examiner: Examiner) -> None:
        self._compiled = compiled
        self._examiner = examiner
        self._deadline = float("inf")
        self._tried = 0
        self._best: Choices = ()
        self._takes_newest = False

    def minimise(
        self, choices: Sequence[Action], name: str, seconds: float = 5.0, *, closely: bool = False
    ) -> Minimised:
        """Return a run as short as leaving out gets it, that still breaks the property `name`.

        Where the content of a message is gone, the oldest one like it stands in; `closely`, that the
        newest does is tried as well, in half as much time again.

        Raises:
            ValueError: the run does not break that property in the first place.
        """
        self._deadline, self._tried, self._takes_newest = monotonic() + seconds, 0, False
        best = self._fails(tuple(choices), name)
        if best is None and self._is_broken_as_it_is(choices, name):
            # It ends otherwise when the rest is played out in order: then nothing can be left out.
            return Minimised(tuple(choices), self._tried, False)
        if best is None:
            raise ValueError(f"this run does not break {name!r}: there is nothing to minimise")
        try:
            while True:
                shorter = best
                for self._takes_newest in (False, True) if closely else (False,):
                    shorter = self._leave_out(shorter, name)
                shorter = self._untangle(shorter, name)
                if shorter == best:
                    return Minimised(best, self._tried, True)
                best = shorter
        except _OutOfTime:
            return Minimised(self._best, self._tried, False)

    def broken(
        self,
        choices: Choices,
        name: str,
        *,
        length_max: int | None = None,
        takes_newest: bool = False,
    ) -> Choices | None:
        """Return the run of those choices that fit, up to the violation; None if there is none.

        With `length_max` a run that must end to be judged is left where it becomes longer.
        """
        self._takes_newest = takes_newest
        with while_running(self._compiled.scenario.system):
            return self._run(choices, name, length_max)

    def _is_broken_as_it_is(self, choices: Sequence[Action], name: str) -> bool:
        run = Simulation(self._compiled)
        return all(map(run.attempt, choices)) and self._examiner.is_broken(run, name)

    def _leave_out(self, best: Choices, name: str) -> Choices:
        size = max(len(best) // 2, 1)
        while True:
            best, progress = self._leave_out_runs(best, name, size)
            if size == 1 and not progress:
                return best
            size = max(size // 2, 1)

    def _leave_out_runs(self, best: Choices, name: str, size: int) -> tuple[Choices, bool]:
        position, progress = len(best) - size, False
        while position > -size:
            start = max(position, 0)
            left = best[:start] + best[start + size :]
            shorter = self._fails(left, name, length_max=len(best) - 1)
            if shorter is not None and len(shorter) < len(best):
                best, progress = shorter, True
                position = min(position, len(best))
            position -= size
        return best, progress

    def _untangle(self, best: Choices, name: str) -> Choices:
        """Reorder along happens-before, staying at one node as long as possible."""
        ordered = fewer_switches(run_reference(self._compiled.scenario, best))
        if switches(ordered) < switches(best):
            result = self._fails(ordered, name, length_max=len(best))
            if result is not None and _measure(result) < _measure(best):
                return result
        return best

    def _fails(self, choices: Choices, name: str, length_max: int | None = None) -> Choices | None:
        """Return the run of those choices that fit, up to the violation; None if there is none.

        With `length_max` none is looked for that is longer.
        """
        if self._tried and monotonic() > self._deadline:
            raise _OutOfTime
        self._tried += 1
        with while_running(self._compiled.scenario.system):
            result = self._run(choices, name, length_max)
        if result is not None and (self._tried == 1 or _measure(result) < _measure(self._best)):
            self._best = result
        return result

    def _run(self, choices: Choices, name: str, length_max: int | None = None) -> Choices | None:
        run, examiner = Simulation(self._compiled), self._examiner
        is_about_the_end = examiner.reads(name) in ("end", "trace")
        length = len(run.seen)
        rest: Choices = ()
        try:
            for position, choice in enumerate(choices):
                run.attempt(choice, leniently=True, takes_newest=self._takes_newest)
                if is_about_the_end:
                    if isinstance(choice, Settle):
                        rest = choices[position + 1 :]
                        break
                elif run.violated == name or len(run.seen) > length:
                    length = len(run.seen)
                    if examiner.is_broken(run, name):
                        return tuple(run.choices)
            if is_about_the_end and run.conditions.settled is not None:
                finish(run, timers=rest, length_max=length_max)
        except HandlerFailed as error:
            return tuple(run.choices) if examiner.is_broken(run, name, str(error)) else None
        is_too_long = length_max is not None and len(run.choices) > length_max
        if is_about_the_end and not is_too_long and examiner.is_broken(run, name):
            return tuple(run.choices)
        return None


def size_of(choices: Sequence[Action]) -> tuple[int, int]:
    """How long a counterexample is: choices, and how many of them are faults."""
    return len(choices), sum(choice.is_fault for choice in choices)


def _measure(choices: Choices) -> tuple[int, int, int]:
    """What shorter means: fewer choices, then fewer faults, then fewer changes of node."""
    return (*size_of(choices), switches(choices))


def switches(choices: Sequence[Action]) -> int:
    """Return how often a run goes from one node to another."""
    return sum(a.at != b.at for a, b in pairwise(choices))


def fewer_switches(trace: Trace) -> Choices:
    """Return the choices of a run, reordered along happens-before to stay at one node.

    Two choices keep their order if they act at one node, if one sends the message that the other
    is about, or if one of them acts on the network as a whole.
    """
    before = _dependencies(trace)
    rest, order = list(range(len(trace.choices))), list[int]()
    here: object = None
    while rest:
        ready = [k for k in rest if before[k].isdisjoint(rest)]
        chosen = next((k for k in ready if trace.choices[k].at == here), ready[0])
        rest.remove(chosen)
        order.append(chosen)
        here = trace.choices[chosen].at
    return tuple(trace.choices[k] for k in order)


def _dependencies(trace: Trace) -> list[set[int]]:
    step_of = {event.id: event.step for event in trace.events}
    before: list[set[int]] = [set() for _ in trace.choices]
    for event in trace.events:
        for cause in event.causes:
            if 0 <= step_of[cause] < event.step:
                before[event.step].add(step_of[cause])
    latest: dict[object, int] = {}
    barrier = -1
    for k, choice in enumerate(trace.choices):
        if barrier >= 0:
            before[k].add(barrier)
        if choice.at is None or choice.is_fault:
            before[k].update(range(k))
            barrier = k
        elif choice.at in latest:
            before[k].add(latest[choice.at])
        latest[choice.at] = k
    return before


def minimiser_for(scenario: Scenario) -> Minimiser:
    """Return a minimiser with tables of its own."""
    compiled = Compiled(scenario)
    return Minimiser(compiled, Examiner(compiled))
