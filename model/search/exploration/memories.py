"""What an exploration remembers of what was seen: the memories of all observers, as one integer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeAlias, cast

from counterpoint.model.exact import ExactNumbers
from counterpoint.model.observer import Observer, ObserverState, SeenInOrder, Thread
from counterpoint.model.scenario import Property, Scenario
from counterpoint.model.search.engine.slots import Slots
from counterpoint.model.search.exploration.asked_observers import after_observing, breaks
from counterpoint.model.search.exploration.numbered_threads import NumberedThreads
from counterpoint.model.search.histories import history_trace
from counterpoint.model.search.judgements import Ruling, ruling_of
from counterpoint.model.search.properties import answer_of
from counterpoint.model.values import Value

Key: TypeAlias = int | tuple[Value, ...]
"""What is remembered, as it is kept: the number of a history, what the observers remember, or both."""


class Memories:
    """Interned memories of the observers of a scenario, and the property that each one breaks.

    Properties of histories that bring no observer of their own share one history: an `ObserverState` if
    they all are about precedence, else all that was seen, in order. With `history=True` they all do,
    observers or not, as other checkers count states. A history is kept as its number, before what the
    others remember; by itself where there are none.
    """

    def __init__(self, slots: Slots, *, history: bool = False) -> None:
        self._slots = slots
        self.scenario = scenario = slots.scenario
        observed = [p for p in scenario.properties if p.reads == "operations"]
        self._own = tuple(
            (p.name, p.observer) for p in observed if p.observer is not None and not history
        )
        names = {name for name, _ in self._own}
        self._by_history = tuple(p for p in observed if p.name not in names)
        self._remembered = self._history() if self._by_history else None
        self._observers: tuple[Observer, ...] = (
            *((self._remembered,) if self._remembered else ()),
            *(observer for _, observer in self._own),
        )
        self._names = (*(("",) if self._remembered else ()), *(name for name, _ in self._own))
        self._threads = NumberedThreads(len(self._remembered.initial) if self._remembered else 0)
        self._kept = ExactNumbers[Key]()
        self._keys = self._kept.values
        self.broken: list[str | None] = []
        self.has_broken = False
        self._judged: dict[int, str | None] = {}
        self.rulings: Counter[tuple[Ruling, ...]] = Counter()
        blank = self._intern(tuple(observer.initial for observer in self._observers))
        self.start = self.observe(blank, slots.start_seen)

    def _history(self) -> ObserverState | SeenInOrder:
        if all(prop.is_about_precedence for prop in self._by_history):
            return ObserverState(self.scenario.system.nodes)
        return SeenInOrder()

    def observe(self, memory: int, sighting: int) -> int:
        """Return the memory after what was seen in one step."""
        seen = self._slots.sightings[sighting]
        if not seen or not self._observers:
            return memory
        observations = [self._slots.compiled.observations[o] for o in seen]
        asked = zip(self._names, self._observers, self.parts(memory), strict=True)
        return self._intern(tuple(after_observing(*one, observations) for one in asked))

    def renamed(self, memory: int, rename: Callable[[Value], Value]) -> int:
        """Return the memory in which every observer's part is renamed."""
        return self._intern(tuple(map(rename, self.parts(memory))))

    def __len__(self) -> int:
        """Return how many memories there are."""
        return len(self._keys)

    def _intern(self, parts: tuple[Value, ...]) -> int:
        history, key = 0, cast(Key, parts)
        if self._remembered is not None:
            history = self._threads.number(cast(tuple[Thread, ...], parts[0]))
            key = (history, *parts[1:]) if self._own else history
        known = self._kept.number(key)
        if known == len(self.broken):
            self.broken.append(self._judge(parts, history))
            self.has_broken |= self.broken[-1] is not None
        return known

    def parts(self, memory: int) -> tuple[Value, ...]:
        """Return what each observer remembers."""
        key = self._keys[memory]
        if isinstance(key, int):
            return (self._threads.history(key),)
        if self._remembered is None:
            return key
        history, *own = key
        return (self._threads.history(cast(int, history)), *own)

    def _judge(self, parts: tuple[Value, ...], number: int) -> str | None:
        own = parts
        if self._remembered is not None:
            history, own = parts[0], parts[1:]
            broken = self._judge_history(history, number)
            if broken is not None:
                return broken
        for (name, observer), part in zip(self._own, own, strict=True):
            if breaks(name, observer, part):
                return name
        return None

    def _judge_history(self, history: Value, number: int) -> str | None:
        if not self._own:  # then each memory is another history
            return self._judged_history(history)
        if number not in self._judged:
            self._judged[number] = self._judged_history(history)
        return self._judged[number]

    def _judged_history(self, history: Value) -> str | None:
        assert self._remembered is not None
        trace = history_trace(self._slots.scenario, self._remembered.retell(history))
        found = tuple(ruling_of(answer_of(prop, trace)) for prop in self._by_history)
        self.rulings[found] += 1
        return next((r.property for r in found if r.outcome == "broken"), None)

    @property
    def watched(self) -> tuple[str, ...]:
        """The properties that automata watch: they are judged in every state."""
        return tuple(name for name, _ in self._own)


def unexplored(scenario: Scenario, *, with_endings: bool = False) -> tuple[Property, ...]:
    """Return the properties that an exploration does not judge: of whole traces, and of their ends.

    With endings it judges these as well.
    """
    return tuple(
        p
        for p in scenario.properties
        if p.reads == "trace" or (p.reads == "end" and not with_endings)
    )
