"""Replicas: do they hold the same after the same writes, and apply them in the same order?

>>> seen = (
...     ReplicaState("s1", frozenset({"m1", "m2"}), (("x", 1),), step=7),
...     ReplicaState("s2", frozenset({"m1", "m2"}), (("x", 2),), step=9),
... )
>>> check_convergence(seen).summary
's1 (step 7) and s2 (step 9) applied the same 2 writes, but x is 1 at s1 and 2 at s2'

Convergence as an automaton: at no moment do two replicas hold different things after equal writes.

`check_convergence` compares what was ever held; an exploration reaches every moment, so that
comparing the replicas of one moment is enough for it, and needs no memory beyond the replicas.

Do all replicas apply the same updates in the same order?

>>> check_same_order((UpdateStep("s1", "a", 3), UpdateStep("s2", "b", 5))).summary
's2 applied b as its 1st update (step 5), where s1 applied a (step 3)'
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

from counterpoint.checkers.links import at, shown
from counterpoint.model.observer import Observation
from counterpoint.model.values import NodeId, Value
from counterpoint.model.verdict import Verdict, broken, holds, said, undecided

CONVERGENCE = "convergence"


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """What a replica held once: which writes it had applied, by identity, and the state.

    A state is compared by equality; one that is a mapping, or a tuple of (key, value) pairs, is
    told key by key. `step` is what a report shows, -1 for none.
    """

    replica: str
    applied: frozenset[Hashable]
    state: Hashable
    step: int = -1

    @property
    def place(self) -> str:
        """Who was seen, and when: "s1 (step 7)"."""
        return f"{self.replica} (step {self.step})" if self.step >= 0 else self.replica


@dataclass(frozen=True, slots=True)
class UnequalReplicas:
    """Two replicas, or one at two times, that had applied the same and were not the same."""

    observations: tuple[ReplicaState, ReplicaState]


def check_convergence(observations: Sequence[ReplicaState]) -> Verdict:
    """Tell whether the same applied writes always gave the same state, at one replica or several.

    `examined` counts the observations that could be compared with an earlier one; where no two
    observations have the same applied writes, the verdict is UNDECIDED. The first observation
    that differs is reported, beside the first one that it differs from. O(n).
    """
    first: dict[frozenset[Hashable], ReplicaState] = {}
    examined = 0
    for observation in observations:
        earlier = first.setdefault(observation.applied, observation)
        examined += earlier is not observation
        if earlier.state != observation.state:
            return _diverged(earlier, observation, examined)
    if not examined:
        return undecided(CONVERGENCE, "no two observations have the same applied writes")
    return holds(CONVERGENCE, examined=examined)


def _diverged(earlier: ReplicaState, later: ReplicaState, examined: int) -> Verdict:
    count = len(later.applied)
    writes = "write" if count == 1 else "writes"
    differences = tuple(_differences(earlier, later))
    return broken(
        CONVERGENCE,
        f"{earlier.place} and {later.place} applied the same {count} {writes}, "
        f"but {differences[0]}",
        examined=examined,
        because=(f"both applied {_listed(later.applied)}", *differences),
        culprits=(earlier.replica, later.replica),
        evidence=(UnequalReplicas((earlier, later)),),
    )


def _differences(earlier: ReplicaState, later: ReplicaState) -> Iterator[str]:
    here, there = earlier.replica, later.replica
    if here == there:
        here, there = f"{here} before", f"{there} after"
    first, second = _entries(earlier.state), _entries(later.state)
    if first is None or second is None:
        yield f"the state is {earlier.state!r} at {here} and {later.state!r} at {there}"
        return
    for key in dict.fromkeys((*first, *second)):
        if key not in first:
            yield f"{shown(key)} is missing at {here} and {second[key]!r} at {there}"
        elif key not in second:
            yield f"{shown(key)} is {first[key]!r} at {here} and missing at {there}"
        elif first[key] != second[key]:
            yield f"{shown(key)} is {first[key]!r} at {here} and {second[key]!r} at {there}"


def _entries(state: Hashable) -> Mapping[Hashable, object] | None:
    """The keys and values of a state that has such; None for any other."""
    if isinstance(state, Mapping):
        return state
    if isinstance(state, tuple) and all(isinstance(e, tuple) and len(e) == 2 for e in state):
        entries = dict(state)
        return entries if len(entries) == len(state) else None
    return None


def _listed(writes: frozenset[Hashable], at_most: int = 8) -> str:
    names = sorted(map(str, writes))
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more if names else "nothing"


class ReplicaHolding(NamedTuple):
    """A replica applied a write; its key holds this from now on."""

    write: Hashable
    key: str
    held: Hashable


class AppliedWrites(NamedTuple):
    """What a replica has applied, and what each key holds, sorted by key."""

    applied: frozenset[Hashable] = frozenset()
    state: tuple[tuple[str, Hashable], ...] = ()

    def after(self, holding: ReplicaHolding) -> AppliedWrites:
        """Return what it holds after one more write.

        >>> AppliedWrites().after(ReplicaHolding("m1", "x", 1)).after(ReplicaHolding("m2", "x", 1)).state
        (('x', 1),)
        """
        state = {**dict(self.state), holding.key: holding.held}
        return AppliedWrites(self.applied | {holding.write}, tuple(sorted(state.items())))


ReadsHolding: TypeAlias = Callable[[NodeId, Value], "ReplicaHolding | None"]
"""What a note of a replica says that it applied; None for another note."""


@dataclass(frozen=True)
class Agreement:
    """The property as an automaton, for explorations."""

    notes_may_swap: ClassVar[bool] = True

    reading: ReadsHolding

    @property
    def initial(self) -> tuple[tuple[NodeId, AppliedWrites], ...]:
        """Nobody has applied anything."""
        return ()

    def observe(
        self, memory: Value, seen: Sequence[Observation]
    ) -> tuple[tuple[NodeId, AppliedWrites], ...]:
        """Follow the notes of one step."""
        assert isinstance(memory, tuple)
        replicas: dict[NodeId, AppliedWrites] = dict(memory)
        for node, kind, value in ((s.node, s.kind, s.value) for s in seen):
            holding = self.reading(node, value) if kind == "note" else None
            if holding is not None:
                replicas[node] = replicas.get(node, AppliedWrites()).after(holding)
        return tuple(sorted(replicas.items(), key=lambda entry: entry[0]))

    def is_broken(self, memory: Value) -> bool:
        """Tell whether two replicas disagree."""
        assert isinstance(memory, tuple)
        held = {replica for _, replica in memory}
        return len({replica.applied for replica in held}) < len(held)


SAME_ORDER = "same order"


class UpdateStep(NamedTuple):
    """A replica applied an update; `step` is what a report shows."""

    replica: str
    update: Hashable
    step: int = -1


def check_same_order(steps: Iterable[UpdateStep], *, name: str = SAME_ORDER) -> Verdict:
    """Tell whether the k-th update of every replica is the same, for every k.

    So at any time the replicas have applied prefixes of one sequence. `examined` counts the updates
    that could be compared with one of another replica. O(n).
    """
    order: list[UpdateStep] = []
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


def _differs(
    name: str, order: list[UpdateStep], step: UpdateStep, place: int, examined: int
) -> Verdict:
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

ReadsUpdate: TypeAlias = Callable[[NodeId, Value], "Hashable | None"]
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

    notes_may_swap: ClassVar[bool] = True

    reading: ReadsUpdate

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
