"""Judging by observers, carried along the runs of a search: each of their steps is worked out once.

The properties that bring an observer and a decider are judged of a history by one look-up for each
thing that was seen. What they cannot tell is for the checks, and so is whatever looks broken. Where
hardly a step comes back, in large scenarios, it does not pay, and the checks are asked of every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from counterpoint.model.claims import Property
from counterpoint.model.decider import Decider
from counterpoint.model.exact import ExactNumbers
from counterpoint.model.mistakes import AUTHORS_ERRORS
from counterpoint.model.observer import Observation, Observer
from counterpoint.model.search.judgements import Ruling
from counterpoint.model.values import Value

TRIALS = ((2_000, 0.5), (20_000, 0.1))
"""Of so many steps at most this share may have been new, or else carrying does not pay."""

KEPT_MAX = 100_000
"""So many steps are kept, some 50 MB; past that the memory starts anew."""

CarriedMemory = tuple[tuple[Value, Value] | None, ...]
"""What each observer remembers, and its decider; None once one of them has raised."""

CarriedRulings = tuple[Ruling | None, ...]
"""What is said of each property of histories, in their order; None where the check is to be asked."""


class CarriedObservers:
    """The observers and deciders of some properties as one automaton, filled as runs need it.

    `observations` are those of a search, by their numbers; `told_count` is of how many histories it
    was asked, by all judges that share it.
    """

    def __init__(self, properties: Sequence[Property], observations: Sequence[Observation]) -> None:
        self._names = tuple(prop.name for prop in properties)
        self._observations = observations
        self._automata: tuple[tuple[int, Observer, Decider], ...] = tuple(
            (place, prop.observer, prop.decided)
            for place, prop in enumerate(properties)
            if prop.observer is not None and prop.decided is not None
        )
        self._nothing: CarriedRulings = (None,) * len(self._names)
        self._trials, self._steps = list(TRIALS), 0
        self.pays = bool(self._automata)
        self.told_count = 0
        self._begin_anew()

    def __len__(self) -> int:
        """Return how many steps are kept."""
        return self._made

    def told(self, seen: Iterable[int]) -> CarriedRulings:
        """Return what can be said of a history without asking any check."""
        self.told_count += 1
        return self._told[self._memory_of(seen)] if self.pays else self._nothing

    def is_unbroken(self, name: str, seen: Iterable[int]) -> bool:
        """Tell whether the observer of a property says that it is not broken."""
        return self.pays and name in self._unbroken[self._memory_of(seen)]

    def _begin_anew(self) -> None:
        self._made = 0
        self._numbers = ExactNumbers[CarriedMemory]()
        self._memories = self._numbers.values
        self._after: list[dict[int, int]] = []
        self._unbroken: list[frozenset[str]] = []
        self._told: list[CarriedRulings] = []
        self._number(tuple((observer.initial, own.initial) for _, observer, own in self._automata))

    def _memory_of(self, seen: Iterable[int]) -> int:
        """Return the number of the memory after a history."""
        if self._made > KEPT_MAX:
            self._begin_anew()
        after, memory, steps = self._after, 0, 0
        for steps, observation in enumerate(seen, start=1):  # noqa: B007
            known = after[memory].get(observation)
            memory = self._step(memory, observation) if known is None else known
        self._steps += steps
        if self._trials and self._steps >= self._trials[0][0]:
            _, most = self._trials.pop(0)
            self.pays = self._made <= most * self._steps
        return memory

    def _step(self, memory: int, observation: int) -> int:
        seen = (self._observations[observation],)
        automata = zip(self._automata, self._memories[memory], strict=True)
        parts = (_moved(one, own, part, seen) for (_, one, own), part in automata)
        found = self._after[memory][observation] = self._number(tuple(parts))
        self._made += 1
        return found

    def _number(self, memory: CarriedMemory) -> int:
        number = self._numbers.number(memory)
        if number == len(self._after):
            self._after.append({})
            self._judge(memory)
        return number

    def _judge(self, memory: CarriedMemory) -> None:
        """Note what is not broken, and what holds for sure: nothing after what looks broken."""
        unbroken, told, looks_broken = list[str](), list(self._nothing), False
        for (place, observer, decider), part in zip(self._automata, memory, strict=True):
            is_broken, is_decided = _asked(observer, decider, part)
            looks_broken |= is_broken
            if is_broken:
                continue
            name = self._names[place]
            unbroken.append(name)
            if is_decided and not looks_broken:
                told[place] = Ruling(name, "holds")
        self._unbroken.append(frozenset(unbroken))
        self._told.append(tuple(told))


def _moved(
    observer: Observer,
    decider: Decider,
    part: tuple[Value, Value] | None,
    seen: Sequence[Observation],
) -> tuple[Value, Value] | None:
    if part is None:
        return None
    try:
        after = observer.observe(part[0], seen), decider.observe(part[1], seen)
        hash(after)
        return after
    except AUTHORS_ERRORS:  # the check, asked of the whole history, tells where and why
        return None


def _asked(
    observer: Observer, decider: Decider, part: tuple[Value, Value] | None
) -> tuple[bool, bool]:
    """Tell whether a property may be broken, and if not, whether its check is bound to decide."""
    if part is None:
        return True, False
    try:
        return observer.is_broken(part[0]), decider.is_decided(part[1])
    except AUTHORS_ERRORS:
        return True, False
