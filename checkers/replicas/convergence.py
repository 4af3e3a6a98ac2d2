"""Do replicas that applied the same writes hold the same state?

>>> seen = (
...     Observation("s1", frozenset({"m1", "m2"}), (("x", 1),), step=7),
...     Observation("s2", frozenset({"m1", "m2"}), (("x", 2),), step=9),
... )
>>> check_convergence(seen).summary
's1 (step 7) and s2 (step 9) applied the same 2 writes, but x is 1 at s1 and 2 at s2'
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from counterpoint.checkers.evidence import Diverged
from counterpoint.checkers.words import shown
from counterpoint.model.verdict import Verdict, broken, holds, undecided

NAME = "convergence"


@dataclass(frozen=True, slots=True)
class Observation:
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


def check_convergence(observations: Sequence[Observation]) -> Verdict:
    """Tell whether the same applied writes always gave the same state, at one replica or several.

    `examined` counts the observations that could be compared with an earlier one; where no two
    observations have the same applied writes, the verdict is UNDECIDED. The first observation
    that differs is reported, beside the first one that it differs from. O(n).
    """
    first: dict[frozenset[Hashable], Observation] = {}
    examined = 0
    for observation in observations:
        earlier = first.setdefault(observation.applied, observation)
        examined += earlier is not observation
        if earlier.state != observation.state:
            return _diverged(earlier, observation, examined)
    if not examined:
        return undecided(NAME, "no two observations have the same applied writes")
    return holds(NAME, examined=examined)


def _diverged(earlier: Observation, later: Observation, examined: int) -> Verdict:
    count = len(later.applied)
    writes = "write" if count == 1 else "writes"
    differences = tuple(_differences(earlier, later))
    return broken(
        NAME,
        f"{earlier.place} and {later.place} applied the same {count} {writes}, "
        f"but {differences[0]}",
        examined=examined,
        because=(f"both applied {_listed(later.applied)}", *differences),
        culprits=(earlier.replica, later.replica),
        evidence=(Diverged((earlier, later)),),
    )


def _differences(earlier: Observation, later: Observation) -> Iterator[str]:
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
