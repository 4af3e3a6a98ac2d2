"""Judging fast runs: properties of histories from the observations alone, the rest by replay.

Two runs in which the same things were seen in the same order get the same verdict, so that where
histories come back each is judged once per search. Observers that are carried along say of most runs
that nothing is broken, and now and then the checks are asked whether they say so, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from counterpoint.model.fault_state import OpenCall
from counterpoint.model.mistakes import BadScenario, is_ours
from counterpoint.model.owed import is_owed
from counterpoint.model.scenario import Property
from counterpoint.model.search.cut_runs import calls_to_come
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled, EnginesDisagree
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Ruling, ruling_of
from counterpoint.model.search.properties import answer_of, verdict_of
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.replay import run as run_reference
from counterpoint.model.search.walks.carried import CarriedObservers, CarriedRulings
from counterpoint.model.search.walks.glanced import Glanced
from counterpoint.model.search.walks.judged_histories import JudgedHistories
from counterpoint.model.trace import Trace
from counterpoint.model.verdict import Verdict, holds, undecided

ASK_CHECKS_EVERY = 64
"""Of so many histories that observers judge the checks are asked of one."""

ASK_CHECKS_OF_GROWING_EVERY = 512
"""Of so many that were judged while they grow: each of them was judged many times."""

HELD = frozenset({"holds"})
"""What observers and glances mean of a history that is over."""

NOT_BROKEN = frozenset({"holds", "undecided"})
"""What they mean of one that grows: there may not be enough to examine yet."""


class Examiner:
    """Judges finished simulations, and tells which property one breaks. Keeps what it has said."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        scenario = compiled.scenario
        self._of_states = tuple(Ruling(i.name, "holds") for i in scenario.invariants)
        self._of_history = tuple(p for p in scenario.properties if p.reads == "operations")
        self._of_end = tuple(p for p in scenario.properties if p.reads == "end")
        self._of_trace = tuple(p for p in scenario.properties if p.reads == "trace")
        self._about_answers = {
            p.name: Ruling(p.name, "holds") for p in self._of_end if p.is_about_answers
        }
        self.judged = JudgedHistories()
        self.judged_by_now = JudgedHistories()
        self.carried = CarriedObservers(self._of_history, compiled.observations)
        self.glanced = Glanced(self._of_history, compiled.observations)

    def of(self, compiled: Compiled) -> Examiner:
        """Return the judge of runs with other calls; it remembers what this one does."""
        if compiled is self._compiled:
            return self
        assert compiled.observations is self._compiled.observations, "other tables, other numbers"
        other = copy(self)
        other._compiled = compiled
        return other

    def rulings(self, run: Simulation, failure: str | None = None) -> tuple[Ruling, ...]:
        """Return what is to be counted of a finished run, the first that is broken being last.

        What a broken run says of the properties after the broken one is not asked.
        """
        if failure is not None:
            return (Ruling(HANDLER_PROPERTY, "broken"),)
        if run.violated is not None:
            return (Ruling(run.violated, "broken"),)
        found = (*self._of_states, *self._history_rulings(run.seen))
        if found and found[-1].outcome == "broken":
            return found
        for prop in (*self._of_end, *self._of_trace):
            answered = self._about_answers.get(prop.name)
            if answered is not None and self._is_all_answered(run):
                found = (*found, answered)
                continue
            found = (*found, ruling_of(self._verdict(prop, run)))
            if found[-1].outcome == "broken":
                break
        return found

    def broken(self, run: Simulation, failure: str | None = None) -> str | None:
        """Return the name of the first broken property, None if all hold as far as was seen."""
        return broken_among(self.rulings(run, failure))

    def is_broken(self, run: Simulation, name: str, failure: str | None = None) -> bool:
        """Tell whether one property, by name, is broken."""
        if failure is not None or name == HANDLER_PROPERTY:
            return failure is not None and name == HANDLER_PROPERTY
        if self.reads(name) == "states":
            return run.violated == name
        prop = next((p for p in self._compiled.scenario.properties if p.name == name), None)
        if prop is None:
            raise ValueError(f"no property {name!r} in this scenario")
        if prop.reads == "operations":
            if self.carried.is_unbroken(name, run.seen):
                return False
            return answer_of(prop, self._history(run.seen)).is_broken
        return self._verdict(prop, run).is_broken

    def reads(self, name: str) -> str:
        """Return what a property reads, "states" for an invariant; that of handlers, the history."""
        if any(invariant.name == name for invariant in self._compiled.scenario.invariants):
            return "states"
        properties = self._compiled.scenario.properties
        return next((p.reads for p in properties if p.name == name), "operations")

    def is_of_ends(self, name: str) -> bool:
        """Tell whether a property is judged only of runs that were brought to their end."""
        properties = self._compiled.scenario.properties
        return any(p.is_of_ends for p in properties if p.name == name)

    def following(self) -> Callable[[list[int]], str | None]:
        """Begin a run that is judged as it grows.

        What comes back is asked of all that was seen so far, and returns the first property of
        histories that is broken by it, None if none is.
        """
        return partial(self._broken_by_now, self.glanced.following())

    def _broken_by_now(
        self, glance: Callable[[Sequence[int]], CarriedRulings], seen: list[int]
    ) -> str | None:
        told = self._told(seen, glance, NOT_BROKEN, ASK_CHECKS_OF_GROWING_EVERY)
        if None not in told:
            return None
        return broken_among(self.judged_by_now.ruled(tuple(seen), partial(self._checked, told)))

    # Histories.

    def _history_rulings(self, seen: list[int]) -> tuple[Ruling, ...]:
        told = self._told(seen, self.glanced.told, HELD)
        found = tuple(ruling for ruling in told if ruling is not None)
        if len(found) == len(told):
            return found
        return self.judged.ruled(tuple(seen), partial(self._checked, told))

    def _told(
        self,
        seen: list[int],
        glance: Callable[[Sequence[int]], CarriedRulings],
        meant: frozenset[str],
        ask_every: int = ASK_CHECKS_EVERY,
    ) -> CarriedRulings:
        """Return what observers and glances say; now and then checks are asked if they `meant` it."""
        told = self.carried.told(seen)
        if self.glanced:
            told = tuple(one or other for one, other in zip(told, glance(seen), strict=True))
        is_told = self.carried.pays or self.glanced
        if is_told and self.carried.told_count % ask_every == 1:
            self._compare(told, seen, meant)
        return told

    def _checked(self, told: CarriedRulings, seen: Sequence[int]) -> Iterator[Ruling]:
        trace = self._history(seen)
        for prop, known in zip(self._of_history, told, strict=True):
            ruling = known or ruling_of(answer_of(prop, trace))
            yield ruling
            if ruling.outcome == "broken":
                return

    def _compare(self, told: CarriedRulings, seen: Sequence[int], meant: frozenset[str]) -> None:
        """Ask the checks what the observers and glances have said, which `meant` one of these outcomes.

        Raises:
            BadScenario: they say something else; EnginesDisagree where it is ours.
        """
        trace = self._history(seen)
        for prop, known in zip(self._of_history, told, strict=True):
            found = known and ruling_of(answer_of(prop, trace))
            if found is not None and found.outcome not in meant:
                who, told_by = (
                    ("observer", prop.observer) if prop.glance is None else ("glance", prop.glance)
                )
                claim = "holds" if meant == HELD else "is not broken"
                mistake = EnginesDisagree if is_ours(told_by) else BadScenario
                raise mistake(
                    f"the {who} of {prop.name!r} says that it {claim} of a history, and its "
                    f"check that it is {found.outcome}: the {who} says so of too many histories"
                )

    def _history(self, seen: Sequence[int]) -> Trace:
        observations = self._compiled.observations
        return history_trace(self._compiled.scenario, [observations[o] for o in seen])

    # Ends, and whole runs.

    def _verdict(self, prop: Property, run: Simulation) -> Verdict:
        """Return what a property says of a run as a whole, or of its end."""
        if prop.reads == "end":
            about_answers = prop.name in self._about_answers
            if about_answers and is_quiet(run) and not any(True for _ in self.owed(run)):
                return self._nobody_waits(prop, run)
            if not about_answers and is_at_rest(run):
                verdict = answer_of(prop, self._end(run))
                if not verdict.is_broken:
                    return verdict
        return verdict_of(prop, run_reference(self._compiled.scenario, run.choices))

    def _is_all_answered(self, run: Simulation) -> bool:
        """Tell, at once, whether calls were made, and nothing at all is left to do or to answer."""
        if run.conditions.settled is None or run.flights or run.offers():
            return False
        if calls_to_come(run) is not None:
            return False
        states, is_return = self._compiled.node_states, self._compiled.is_return
        for state in run.node_states:
            if states[state].pending is not None:
                return False
        return any(map(is_return.__getitem__, run.seen))

    def _nobody_waits(self, prop: Property, run: Simulation) -> Verdict:
        if run.conditions.settled is None:
            return undecided(prop.name, "the faults did not stop before the end of the run")
        to_come = calls_to_come(run)
        if to_come is not None:
            return undecided(prop.name, to_come)
        returns = sum(map(self._compiled.is_return.__getitem__, run.seen))
        return holds(prop.name, examined=returns)

    def _end(self, run: Simulation) -> Trace:
        """Return all that a property of ends may read: what was observed, and the last world."""
        trace = self._history(run.seen)
        return replace(trace, choices=tuple(run.choices), worlds=(run.world(),))

    def owed(self, run: Simulation) -> Iterator[OpenCall]:
        """Return the calls under way that are owed an answer."""
        scenario, conditions = self._compiled.scenario, run.conditions
        return (call for call in run.open_calls() if is_owed(scenario, conditions, call))


def broken_among(rulings: tuple[Ruling, ...]) -> str | None:
    """Return the name of the property that these rulings, in their order, say is broken."""
    return rulings[-1].property if rulings and rulings[-1].outcome == "broken" else None


def is_quiet(run: Simulation) -> bool:
    """Tell whether nothing but timers is left to happen, once the faults have stopped."""
    return run.conditions.settled is not None and not any(_left(run, with_timers=False))


def is_at_rest(run: Simulation) -> bool:
    """Tell whether nothing at all is left to happen, once the faults have stopped."""
    return run.conditions.settled is not None and not any(_left(run, with_timers=True))


def _left(run: Simulation, *, with_timers: bool) -> Iterator[bool]:
    """Yield True for everything that can happen at nodes that are well."""
    yield bool(run.arriving())
    nodes, silent = run.compiled.nodes, run.conditions.settled or ()
    for offer in run.offers():
        yield (offer.is_call or with_timers) and nodes[offer.node] not in silent
