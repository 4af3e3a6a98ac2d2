"""A bounded exploration around a run that was found: the shortest run that does no more than it.

Leaving out ends where no single choice can go. Where contents count up, that is early: without the
election that raised a term every later message has another content, and what stands in for it need
not lead anywhere. So all runs are tried, breadth first, in which each kind of step occurs at most as
often as in the run found: of which type or by which timer, whoever does it and whatever the content is.
The first that breaks the property is a shortest one of these, where the bound on states was enough.

A property of ends is judged when the run has come to rest: there all beginnings are tried, and from each
state the faults may stop; what comes then is no choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from time import monotonic
from types import MappingProxyType

from counterpoint.model.normal import Call, Deliver, Fire
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimised
from counterpoint.model.search.options import options_of, parts
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.settling import finish
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.values import show
from counterpoint.model.world import Action

STATES_MAX: Mapping[str, int] = MappingProxyType({"states": 60_000, "operations": 5_000})
"""So many states are visited for an invariant, or for a property of histories, of which there are more
than states: some seconds' work."""

BEGINNINGS_MAX = 1_000
"""So many for a property of ends: from each of them the run goes on to its end in several ways."""

SECONDS_MAX = 6.0
"""No longer than this is explored around a run."""


class ExploreAround:
    """All runs that do no more than one that was found, shortest first."""

    def __init__(
        self, compiled: Compiled, examiner: Examiner, choices: Sequence[Action], name: str
    ) -> None:
        self._compiled = compiled
        self._examiner = examiner
        self._name = name
        self._length = len(choices)
        beginning, self._rest = parts(choices)
        self._budget = Counter(map(step_word, beginning))
        self._kinds = {type(choice) for choice in beginning}
        self._reads = examiner.reads(name)
        self._judged: dict[tuple[int, ...], bool] = {}

    def shortest(self, deadline: float, states_max: int | None = None) -> Choices | None:
        """Return a shorter run that breaks the property; None if there is none, or none in time."""
        best: Choices | None = None
        if states_max is None:
            states_max = STATES_MAX.get(self._reads, BEGINNINGS_MAX)
        for run in self._runs(deadline, states_max):
            if len(run.choices) >= self._length:
                break
            found = self._broken(run)
            if found is not None:
                best, self._length = found, len(found)
        return best

    def _runs(self, deadline: float, states_max: int) -> Iterator[Simulation]:
        """Yield a run to each state, shortest first."""
        start = Simulation(self._compiled)
        frontier, known = [(start, Counter[str]())], {self._state(start)}
        if self._is_of_ends:
            yield start
        while frontier:
            following: list[tuple[Simulation, Counter[str]]] = []
            for run, used in frontier:
                for child, word in self._successors(run, used):
                    state = self._state(child)
                    if state not in known:
                        known.add(state)
                        following.append((child, used + Counter((word,))))
                        yield child
                if len(known) > states_max or monotonic() > deadline:
                    return
            frontier = following

    @property
    def _is_of_ends(self) -> bool:
        return self._reads in ("end", "trace")

    def _successors(self, run: Simulation, used: Counter[str]) -> Iterator[tuple[Simulation, str]]:
        for choice in options_of(run, self._kinds):
            word = step_word(choice)
            if used[word] < self._budget[word]:
                child = _copied(run)
                try:
                    is_done = child.attempt(choice)
                except HandlerFailed:
                    is_done = self._name == HANDLER_PROPERTY
                if is_done:
                    yield child, word

    def _state(self, run: Simulation) -> Hashable:
        """Return what the rest of a run depends on, and its verdict."""
        flights = tuple(sorted(run.flights)) if run.compiled.is_unordered else tuple(run.flights)
        past: tuple[object, ...] = ()
        if self._reads != "states":
            past = tuple(run.seen)
        if self._is_of_ends:
            past = (past, tuple(run.failed), tuple(run.lost))
        return (tuple(run.node_states), flights, tuple(run.held), run.conditions, past)

    # Whether it breaks the property.

    def _broken(self, run: Simulation) -> Choices | None:
        """Return the run, or how it ends, if that breaks the property."""
        if self._is_of_ends:
            return self._broken_end(run)
        if self._reads == "states":
            return tuple(run.choices) if run.violated == self._name else None
        seen = tuple(run.seen)
        if seen not in self._judged:
            self._judged[seen] = self._examiner.is_broken(run, self._name)
        return tuple(run.choices) if self._judged[seen] else None

    def _broken_end(self, run: Simulation) -> Choices | None:
        """Return how the run ends if the faults stop now, the shortest way that breaks the property."""
        best: Choices | None = None
        for silent in self._compiled.tolerated_failures(run.conditions):
            length_max = (self._length if best is None else len(best)) - 1
            end = _copied(run)
            if not end.settle(silent):
                continue
            finish(end, timers=self._rest, length_max=length_max)
            if len(end.choices) <= length_max and self._examiner.is_broken(end, self._name):
                best = tuple(end.choices)
        return best


def explored(
    compiled: Compiled,
    examiner: Examiner,
    found: Minimised,
    name: str,
    seconds: float = SECONDS_MAX,
) -> Minimised | None:
    """Return a shorter run around one that was found; None if there is none, or none in time."""
    around = ExploreAround(compiled, examiner, found.choices, name)
    shorter = around.shortest(monotonic() + min(seconds, SECONDS_MAX))
    return None if shorter is None else replace(found, choices=shorter)


def step_word(choice: Action) -> str:
    """Return what a step is, whoever does it and whatever is in its message.

    >>> step_word(Fire("a", "election"))
    'election goes off'
    """
    if isinstance(choice, Deliver):
        return _type(choice.body)
    if isinstance(choice, Call):
        return show(choice.operation)
    if isinstance(choice, Fire):
        return f"{choice.timer} goes off"
    return type(choice).__name__


def _type(body: object) -> str:
    if isinstance(body, tuple) and type(body) is tuple and body and isinstance(body[0], str):
        return body[0]
    return type(body).__name__


def _copied(run: Simulation) -> Simulation:
    other = copy(run)
    for name in ("node_states", "flights", "held", "seen", "choices", "failed", "lost"):
        setattr(other, name, list(getattr(run, name)))
    return other
