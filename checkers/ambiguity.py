"""Reads with several possible sources: which of them can have been, all taken together.

A checker that knows the source of every read says of one way to match them whether it is right, and
if not, which reads a violation rests on. That rules out every other way that matches those reads
alike; so few ways are tried, and when none is left the violation stands. The choices ruled out are
combined by resolution as in conflict-directed backjumping: Prosser, "Hybrid algorithms for the
constraint satisfaction problem", Computational Intelligence 9(3), 1993.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Read = TypeVar("Read", bound=Hashable)

STEPS_MAX = 200_000
"""How many choices are made, over all tries, before it is given up."""


@dataclass(frozen=True, slots=True)
class Solution(Generic[Read]):
    """The sources that fit, or None.

    Without them `is_cut` tells whether that is unknown; otherwise every way to match the reads
    fails, and `involved` are reads which show that alone. `try_count` ways were tried.
    """

    sources: Mapping[Read, int] | None
    is_cut: bool
    involved: frozenset[Read]
    try_count: int


def solve(
    choices: Mapping[Read, Sequence[int]],
    conflict_of: Callable[[Mapping[Read, int]], Collection[Read] | None],
    *,
    tries_max: int,
) -> Solution[Read]:
    """Find a source for each read, the first of its choices where that fits.

    `conflict_of` judges one way to match all reads: None if it is right, else reads that make it
    wrong whatever the others saw.

    >>> def at_most_one_zero(sources):
    ...     zeros = [read for read, source in sources.items() if source == 0]
    ...     return zeros[:2] if len(zeros) > 1 else None
    >>> solve({"a": (0, 1), "b": (0, 1)}, at_most_one_zero, tries_max=9).sources
    {'a': 0, 'b': 1}
    >>> solve({"a": (0, 1), "b": (0,), "c": (0,)}, at_most_one_zero, tries_max=9).sources is None
    True
    """
    search = _Search(choices)
    for tried in range(1, tries_max + 1):
        sources = search.next_way()
        if sources is None:
            return Solution(None, search.is_cut, frozenset(search.involved), tried - 1)
        conflict = conflict_of(sources)
        if conflict is None:
            return Solution(sources, False, frozenset(search.involved), tried)
        search.rule_out({read: sources[read] for read in conflict})
    return Solution(None, True, frozenset(search.involved), tries_max)


Choice = Mapping[Read, int]


@dataclass(slots=True)
class _Search(Generic[Read]):
    """The choices made so far, in the order of the reads, and those ruled out.

    `ruled_out` has each combination under its last read.
    """

    choices: Mapping[Read, Sequence[int]]
    order: list[Read] = field(init=False)
    place: dict[Read, int] = field(init=False)
    chosen: list[int] = field(default_factory=list)
    ruled_out: dict[Read, list[dict[Read, int]]] = field(default_factory=dict)
    involved: set[Read] = field(default_factory=set)
    is_cut: bool = False
    has_failed: bool = False
    steps_left: int = STEPS_MAX

    def __post_init__(self) -> None:
        """Number the reads."""
        self.order = list(self.choices)
        self.place = {read: place for place, read in enumerate(self.order)}

    def rule_out(self, combination: dict[Read, int]) -> None:
        """Note that these choices do not fit together; go back to the last of them."""
        self.involved.update(combination)
        self._add(combination)

    def _add(self, combination: dict[Read, int]) -> None:
        if not combination:
            self.has_failed = True
            return
        last = max(combination, key=self.place.__getitem__)
        self.ruled_out.setdefault(last, []).append(combination)
        del self.chosen[self.place[last] :]

    def next_way(self) -> dict[Read, int] | None:
        """Return the next combination that is not ruled out; None if there is none, or no time."""
        while not self.has_failed and len(self.chosen) < len(self.order):
            self.steps_left -= 1
            if self.steps_left < 0:
                self.is_cut = True
                return None
            read = self.order[len(self.chosen)]
            reasons: list[dict[Read, int]] = []
            for source in self.choices[read]:
                reason = self._refused(read, source)
                if reason is None:
                    self.chosen.append(source)
                    break
                reasons.append(reason)
            else:
                self._add({r: s for reason in reasons for r, s in reason.items() if r != read})
        if self.has_failed:
            return None
        return dict(zip(self.order, self.chosen, strict=True))

    def _refused(self, read: Read, source: int) -> dict[Read, int] | None:
        """Return a combination that this choice would complete."""
        for combination in self.ruled_out.get(read, ()):
            if combination[read] == source and all(
                other == read or self.chosen[self.place[other]] == chosen
                for other, chosen in combination.items()
            ):
                return combination
        return None
