"""Do all replicas apply the same updates in the same order?

>>> check_same_order((Step("s1", "a", 3), Step("s2", "b", 5))).summary
's2 applied b as its 1st update (step 5), where s1 applied a (step 3)'
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from counterpoint.checkers.words import at
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict, broken, holds, said

NAME = "same order"


class Step(NamedTuple):
    """A replica applied an update; `step` is what a report shows."""

    replica: str
    update: Hashable
    step: int = -1


def check_same_order(steps: Iterable[Step], *, name: str = NAME) -> Verdict:
    """Tell whether the k-th update of every replica is the same, for every k.

    So at any time the replicas have applied prefixes of one sequence. `examined` counts the updates
    that could be compared with one of another replica. O(n).
    """
    order: list[Step] = []
    counts: dict[str, int] = {}
    examined = 0
    for step in steps:
        place = counts[step.replica] = counts.get(step.replica, 0) + 1
        if place > len(order):
            order.append(step)
            continue
        first = order[place - 1]
        examined += 1
        if first.update != step.update:
            return _differs(name, order, step, place, examined)
    return holds(name, examined=examined)


def _differs(name: str, order: list[Step], step: Step, place: int, examined: int) -> Verdict:
    first = order[place - 1]
    before = ", ".join(str(earlier.update) for earlier in order[: place - 1]) or "nothing"
    return broken(
        name,
        f"{step.replica} applied {step.update} as its {ordinal(place)} update (step {step.step}), "
        f"where {first.replica} applied {first.update} (step {first.step})",
        examined=examined,
        because=(
            f"both had applied the same before: {before}",
            said(f"{first.replica} applied {first.update} next", at(first.step)),
            said(f"{step.replica} applied {step.update} next", at(step.step)),
        ),
        culprits=(first.replica, step.replica),
    )


def ordinal(number: int) -> str:
    """Return a number as a place in a row.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '111th']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


# ---- as an automaton -----------------------------------------------------------------------------

Reading: TypeAlias = Callable[[NodeId, Value], "Hashable | None"]
"""Which update a note of a replica says that it applied; None for another note."""


@dataclass(frozen=True, slots=True)
class Course:
    """The longest sequence that a replica has applied, and how far each replica has come in it."""

    order: tuple[Hashable, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    is_broken: bool = False

    def after(self, replica: str, update: Hashable) -> Course:
        """Return the memory after a replica applied an update."""
        counts = dict(self.counts)
        place = counts.get(replica, 0)
        counts[replica] = place + 1
        new = tuple(sorted(counts.items()))
        if place == len(self.order):
            return Course((*self.order, update), new, self.is_broken)
        return Course(self.order, new, self.is_broken or self.order[place] != update)


@dataclass(frozen=True)
class SameOrder:
    """The property as an automaton, for explorations."""

    reading: Reading

    @property
    def initial(self) -> Course:
        """Before anything was applied."""
        return Course()

    def observe(self, memory: Value, seen: Sequence[Observation]) -> Course:
        """Follow the notes of one step."""
        assert isinstance(memory, Course)
        for observation in seen:
            if observation.kind == "note":
                update = self.reading(observation.node, observation.value)
                if update is not None:
                    memory = memory.after(observation.node, update)
        return memory

    def is_broken(self, memory: Value) -> bool:
        """Tell whether two replicas went different ways."""
        assert isinstance(memory, Course)
        return memory.is_broken
