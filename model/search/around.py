"""A bounded exploration around a run that was found: the shortest run that does no more than it.

Leaving out ends where no single choice can go. Where contents count up, that is early: without the
election that raised a term every later message has another content, and what stands in for it need
not lead anywhere. So all runs are tried, breadth first, in which each kind of step occurs at most as
often as in the run found: of which type or by which timer, whoever does it and whatever the content is.
The first that breaks the property is a shortest one of these, where the bound on states was enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from time import monotonic

from counterpoint.model.normal import Call, Deliver, Fire
from counterpoint.model.reaction import HandlerFailed
from counterpoint.model.search.engine.simulation import Simulation
from counterpoint.model.search.engine.transition_tables import Compiled
from counterpoint.model.search.minimise import Choices, Minimised
from counterpoint.model.search.replay import HANDLER_PROPERTY
from counterpoint.model.search.walks.examine import Examiner
from counterpoint.model.values import show
from counterpoint.model.world import Action

STATES_MAX = 60_000
"""So many states are visited at most: some seconds' work."""

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
        self._budget = Counter(map(step_word, choices))
        self._others = sorted(
            {type(c) for c in choices if not isinstance(c, Deliver | Call | Fire)},
            key=lambda kind: kind.__name__,
        )
        self._is_of_states = examiner.reads(name) == "states"

    def shortest(self, deadline: float, states_max: int = STATES_MAX) -> Choices | None:
        """Return a shorter run that breaks the property; None if there is none, or none in time."""
        if self._examiner.reads(self._name) in ("end", "trace"):
            return None  # whose runs are brought to rest before they are judged
        start = Simulation(self._compiled)
        frontier, known = [(start, Counter[str]())], {self._state(start)}
        for _ in range(self._length - 1):
            following: list[tuple[Simulation, Counter[str]]] = []
            for run, used in frontier:
                for child, word in self._successors(run, used):
                    if self._is_broken(child, len(run.seen)):
                        return tuple(child.choices)
                    state = self._state(child)
                    if state not in known:
                        known.add(state)
                        following.append((child, used + Counter((word,))))
                if len(known) > states_max or monotonic() > deadline:
                    return None
            frontier = following
        return None

    def _successors(self, run: Simulation, used: Counter[str]) -> Iterator[tuple[Simulation, str]]:
        for choice in self._options(run):
            word = step_word(choice)
            if used[word] < self._budget[word]:
                child = _copied(run)
                try:
                    is_done = child.attempt(choice)
                except HandlerFailed:
                    is_done = self._name == HANDLER_PROPERTY
                if is_done:
                    yield child, word

    def _options(self, run: Simulation) -> Iterator[Action]:
        compiled = self._compiled
        yield from (
            compiled.deliveries[m] for m in dict.fromkeys(run.flights[p] for p in run.arriving())
        )
        for offer in run.offers():
            node = compiled.nodes[offer.node]
            yield Call(node, offer.value) if offer.is_call else Fire(node, str(offer.value))
        for kind in self._others:
            yield from run.everywhere(kind)

    def _state(self, run: Simulation) -> Hashable:
        """Return what the rest of a run depends on, and its verdict."""
        flights = tuple(sorted(run.flights)) if run.compiled.is_unordered else tuple(run.flights)
        seen = () if self._is_of_states else tuple(run.seen)
        return (tuple(run.node_states), flights, tuple(run.held), run.conditions, seen)

    def _is_broken(self, run: Simulation, seen_before: int) -> bool:
        if self._is_of_states:
            return run.violated == self._name
        return len(run.seen) > seen_before and self._examiner.is_broken(run, self._name)


def explored(
    compiled: Compiled, examiner: Examiner, found: Minimised, name: str
) -> Minimised | None:
    """Return a shorter run around one that was found, and around that; None if there is none.

    Of invariants alone: what other properties judge are histories, of which there are more than states.
    """
    if examiner.reads(name) != "states":
        return None
    deadline, best = monotonic() + SECONDS_MAX, found
    while monotonic() < deadline:
        around = ExploreAround(compiled, examiner, best.choices, name)
        shorter = around.shortest(deadline)
        if shorter is None:
            break
        best = replace(best, choices=shorter)
    return None if best is found else best


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
